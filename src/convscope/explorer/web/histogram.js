import { inks } from "./blanks.js";
import { el, figure, sharp } from "./dom.js";

const BINS = 48;
const TALL = 46;

/**
 * How often a map holds which values, with the value that is pointed at marked.
 * @param {import("./scope.js").Scope} scope
 */
export function histogramPanel(scope) {
  const canvas = el("canvas", { role: "img" });
  const low = el("span");
  const high = el("span");
  const words = el("span", { class: "cs-soft" });
  const node = el("figure", { class: "cs-histogram" }, canvas, el("figcaption", {}, low, words, high));
  /** @type {ArrayLike<number> | null} */
  let values = null;
  /** @type {Histogram | null} */
  let counted = null;
  let mark = NaN;

  const draw = () => {
    node.hidden = !values || values.length < 2 || !counted;
    if (!counted || node.hidden) return;
    const { counts, first, last, log } = counted;
    const wide = Math.max(80, node.clientWidth);
    const pen = sharp(canvas, wide, TALL);
    const colours = inks(scope.root);
    pen.clearRect(0, 0, wide, TALL);
    const most = Math.max(...counts);
    /** @param {number} count */
    const tall = (count) => (count ? Math.max(1.5, (TALL - 4) * (log ? Math.log1p(count) / Math.log1p(most) : count / most)) : 0);
    const step = wide / counts.length;
    pen.fillStyle = colours.faint;
    counts.forEach((count, bin) => pen.fillRect(bin * step + 0.5, TALL - 1 - tall(count), Math.max(1, step - 1), tall(count)));
    pen.fillStyle = colours.line;
    pen.fillRect(0, TALL - 1, wide, 1);
    /** @param {number} value */
    const at = (value) => ((value - first) / (last - first || 1)) * wide;
    if (first < 0 && last > 0) {
      pen.fillStyle = colours.soft;
      pen.fillRect(Math.round(at(0)), 0, 1, TALL);
    }
    if (!Number.isNaN(mark)) {
      pen.fillStyle = colours.pin;
      pen.fillRect(Math.max(0, Math.min(wide - 2, at(mark) - 1)), 0, 2, TALL);
    }
    low.textContent = figure(first);
    high.textContent = figure(last);
    words.textContent = counted.words;
    canvas.setAttribute("aria-label", `histogram of ${counted.words}, from ${figure(first)} to ${figure(last)}`);
  };

  return {
    node,
    redraw: draw,
    /** @param {ArrayLike<number> | null} next */
    show(next) {
      if (next !== values) {
        values = next;
        counted = next && histogramOf(next, BINS);
      }
      draw();
    },
    /** @param {number} value NaN for none */
    mark(value) {
      if (Object.is(value, mark)) return;
      mark = value;
      draw();
    },
  };
}

/** @typedef {{counts: number[], first: number, last: number, log: boolean, words: string}} Histogram */

/**
 * Count values in bins of one width.
 * @param {ArrayLike<number>} values
 * @param {number} bins
 * @returns {Histogram | null} null where no value is finite
 */
export function histogramOf(values, bins) {
  let first = Infinity;
  let last = -Infinity;
  let zeros = 0;
  let odd = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (!Number.isFinite(value)) {
      odd++;
      continue;
    }
    if (value === 0) zeros++;
    first = Math.min(first, value);
    last = Math.max(last, value);
  }
  if (first > last) return null;
  const counts = Array.from({ length: bins }, () => 0);
  const factor = last > first ? bins / (last - first) : 0;
  for (let at = 0; at < values.length; at++) {
    if (Number.isFinite(values[at])) counts[Math.min(bins - 1, Math.floor((values[at] - first) * factor))]++;
  }
  const sorted = [...counts].sort((a, b) => b - a);
  const log = sorted[0] > 8 * Math.max(1, sorted[1]);
  const words = [`${values.length.toLocaleString("en")} units`, zeros ? `${zeros.toLocaleString("en")} zero` : "", odd ? `${odd} not finite` : "", log ? "counts on a log scale" : ""].filter(Boolean).join(" · ");
  return { counts, first, last, log, words };
}
