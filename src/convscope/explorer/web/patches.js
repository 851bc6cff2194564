import { cssOf, isDark } from "./colour.js";
import { sharp } from "./dom.js";
import { cellText, decimalsFor, powerFor } from "./numbers.js";

/**
 * Draw a small block of numbers as cells, which hold their numbers where they are wide enough.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} values NaN stays empty: padding
 * @param {number[]} shape
 * @param {{lut: import("./colour.js").Lut, low: number, high: number, wide: number, tall: number, empty: string, ink: string, mark?: number}} look `wide`, `tall` of a cell; `mark` one cell
 */
export function drawPatch(canvas, values, shape, look) {
  const columns = shape.length ? shape[shape.length - 1] : 1;
  const rows = Math.max(1, values.length / Math.max(1, columns));
  const { wide, tall } = look;
  const pen = sharp(canvas, columns * wide + 1, rows * tall + 1);
  pen.fillStyle = look.empty;
  pen.fillRect(0, 0, columns * wide + 1, rows * tall + 1);
  const factor = look.high > look.low ? 239 / (look.high - look.low) : 0;
  const unit = 10 ** powerFor(look.low, look.high);
  const decimals = wide >= 22 ? Math.min(2, decimalsFor(look.low / unit, look.high / unit, wide + 2)) : -1;
  // A sign and a leading zero do not both fit.
  const short = wide >= 22 && look.low < 0 && look.low > -1 && look.high < 1 && unit === 1;
  const gap = wide > 8 ? 1 : 0;
  pen.font = '10px system-ui, "DejaVu Sans", sans-serif';
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let at = 0; at < values.length; at++) {
    const x = (at % columns) * wide;
    const y = Math.floor(at / columns) * tall;
    const value = values[at];
    if (Number.isNaN(value)) {
      pen.fillStyle = look.ink;
      if (wide >= 6) pen.fillRect(x + wide / 2 - 0.5, y + tall / 2, 2, 1);
      continue;
    }
    const level = Math.max(0, Math.min(239, Math.floor((value - look.low) * factor + 0.5)));
    pen.fillStyle = cssOf(look.lut, level);
    pen.fillRect(x + gap, y + gap, wide - gap, tall - gap);
    if (decimals < 0) continue;
    pen.fillStyle = isDark(look.lut, level) ? "#ffffff" : "#101418";
    pen.fillText(short ? cellText(value, 2).replace("0.", ".") : cellText(value / unit, decimals), x + gap + (wide - gap) / 2, y + gap + (tall - gap) / 2 + 0.5);
  }
  if (look.mark === undefined || look.mark < 0) return;
  pen.lineWidth = 2;
  pen.strokeStyle = look.ink;
  pen.strokeRect((look.mark % columns) * wide + 1, Math.floor(look.mark / columns) * tall + 1, wide - 1, tall - 1);
}

/**
 * The ends of a scale for some values: from zero, or the same on both sides of it.
 * @param {ArrayLike<number>[]} blocks
 * @param {boolean} [centred] even where all have one sign
 * @returns {{low: number, high: number, signed: boolean}}
 */
export function endsFromZero(blocks, centred = false) {
  let low = 0;
  let high = 0;
  for (const block of blocks) {
    for (let at = 0; at < block.length; at++) {
      if (!Number.isFinite(block[at])) continue;
      low = Math.min(low, block[at]);
      high = Math.max(high, block[at]);
    }
  }
  const signed = low < 0;
  // Zero has the colour of the middle also where there is nothing else.
  const most = Math.max(-low, high) || 1;
  return signed || centred ? { low: -most, high: most, signed } : { low, high, signed };
}
