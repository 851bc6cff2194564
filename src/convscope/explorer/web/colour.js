/**
 * Colours of levels as numbers that an image's memory takes.
 * @typedef {Uint32Array} Lut
 */

/**
 * Make the colours of a palette; on a dark page the one whose zero is paper runs backwards, so that
 * zero is dark there.
 * @param {import("./types.js").Numbers} palette
 * @param {boolean} reversed
 * @returns {Lut}
 */
export function lutOf(palette, reversed) {
  const lut = new Uint32Array(256);
  for (let place = 0; place < 256; place++) {
    const from = reversed && place < 240 ? 239 - place : place;
    const [red, green, blue] = palette.data.subarray(3 * from, 3 * from + 3);
    lut[place] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return lut;
}

/**
 * Write a colour as CSS has it.
 * @param {Lut} lut
 * @param {number} place
 */
export function cssOf(lut, place) {
  const colour = lut[place];
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
}

/**
 * Whether ink on a colour should be light.
 * @param {Lut} lut
 * @param {number} place
 */
export function isDark(lut, place) {
  const colour = lut[place];
  return 0.299 * (colour & 255) + 0.587 * ((colour >> 8) & 255) + 0.114 * ((colour >> 16) & 255) < 140;
}

/**
 * Draw one map on a canvas of its own size.
 * @param {Uint8Array} levels
 * @param {number} width
 * @param {number} height
 * @param {Lut} lut
 * @param {HTMLCanvasElement} [canvas] one that is used again: making one costs more than drawing on it
 * @returns {HTMLCanvasElement}
 */
export function mapCanvas(levels, width, height, lut, canvas = document.createElement("canvas")) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) pixels[at] = lut[levels[at]];
  pen.putImageData(image, 0, 0);
  return canvas;
}

/**
 * Draw a picture, grey or coloured, on a canvas of its own size.
 * @param {import("./types.js").Numbers} picture height, width, colours
 * @param {HTMLCanvasElement} [canvas] one that is used again
 * @returns {HTMLCanvasElement}
 */
export function pictureCanvas(picture, canvas = document.createElement("canvas")) {
  const [height, width, colours] = picture.shape;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    for (let colour = 0; colour < 3; colour++) {
      image.data[4 * at + colour] = picture.data[colours * at + (colours === 3 ? colour : 0)];
    }
    image.data[4 * at + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}
