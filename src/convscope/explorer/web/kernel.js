import { paintBar } from "./bar.js";
import { inks } from "./blanks.js";
import { el, figure, fill, sharp } from "./dom.js";
import { drawPatch, endsFromZero } from "./patches.js";
import { inputName } from "./waterfall_sources.js";

const MOST = 16;

/**
 * The weights of the channel.
 * @param {import("./scope.js").Scope} scope
 */
export function kernelPanel(scope) {
  const words = el("span", { class: "cs-soft" });
  const bar = el("canvas", { "aria-hidden": "true" });
  const low = el("span");
  const high = el("span");
  const body = el("div", { class: "cs-kernels" });
  const node = el("section", { "aria-label": "kernel", hidden: true }, el("h3", { class: "cs-caption" }, "Kernel"), el("div", { class: "cs-line" }, words, el("span", { class: "cs-bar" }, low, bar, high)), body);

  /** @type {import("./arithmetic.js").Recipe | null} */
  let shown = null;
  let dark = false;

  return {
    node,
    /** @param {import("./arithmetic.js").Recipe | null} recipe */
    show(recipe) {
      // A new image changes no weights.
      if (recipe && recipe === shown && dark === scope.dark) return;
      shown = recipe;
      dark = scope.dark;
      const kernel = recipe?.kernel;
      node.hidden = !recipe || !kernel || !kernel.data.length;
      if (!recipe || !kernel || node.hidden) return;
      const { low: first, high: last } = endsFromZero([kernel.data], true);
      paintBar(bar, scope.colours.diverging, 80, 8);
      low.textContent = figure(first);
      high.textContent = `+${figure(last)}`;
      const each = kernel.data.length / kernel.shape[0];
      const source = recipe.sources[0] ?? "";
      if (each === 1) {
        words.textContent = `one weight for each of ${kernel.shape[0].toLocaleString("en")} inputs`;
        fill(body, weightPlot(scope, recipe, last));
        return;
      }
      const order = strongestKernels(kernel, each);
      const size = kernel.shape.slice(1).join(" × ");
      const all = kernel.shape[0];
      words.textContent = all === 1 ? size : `${size} · ${order.length < all ? `${order.length} largest of ${all.toLocaleString("en")} inputs` : `${all} inputs`}`;
      const coloured = !scope.layers.has(source) && all === 3 && kernel.shape.length === 3;
      fill(body, coloured ? colourBlock(kernel, last) : null, ...order.map((place) => kernelTile(scope, recipe, place, each, last)));
    },
  };
}

/**
 * @param {import("./types.js").Numbers} kernel
 * @param {number} each
 */
function strongestKernels(kernel, each) {
  const sizes = Array.from({ length: kernel.shape[0] }, (_, place) => {
    let size = 0;
    for (let at = place * each; at < (place + 1) * each; at++) size += Math.abs(kernel.data[at]);
    return size;
  });
  const order = sizes.map((_, place) => place).sort((a, b) => sizes[b] - sizes[a] || a - b).slice(0, MOST);
  return kernel.shape[0] <= 4 ? order.sort((a, b) => a - b) : order;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {import("./arithmetic.js").Recipe} recipe
 * @param {number} place
 * @param {number} each
 * @param {number} most
 */
function kernelTile(scope, recipe, place, each, most) {
  const kernel = /** @type {import("./types.js").Numbers} */ (recipe.kernel);
  const values = kernel.data.subarray(place * each, (place + 1) * each);
  const from = (recipe.first ?? 0) + place;
  const source = recipe.sources[0] ?? "";
  const colours = inks(scope.root);
  const canvas = el("canvas");
  const columns = kernel.shape[kernel.shape.length - 1];
  const few = kernel.shape[0] <= 3;
  const wide = few && columns <= 3 ? 30 : few ? Math.max(4, Math.floor(96 / columns)) : Math.max(3, Math.floor(37 / columns));
  drawPatch(canvas, values, kernel.shape.slice(1), { lut: scope.colours.diverging, low: -most, high: most, wide, tall: few && columns <= 3 ? 20 : wide, empty: colours.hatch, ink: colours.soft });
  const follows = scope.layers.has(source);
  const name = follows ? String(from) : inputName(scope, from);
  const title = `weights for ${follows ? `channel ${from} of ${source}` : name}: ${Array.from(values.subarray(0, 25), (one) => figure(one)).join(", ")}`;
  const tile = follows ? el("button", { type: "button", class: "cs-tile", title, "aria-label": title }, canvas, el("small", {}, name))
    : el("span", { class: "cs-tile", role: "img", title, "aria-label": title }, canvas, el("small", {}, name));
  if (follows) tile.addEventListener("click", () => scope.pin(source, from));
  return tile;
}

/**
 * The three kernels of a coloured picture as one block of colours; grey is no weight.
 * @param {import("./types.js").Numbers} kernel
 * @param {number} most
 */
function colourBlock(kernel, most) {
  const [, rows, columns] = kernel.shape;
  const canvas = el("canvas");
  const cell = Math.max(4, Math.floor(96 / columns));
  const pen = sharp(canvas, columns * cell, rows * cell);
  for (let at = 0; at < rows * columns; at++) {
    const [red, green, blue] = [0, 1, 2].map((colour) => Math.round(127.5 * (1 + kernel.data[colour * rows * columns + at] / (most || 1))));
    pen.fillStyle = `rgb(${red} ${green} ${blue})`;
    pen.fillRect((at % columns) * cell, Math.floor(at / columns) * cell, cell, cell);
  }
  return el("span", { class: "cs-tile", role: "img", "aria-label": "kernel in colours" }, canvas, el("small", {}, "in colours"));
}

/**
 * One weight for each input, in their order; pointing says which, a click goes there.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./arithmetic.js").Recipe} recipe
 * @param {number} most
 */
function weightPlot(scope, recipe, most) {
  const kernel = /** @type {import("./types.js").Numbers} */ (recipe.kernel);
  const count = kernel.data.length;
  const first = recipe.first ?? 0;
  const source = recipe.sources[0] ?? "";
  const wide = 336;
  const tall = 64;
  const canvas = el("canvas", { role: "img", "aria-label": `weights of ${count} inputs, from −${figure(most)} to ${figure(most)}` });
  const note = el("small", { class: "cs-soft" }, " ");
  const pen = sharp(canvas, wide, tall);
  const colours = inks(scope.root);
  const step = wide / count;
  for (let at = 0; at < count; at++) {
    const size = ((kernel.data[at] / (most || 1)) * (tall - 2)) / 2;
    pen.fillStyle = size >= 0 ? colours.for : colours.against;
    pen.fillRect(at * step, Math.min(tall / 2, tall / 2 - size), Math.max(0.6, step > 3 ? step - 1 : step), Math.abs(size));
  }
  pen.fillStyle = colours.soft;
  pen.fillRect(0, tall / 2, wide, 1);
  /** @param {MouseEvent} event */
  const under = (event) => Math.max(0, Math.min(count - 1, Math.floor((event.offsetX / canvas.clientWidth) * count)));
  canvas.addEventListener("pointermove", (event) => {
    const at = under(event);
    note.textContent = `input ${first + at}: ${figure(kernel.data[at], 4)}`;
  });
  canvas.addEventListener("pointerleave", () => {
    note.textContent = " ";
  });
  canvas.addEventListener("click", (event) => {
    if (scope.layers.has(source)) scope.pin(source, first + under(event));
  });
  return el("div", { class: "cs-weights" }, canvas, note);
}
