/**
 * @typedef {{reply: any, buffers: Uint8Array[]}} Answer
 */

/**
 * Write a message and its buffers as one frame: the header's length, the header, the bytes.
 * @param {any} message
 * @param {Uint8Array[]} buffers
 * @returns {Uint8Array}
 */
export function encodeFrame(message, buffers) {
  const header = new TextEncoder().encode(JSON.stringify({ ...message, buffers: buffers.map((part) => part.byteLength) }));
  const frame = new Uint8Array(4 + header.length + buffers.reduce((sum, part) => sum + part.byteLength, 0));
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, 4);
  let at = 4 + header.length;
  for (const part of buffers) {
    frame.set(part, at);
    at += part.byteLength;
  }
  return frame;
}

/**
 * Read a frame; the buffers are views of it.
 * @param {ArrayBuffer} frame
 * @returns {Answer}
 */
export function decodeFrame(frame) {
  const length = new DataView(frame).getUint32(0, true);
  const { buffers: lengths = [], ...reply } = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length)));
  const buffers = [];
  let at = 4 + length;
  for (const size of lengths) {
    buffers.push(new Uint8Array(frame, at, size));
    at += size;
  }
  return { reply, buffers };
}

/**
 * Put the arrays of a reply in the places that refer to them.
 * @param {any} value
 * @param {Uint8Array[]} buffers
 * @returns {any}
 */
export function withArrays(value, buffers) {
  if (Array.isArray(value)) return value.map((one) => withArrays(one, buffers));
  if (value === null || typeof value !== "object") return value;
  if (typeof value.buffer === "number" && typeof value.dtype === "string") {
    return { shape: value.shape, data: typed(value.dtype, buffers[value.buffer]) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withArrays(one, buffers)]));
}

/**
 * @param {string} dtype
 * @param {Uint8Array} bytes
 */
function typed(dtype, bytes) {
  if (dtype === "uint8") return bytes;
  // Numbers of four bytes must begin at a multiple of four.
  const own = bytes.byteOffset % 4 ? bytes.slice() : bytes;
  const count = own.byteLength >> 2;
  return dtype === "int32" ? new Int32Array(own.buffer, own.byteOffset, count) : new Float32Array(own.buffer, own.byteOffset, count);
}
