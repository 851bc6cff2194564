import { isDark } from "./colour.js";

/** Pixels across a cell from which on its number is written into it. */
export const WRITTEN_FROM = 24;

const DIGIT = 6;
const MARK = 3.4;

/**
 * Find the power of ten in whose units numbers are written where they are very small or large.
 * @param {number} low smallest value
 * @param {number} high largest value
 * @returns {number} 0 where they are written as they are
 */
export function powerFor(low, high) {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (!Number.isFinite(size) || size === 0 || (size >= 0.02 && size < 1e4)) return 0;
  return Math.floor(Math.log10(size));
}

/**
 * Find how many decimals fit into cells of a width, for the widest of some values.
 * @param {number} low smallest value
 * @param {number} high largest value
 * @param {number} width of a cell in pixels
 * @returns {number} -1 where not even whole numbers fit
 */
export function decimalsFor(low, high, width) {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const whole = (size >= 10 ? Math.floor(Math.log10(size)) + 1 : 1) * DIGIT + (low < 0 ? MARK : 0);
  const room = width - 2 - whole;
  if (room < 0) return -1;
  return Math.max(0, Math.min(width < 44 ? 2 : 4, Math.floor((room - MARK) / DIGIT)));
}

/**
 * Write a value into a cell: an exact zero is one digit, so that it differs from a small number.
 * @param {number} value
 * @param {number} decimals
 */
export function cellText(value, decimals) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const text = value === 0 ? "0" : value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/**
 * Write numbers into the cells of a map.
 * @param {CanvasRenderingContext2D} pen
 * @param {{values: ArrayLike<number>, levels: ArrayLike<number>, lut: import("./colour.js").Lut, width: number, low: number, high: number}} map
 * @param {{x: number, y: number, wide: number, tall: number}} cell of position 0, 0
 * @param {{rows: [number, number], columns: [number, number]}} seen first and behind the last
 */
export function writeNumbers(pen, map, cell, seen) {
  const unit = 10 ** powerFor(map.low, map.high);
  const decimals = decimalsFor(map.low / unit, map.high / unit, cell.wide);
  if (decimals < 0) return;
  pen.font = `${Math.min(12, Math.max(9.5, cell.wide / 3.1))}px system-ui, "DejaVu Sans", sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let y = seen.rows[0]; y < seen.rows[1]; y++) {
    for (let x = seen.columns[0]; x < seen.columns[1]; x++) {
      const at = y * map.width + x;
      const dark = isDark(map.lut, map.levels[at]);
      const faint = map.values[at] === 0;
      pen.fillStyle = dark ? (faint ? "#ffffff90" : "#ffffff") : (faint ? "#00000070" : "#101418");
      pen.fillText(cellText(map.values[at] / unit, decimals), cell.x + (x + 0.5) * cell.wide, cell.y + (y + 0.5) * cell.tall + 0.5);
    }
  }
}
