/**
 * Which part of the sheet is seen: what lies in the middle of the view, and how much it is enlarged.
 * @typedef {{x: number, y: number, zoom: number}} Camera
 */

/**
 * The camera from which the whole sheet is in view.
 * @param {{wide: number, tall: number}} layout
 * @param {number} width
 * @param {number} height
 * @returns {Camera}
 */
export function fitted(layout, width, height) {
  const zoom = Math.min(1, width / layout.wide, height / layout.tall) || 1;
  return { x: width / zoom / 2, y: height / zoom / 2, zoom };
}

/**
 * Zoom so that what is at a point of the view stays there.
 * @param {Camera} camera
 * @param {number} factor
 * @param {number} x from the middle of the view
 * @param {number} y
 * @param {{least: number, most: number}} limits
 * @returns {Camera}
 */
export function zoomedAt(camera, factor, x, y, limits) {
  const zoom = Math.min(limits.most, Math.max(limits.least, camera.zoom * factor));
  const shift = 1 / camera.zoom - 1 / zoom;
  return { x: camera.x + x * shift, y: camera.y + y * shift, zoom };
}

/**
 * A camera that shows a box with some room around it.
 * @param {{x: number, y: number, wide: number, tall: number}} box
 * @param {number} width
 * @param {number} height
 * @param {number} room share of the view that the box fills
 * @returns {Camera}
 */
export function cameraOn(box, width, height, room) {
  const zoom = room * Math.min(width / box.wide, height / box.tall);
  return { x: box.x + box.wide / 2, y: box.y + box.tall / 2, zoom };
}

/**
 * Keep something of the sheet in view.
 * @param {Camera} camera
 * @param {{wide: number, tall: number}} layout
 * @returns {Camera}
 */
export function keptInView(camera, layout) {
  return {
    x: Math.min(layout.wide, Math.max(0, camera.x)),
    y: Math.min(layout.tall, Math.max(0, camera.y)),
    zoom: camera.zoom,
  };
}

/**
 * Between two cameras, as a flight goes: the zoom grows evenly, and the point that both see at the
 * same place stays there.
 * @param {Camera} from
 * @param {Camera} to
 * @param {number} share 0 to 1
 * @returns {Camera}
 */
export function flight(from, to, share) {
  const zoom = from.zoom * (to.zoom / from.zoom) ** share;
  const along = Math.abs(to.zoom - from.zoom) < 1e-9 * from.zoom ? share : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / to.zoom);
  return { x: from.x + (to.x - from.x) * along, y: from.y + (to.y - from.y) * along, zoom };
}

/**
 * Write a camera for the address, with the size of the view for which the sheet was laid out.
 * @param {Camera} camera
 * @param {number} width
 * @param {number} height
 */
export function writtenCamera(camera, width, height) {
  return `${[camera.x, camera.y, camera.zoom].map((value) => Number(value.toPrecision(7))).join(",")},${Math.round(width)}x${Math.round(height)}`;
}

/**
 * Read what `writtenCamera` wrote; null where it cannot be read.
 * @param {string} text
 * @returns {{camera: Camera, width: number, height: number} | null}
 */
export function readCamera(text) {
  const parts = text.split(",");
  const [x, y, zoom] = parts.map(Number);
  const [width, height] = (parts[3] ?? "").split("x").map(Number);
  const numbers = [x, y, zoom, width, height];
  if (!numbers.every(Number.isFinite) || zoom <= 0 || width < 50 || height < 50 || width > 20000 || height > 20000) return null;
  return { camera: { x, y, zoom }, width, height };
}
