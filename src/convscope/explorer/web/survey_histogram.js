import { inks } from "./blanks.js";
import { el, figure, fill, sharp } from "./dom.js";

/** @typedef {{low: ArrayLike<number>, high: ArrayLike<number>, counts: ArrayLike<number>}} Bins */

const SURVEY_TALL = 52;
// Octaves that the bin of zero takes on the axis.
const ZERO_WIDE = 0.5;

/**
 * How many images have their maximum where: four bins an octave on an axis of octaves, each bar as
 * wide as its bin, so that its area is its count.
 * @param {import("./scope.js").Scope} scope
 */
export function surveyHistogram(scope) {
  const canvas = el("canvas", { role: "img" });
  const [low, middle, high] = [el("span"), el("span", { class: "cs-soft" }), el("span")];
  const table = el("table", { class: "cs-figures" });
  const caption = el("figcaption", {}, low, middle, high);
  const node = el("figure", { class: "cs-surveyhistogram" }, canvas, caption, table);
  /** @type {Bins | null} */
  let bins = null;
  let mark = NaN;

  const draw = () => {
    node.hidden = !bins || !bins.counts.length;
    if (!bins || node.hidden) return;
    canvas.hidden = scope.state.table;
    table.hidden = !scope.state.table;
    caption.hidden = canvas.hidden;
    const ends = [bins.low[0], bins.high[bins.high.length - 1]];
    low.textContent = binEnd(ends[0], ends[1]);
    high.textContent = binEnd(ends[1], ends[0]);
    const all = bins.counts.length === 1 && isZeroBin(bins, 0) ? "all as good as zero" : "largest value of each image, by octaves";
    middle.textContent = Number.isNaN(mark) ? all : `${all.replace(", by octaves", "")}; here ${figure(mark)}`;
    const words = `how many images have their largest value where, from ${low.textContent} to ${high.textContent}`;
    canvas.setAttribute("aria-label", `${words}: ${spoken(bins)}`);
    fill(table, el("caption", {}, words), el("thead", {}, el("tr", {}, ...["from", "to", "images"].map((one) => el("th", { scope: "col" }, one)))), el("tbody", {}, ...rowsOf(bins)));
    if (!canvas.hidden) paint(bins);
  };

  /** @param {Bins} shown */
  const paint = (shown) => {
    const wide = Math.max(80, node.clientWidth);
    const pen = sharp(canvas, wide, SURVEY_TALL);
    const colours = inks(scope.root);
    pen.clearRect(0, 0, wide, SURVEY_TALL);
    const { edges, at } = octaves(shown);
    const whole = edges[edges.length - 1] || 1;
    const densities = Array.from(shown.counts, (count, bin) => count / (edges[bin + 1] - edges[bin]));
    const most = Math.max(...densities);
    densities.forEach((density, bin) => {
      const [from, to] = [edges[bin], edges[bin + 1]].map((edge) => (edge / whole) * wide);
      const tall = density ? Math.max(1.5, (density / most) * (SURVEY_TALL - 4)) : 0;
      pen.fillStyle = isZeroBin(shown, bin) ? colours.soft : colours.faint;
      pen.fillRect(from + 0.5, SURVEY_TALL - 1 - tall, Math.max(1, to - from - 1), tall);
    });
    pen.fillStyle = colours.line;
    pen.fillRect(0, SURVEY_TALL - 1, wide, 1);
    if (Number.isNaN(mark)) return;
    pen.fillStyle = colours.pin;
    pen.fillRect(Math.max(0, Math.min(wide - 2, (at(mark) / whole) * wide - 1)), 0, 2, SURVEY_TALL);
  };

  return {
    node,
    redraw: draw,
    /**
     * @param {Bins | null} next
     * @param {number} here the largest value on this image
     */
    show(next, here) {
      bins = next;
      mark = here;
      draw();
    },
  };
}

/**
 * Where the bins lie on an axis of octaves, from zero.
 * @param {Bins} bins
 * @returns {{edges: number[], at: (value: number) => number}}
 */
export function octaves({ low, high, counts }) {
  const edges = [0];
  for (let bin = 0; bin < counts.length; bin++) edges.push(edges[bin] + octaveWidth(low[bin], high[bin]));
  return {
    edges,
    at(value) {
      for (let bin = 0; bin < counts.length; bin++) {
        if (value > high[bin] || (value === high[bin] && bin < counts.length - 1)) continue;
        if (value < low[bin]) return edges[bin];
        return edges[bin] + (edges[bin + 1] - edges[bin]) * shareOf(value, low[bin], high[bin]);
      }
      return edges[counts.length];
    },
  };
}

/**
 * @param {number} low
 * @param {number} high
 */
function octaveWidth(low, high) {
  if (low < 0 && high > 0) return ZERO_WIDE;
  const wide = Math.abs(Math.log2(Math.abs(high)) - Math.log2(Math.abs(low)));
  return Number.isFinite(wide) ? wide : 1;
}

/**
 * How far a value is from the one end of its bin to the other, in octaves.
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function shareOf(value, low, high) {
  if (low < 0 && high > 0) return 0.5;
  const share = (Math.log2(Math.abs(value)) - Math.log2(Math.abs(low))) / (Math.log2(Math.abs(high)) - Math.log2(Math.abs(low)));
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0.5;
}

/** @param {Bins} bins @param {number} bin */
function isZeroBin({ low, high }, bin) {
  return low[bin] < 0 && high[bin] > 0;
}

/**
 * The end of the axis; of a bin without an end the word for it, and zero where all are zero.
 * @param {number} value
 * @param {number} other
 */
function binEnd(value, other) {
  if (!Number.isFinite(value)) return value < 0 ? "lower" : "higher";
  return value < 0 && value > -2e-5 && other > 0 ? "0" : figure(value);
}

/** @param {Bins} bins */
function rowsOf({ low, high, counts }) {
  const rows = [];
  for (let bin = 0; bin < counts.length; bin++) {
    if (!counts[bin]) continue;
    const zero = low[bin] < 0 && high[bin] > 0;
    rows.push(el("tr", {}, el("th", { scope: "row" }, zero ? "0" : figure(low[bin])), el("td", {}, zero ? "0" : figure(high[bin])), el("td", {}, counts[bin].toLocaleString("en"))));
  }
  return rows;
}

/** @param {Bins} bins */
function spoken({ low, high, counts }) {
  const most = Array.from(counts).reduce((best, count, bin) => (count > counts[best] ? bin : best), 0);
  const zero = low[most] < 0 && high[most] > 0;
  return `most often ${zero ? "zero" : `${figure(low[most])} to ${figure(high[most])}`}, on ${counts[most].toLocaleString("en")}`;
}
