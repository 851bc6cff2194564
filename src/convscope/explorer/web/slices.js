import { button, el, withhold } from "./dom.js";

/** @typedef {import("./scope.js").Scope} Scope */

/**
 * How many slices the maps of a layer have; 0 for maps without depth.
 * @param {{space: (number | null)[]} | null | undefined} layer
 */
export function slicesOf(layer) {
  return layer?.space.length === 3 ? layer.space[0] ?? 0 : 0;
}

/**
 * Whether a network has maps with depth.
 * @param {import("./types.js").NetworkInfo} network
 */
export function isDeep(network) {
  return network.layers.some((layer) => layer.space.length === 3) || network.inputs.some((entry) => entry.shape.length === 4);
}

/**
 * The slice at a share of the depth; halves are rounded up, as in Python.
 * @param {number} share 0 to 1
 * @param {number} slices
 */
export function sliceAt(share, slices) {
  return Math.floor(share * (slices - 1) + 0.5);
}

/**
 * The layer whose slices are counted: the chosen one, else the deepest.
 * @param {Scope} scope
 * @returns {number}
 */
function countedSlices(scope) {
  const own = slicesOf(scope.maps(scope.state.layer) ?? scope.layers.get(scope.state.layer));
  return own || scope.network.layers.reduce((most, layer) => Math.max(most, slicesOf(layer)), 0);
}

/**
 * Look at the slice before or after.
 * @param {Scope} scope
 * @param {number} step
 * @returns {boolean} whether there are slices
 */
export function moveSlice(scope, step) {
  const slices = countedSlices(scope);
  if (slices < 2 || scope.unavailable("slices")) return false;
  showSlice(scope, sliceAt(scope.state.slice, slices) + step, slices);
  return true;
}

/**
 * Look at volumes from the front, or at their slices again.
 * @param {Scope} scope
 * @returns {boolean} whether there are volumes
 */
export function turnFlat(scope) {
  if (!isDeep(scope.network) || scope.unavailable("slices")) return false;
  scope.change({ flat: scope.state.flat === "maximum" ? "slice" : "maximum" });
  return true;
}

/**
 * Look at one slice.
 * @param {Scope} scope
 * @param {number} slice
 * @param {number} slices
 */
export function showSlice(scope, slice, slices) {
  if (slices < 2) return;
  const at = Math.max(0, Math.min(slices - 1, slice));
  scope.change({ slice: Number((at / (slices - 1)).toFixed(4)), flat: "slice" });
}

/**
 * Where volumes are looked at: a slider through the slices, and the switch to the largest value along
 * the depth. Hidden where there are none.
 * @param {Scope} scope
 * @param {() => boolean} wanted whether it is of use where it stands
 */
export function sliceTools(scope, wanted) {
  const ways = [["slice", "slices", "one slice along z, chosen with the slider"], ["maximum", "maximum", "the largest value along z"]].map(([flat, words, title]) =>
    button(words, () => scope.change({ flat }), { class: "cs-button cs-small", "data-flat": flat, title }));
  const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "slice along z" });
  const said = el("output", { class: "cs-slice-words" });
  const node = el("span", { class: "cs-slices", role: "group", "aria-label": "depth" }, el("span", { class: "cs-segments" }, ...ways), slider, said);

  const show = () => {
    const slices = scope.network && wanted() ? countedSlices(scope) : 0;
    node.hidden = slices < 2;
    if (node.hidden) return;
    const { flat, slice } = scope.state;
    const why = scope.unavailable("slices");
    for (const way of ways) {
      way.setAttribute("aria-pressed", String(way.dataset.flat === flat));
      withhold(way, why);
    }
    const at = sliceAt(slice, slices);
    const words = flat === "maximum" ? `largest of ${slices} slices` : `z ${at} of 0–${slices - 1}`;
    slider.max = String(slices - 1);
    slider.value = String(at);
    slider.disabled = why !== "" || flat === "maximum";
    slider.title = why || "the slice along z (keys , and .)";
    slider.setAttribute("aria-valuetext", words);
    said.textContent = words;
  };

  slider.addEventListener("input", () => showSlice(scope, Number(slider.value), Number(slider.max) + 1));
  for (const event of ["network", "run", "maps", "state"]) scope.on(event, show);
  show();
  return node;
}
