/**
 * How a message names a picture, and what it brings with it.
 * @param {import("./types.js").Picture} picture
 */
export function sourceOf(picture) {
  if (picture.index !== undefined) return { source: picture.index, buffers: [] };
  if (picture.survey !== undefined) return { source: { survey: picture.survey }, buffers: [] };
  if (picture.pixels) return { source: { pixels: picture.pixels.shape, name: picture.name }, buffers: [picture.pixels.data] };
  return { source: { upload: picture.name }, buffers: [picture.bytes ?? new Uint8Array()] };
}
