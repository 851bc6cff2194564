import { inks } from "./blanks.js";
import { cssOf } from "./colour.js";
import { base64Of, withText } from "./files.js";

/**
 * Words at a place of a plate.
 * @typedef {{words: string, x: number, y: number, size?: number, anchor?: "start" | "middle" | "end", colour?: string, weight?: number}} Words
 */

/**
 * A picture with all that is written on it, to be kept as a file.
 * @typedef {object} Plate
 * @property {number} width in CSS pixels
 * @property {number} height
 * @property {string} ground
 * @property {(pen: CanvasRenderingContext2D) => void} paint all but the words
 * @property {Words[]} words
 */

/**
 * What a plate is made of: a picture, its colour bars, and where it came from.
 * @typedef {object} Content
 * @property {string} title
 * @property {number} width
 * @property {number} height
 * @property {(pen: CanvasRenderingContext2D) => void} paint
 * @property {Words[]} words
 * @property {{lut: import("./colour.js").Lut, low: string, high: string, of: string}[]} bars
 * @property {string[]} provenance
 */

const EDGE = 20;
const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
const NARROWEST = 520;

/**
 * Frame a picture: title above, colour bars and provenance below.
 * @param {import("./scope.js").Scope} scope
 * @param {Content} content
 * @returns {Plate}
 */
export function framed(scope, content) {
  const colours = inks(scope.root);
  const inner = Math.max(NARROWEST, content.width);
  /** @type {Words[]} */
  const words = [];
  let y = EDGE;
  for (const line of wrapped(content.title, inner, 16, 650)) {
    words.push({ words: line, x: EDGE, y: y + 13, size: 16, weight: 650, colour: colours.ink });
    y += 22;
  }
  const top = y + 8;
  words.push(...content.words.map((one) => ({ colour: colours.soft, ...one, x: one.x + EDGE, y: one.y + top })));
  y = top + content.height + 14;
  /** @type {{lut: import("./colour.js").Lut, x: number, y: number}[]} */
  const bars = [];
  let x = EDGE;
  for (const bar of content.bars) {
    const before = `${bar.of ? `${bar.of}  ` : ""}${bar.low}`;
    const wide = measured(before, 12) + 8 + 140 + 8 + measured(bar.high, 12) + 28;
    if (x > EDGE && x + wide > EDGE + inner) {
      x = EDGE;
      y += 22;
    }
    words.push({ words: before, x, y: y + 10, colour: colours.soft });
    x += measured(before, 12) + 8;
    bars.push({ lut: bar.lut, x: Math.round(x), y });
    words.push({ words: bar.high, x: x + 148, y: y + 10, colour: colours.soft });
    x += 148 + measured(bar.high, 12) + 28;
  }
  if (content.bars.length) y += 26;
  for (const line of content.provenance.flatMap((one) => wrapped(one, inner, 11, 400))) {
    words.push({ words: line, x: EDGE, y: y + 10, size: 11, colour: colours.soft });
    y += 16;
  }
  return {
    width: inner + 2 * EDGE,
    height: y + EDGE - 6,
    ground: colours.paper,
    words,
    paint(pen) {
      pen.save();
      pen.translate(EDGE, top);
      content.paint(pen);
      pen.restore();
      for (const bar of bars) paintPlateBar(pen, bar, colours.line);
    },
  };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {{lut: import("./colour.js").Lut, x: number, y: number}} bar
 * @param {string} line
 */
function paintPlateBar(pen, bar, line) {
  for (let at = 0; at < 140; at++) {
    pen.fillStyle = cssOf(bar.lut, Math.round((at / 139) * 239));
    pen.fillRect(bar.x + at, bar.y, 1, 11);
  }
  pen.lineWidth = 1;
  pen.strokeStyle = line;
  pen.strokeRect(bar.x - 0.5, bar.y - 0.5, 141, 12);
}

/**
 * @param {string} words
 * @param {number} size
 * @param {number} [weight]
 */
function measured(words, size, weight = 400) {
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pen.font = `${weight} ${size}px ${FONT}`;
  return pen.measureText(words).width;
}

/**
 * @param {string} text
 * @param {number} width
 * @param {number} size
 * @param {number} weight
 */
function wrapped(text, width, size, weight) {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (line && measured(longer, size, weight) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}

/**
 * Draw a plate on a canvas.
 * @param {Plate} plate
 * @param {number} zoom pixels a CSS pixel
 * @param {boolean} withWords
 */
export function plateCanvas(plate, zoom, withWords) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(plate.width * zoom);
  canvas.height = Math.round(plate.height * zoom);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(zoom, zoom);
  pen.fillStyle = plate.ground;
  pen.fillRect(0, 0, plate.width, plate.height);
  plate.paint(pen);
  if (!withWords) return canvas;
  pen.textBaseline = "alphabetic";
  for (const { words, x, y, size = 12, anchor = "start", colour = "#000", weight = 400 } of plate.words) {
    pen.font = `${weight} ${size}px ${FONT}`;
    pen.textAlign = anchor === "middle" ? "center" : anchor;
    pen.fillStyle = colour;
    pen.fillText(words, x, y);
  }
  return canvas;
}

// Beyond this many pixels browsers give up.
const LARGEST_SIDE = 16_000;
const LARGEST_AREA = 120e6;

/**
 * The zoom at which a plate is kept: 2, or what can be had.
 * @param {Plate} plate
 */
export function plateZoom(plate) {
  return Math.min(2, LARGEST_SIDE / plate.width, LARGEST_SIDE / plate.height, Math.sqrt(LARGEST_AREA / (plate.width * plate.height)));
}

/**
 * A plate as the bytes of a PNG that says where it came from.
 * @param {Plate} plate
 * @param {any} provenance
 */
export async function platePng(plate, provenance) {
  return withText(await pngOf(plateCanvas(plate, plateZoom(plate), true)), "convscope", JSON.stringify(provenance));
}

/**
 * A plate as SVG: the picture embedded, the words as words.
 * @param {Plate} plate
 * @returns {Promise<string>}
 */
export async function plateSvg(plate) {
  const picture = base64Of(await pngOf(plateCanvas(plate, plateZoom(plate), false)));
  const lines = plate.words.map(({ words, x, y, size = 12, anchor = "start", colour = "#000", weight = 400 }) =>
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${escaped(colour)}">${escaped(words)}</text>`);
  const [width, height] = [round(plate.width), round(plate.height)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">\n<image width="${width}" height="${height}" href="data:image/png;base64,${picture}"/>\n${lines.join("\n")}\n</svg>\n`;
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Uint8Array>} */
async function pngOf(canvas) {
  const blob = await new Promise((settle) => canvas.toBlob(settle, "image/png"));
  if (!blob) throw new Error("this picture is too large for the browser: choose smaller tiles");
  return new Uint8Array(await blob.arrayBuffer());
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}

/** @param {string} words */
function escaped(words) {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
