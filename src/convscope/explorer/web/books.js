import { el, figure, fill, signedFigure } from "./dom.js";
import { roundedToSum } from "./sums.js";

/**
 * Decimals with which sums of this size are written.
 * @param {number} score
 */
function bookDecimals(score) {
  return Math.abs(score) >= 1000 ? 1 : Math.abs(score) >= 0.1 ? 3 : 6;
}

/**
 * @param {number} value
 * @param {number} decimals
 */
function signed(value, decimals) {
  if (!Number.isFinite(value)) return "nan";
  const words = Math.abs(value).toFixed(decimals);
  return `${value < 0 && Number(words) !== 0 ? "−" : "+"}${words}`;
}

/**
 * The sums of one layer, in words that add up.
 * @param {{maps: number, biases: number, remainder: number}} layer
 * @param {number} score
 */
function sumsOf(layer, score) {
  const decimals = bookDecimals(score);
  const { terms: parts, total } = roundedToSum([layer.maps ?? NaN, layer.biases ?? NaN, layer.remainder ?? NaN], score, decimals);
  return { maps: signed(parts[0], decimals), biases: signed(parts[1], decimals), remainder: signed(parts[2], decimals), total: signed(total, decimals) };
}

/**
 * The books of the chosen layer in one line; empty where there are none.
 * @param {import("./scope.js").Scope} scope
 */
export function bookWords(scope) {
  const { books } = scope;
  const layer = books?.layers.find((one) => one.name === scope.state.layer);
  if (!books || !layer) return "";
  const sums = sumsOf(layer, books.score);
  return `${layer.name}: maps ${sums.maps}, biases ${sums.biases}, remainder ${sums.remainder} = ${sums.total}, the ${books.words}`;
}

/**
 * The books: for every layer the contributions of its maps, the biases behind it, and what is left
 * make up the score.
 * @param {import("./scope.js").Scope} scope
 * @returns {import("./bottom.js").Part}
 */
export function booksPanel(scope) {
  const title = el("p", { class: "cs-partbar" });
  const table = el("table", { class: "cs-books" });
  const scroll = el("div", { class: "cs-scrollrow cs-bookscroll", tabindex: 0, role: "group", "aria-label": "the books, layer by layer" }, table);
  const node = el("div", { class: "cs-bookpart" }, title, scroll);
  /** @type {any} */
  let shown = null;

  const draw = () => {
    if (scope.state.strip !== "books" || !scope.network) return;
    const { books } = scope;
    if (!books) {
      shown = null;
      fill(table);
      fill(title, el("span", { class: "cs-soft" }, scope.network.differentiable ? (scope.network.outputs.length ? "running …" : "this network gives no class scores, so there is nothing to add up") : `${scope.network.name} gives no gradients, and the books need them: sort by ablation effect instead`));
      return;
    }
    if (shown !== books) {
      shown = books;
      fill(title, "maps + biases behind the layer + remainder = ", el("b", {}, `${signedFigure(books.score, 5)}, the ${books.words}`), keyOfBars());
      const room = { left: Math.max(0, -books.score, ...books.layers.map(negative)), right: Math.max(0, books.score, ...books.layers.map(positive)) };
      fill(table, head(), el("tbody", {}, ...books.layers.map((layer) => bookRow(scope, layer, books.score, room))));
    }
    for (const row of table.querySelectorAll("tbody tr")) {
      const chosen = /** @type {HTMLElement} */ (row).dataset.layer === scope.state.layer;
      row.classList.toggle("cs-chosenrow", chosen);
      if (chosen) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };

  for (const event of ["run", "books", "network", "state"]) scope.on(event, draw);
  return { node, wake: draw };
}

function head() {
  const names = ["layer", "", "maps", "+ biases", "+ remainder", "= score", "why a remainder is left"];
  return el("thead", {}, el("tr", {}, ...names.map((words) => (words ? el("th", { scope: "col" }, words) : el("td", {})))));
}

function keyOfBars() {
  const parts = [["maps", "cs-bookmaps"], ["biases", "cs-bookbiases"], ["remainder", "cs-bookrest"]];
  return el("span", { class: "cs-bookkey" }, ...parts.map(([words, look]) => el("span", {}, el("i", { class: look, "aria-hidden": "true" }), words)));
}

/** @typedef {{name: string, maps: number, biases: number, remainder: number, crossed: boolean, reason: string}} BookLayer */

/** @typedef {{left: number, right: number}} Room what bars take to the left and to the right of zero */

/** @param {BookLayer} layer */
function positive(layer) {
  return [layer.maps, layer.biases, layer.remainder].reduce((sum, part) => sum + Math.max(0, part), 0);
}

/** @param {BookLayer} layer */
function negative(layer) {
  return [layer.maps, layer.biases, layer.remainder].reduce((sum, part) => sum + Math.max(0, -part), 0);
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {BookLayer} layer
 * @param {number} score
 * @param {Room} room
 */
function bookRow(scope, layer, score, room) {
  const sums = sumsOf(layer, score);
  const press = el("button", { type: "button", class: "cs-cellbutton" }, layer.name);
  press.addEventListener("click", () => scope.change({ layer: layer.name, channel: -1, unit: null, mode: "layer" }, { back: true }));
  const cells = [[sums.maps, layer.maps], [sums.biases, layer.biases], [sums.remainder, layer.remainder], [sums.total, score]];
  return el("tr", { "data-layer": layer.name },
    el("th", { scope: "row" }, press),
    el("td", {}, stacked(layer, score, room)),
    ...cells.map(([words, value]) => el("td", { title: String(value) }, String(words))),
    el("td", { class: "cs-bookreason" }, layer.reason || `✓ balances${layer.remainder ? `, rounding ${figure(Math.abs(layer.remainder), 1)}` : ""}`));
}

/**
 * The parts one after the other: what speaks for the score to the right of zero, what against it to
 * the left; a line where the score is.
 * @param {BookLayer} layer
 * @param {number} score
 * @param {Room} room
 */
function stacked(layer, score, room) {
  const bar = el("span", { class: "cs-stacked", "aria-hidden": "true" });
  const whole = room.left + room.right || 1;
  /** @param {number} value */
  const at = (value) => (100 * (room.left + value)) / whole;
  let [right, left] = [0, 0];
  for (const [value, look] of /** @type {[number, string][]} */ ([[layer.maps, "cs-bookmaps"], [layer.biases, "cs-bookbiases"], [layer.remainder, "cs-bookrest"]])) {
    if (!Number.isFinite(value) || !value) continue;
    const part = el("i", { class: look });
    if (value < 0) left += value;
    part.style.left = `${at(value < 0 ? left : right)}%`;
    part.style.width = `${(100 * Math.abs(value)) / whole}%`;
    if (value > 0) right += value;
    bar.append(part);
  }
  const zero = el("i", { class: "cs-bookzero" });
  const end = el("i", { class: "cs-bookscore" });
  zero.style.left = `${at(0)}%`;
  end.style.left = `${at(score)}%`;
  bar.append(zero, end);
  return bar;
}
