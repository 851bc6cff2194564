// A canvas wider than this cannot be made everywhere.
const WIDEST = 8192;

/**
 * All maps of a layer in colours on one canvas, from which tiles of any size are drawn.
 */
export class Atlas {
  /**
   * @param {Uint8Array} levels one map after the other
   * @param {number} count
   * @param {number} height of a map
   * @param {number} width
   * @param {import("./colour.js").Lut} lut
   */
  constructor(levels, count, height, width, lut) {
    this.count = count;
    this.height = height;
    this.width = width;
    const square = Math.ceil(Math.sqrt((count * height) / Math.max(1, width)));
    this.columns = Math.max(1, Math.min(count, square, Math.floor(WIDEST / width) || 1));
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.columns * width;
    this.canvas.height = Math.ceil(count / this.columns) * height;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const image = pen.createImageData(this.canvas.width, this.canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let tile = 0, from = 0; tile < count; tile++) {
      let to = Math.floor(tile / this.columns) * height * this.canvas.width + (tile % this.columns) * width;
      for (let row = 0; row < height; row++, to += this.canvas.width) {
        for (let at = to; at < to + width; at++) pixels[at] = lut[levels[from++]];
      }
    }
    pen.putImageData(image, 0, 0);
  }

  /**
   * Draw one map into a box; units stay sharp squares where they are enlarged.
   * @param {CanvasRenderingContext2D} pen
   * @param {number} channel
   * @param {number} x
   * @param {number} y
   * @param {number} wide
   * @param {number} tall
   */
  draw(pen, channel, x, y, wide, tall) {
    pen.imageSmoothingEnabled = wide < this.width;
    pen.imageSmoothingQuality = "medium";
    pen.drawImage(
      this.canvas,
      (channel % this.columns) * this.width,
      Math.floor(channel / this.columns) * this.height,
      this.width, this.height, x, y, wide, tall,
    );
  }
}
