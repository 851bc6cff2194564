import { paintBar } from "./bar.js";
import { button, el, fill, menu, setChoices, signedFigure } from "./dom.js";
import { isDeep, sliceTools } from "./slices.js";
import { SORTS } from "./sorts.js";

/** How near one can go. */
export const DEPTHS = ["network", "layer", "map", "numbers", "products"];

/**
 * The line below the sheet: what its colours and bars mean, the books of a layer, and the zoom.
 * @param {import("./scope.js").Scope} scope
 * @param {{deeper: (depth: string) => void, zoom: (factor: number) => void, foldAll: (fold: boolean) => void}} go
 */
export function sheetLegend(scope, go) {
  const bar = el("canvas", { "aria-hidden": "true" });
  const [low, high] = [el("span"), el("span")];
  const about = el("span");
  const sort = menu("sort the maps by", SORTS, scope.state.sort, (value) => scope.change({ sort: value }));
  const sorted = el("span", { class: "cs-soft" });
  const books = el("span", { class: "cs-sheet-books" });
  const folding = el("span", { class: "cs-sheet-depths" },
    button("fold blocks", () => go.foldAll(true)), button("unfold", () => go.foldAll(false)));
  const depths = DEPTHS.map((depth) => button(depth, () => go.deeper(depth), { "aria-pressed": "false" }));
  const node = el("div", { class: "cs-sheet-legend" },
    el("span", { class: "cs-sheet-key" }, low, bar, high),
    el("span", { class: "cs-sheet-key cs-sheet-shares" }, el("i", { class: "cs-sheet-for" }), "for", el("i", { class: "cs-sheet-against" }), "against", about),
    el("span", { class: "cs-sheet-key" }, el("i", { class: "cs-sheet-strong" }), "strength, of the layer’s strongest"),
    el("label", { class: "cs-sheet-key" }, "sorted by", sort, sorted),
    sliceTools(scope, () => scope.state.mode === "sheet" && isDeep(scope.network)),
    books,
    el("span", { class: "cs-sheet-tools" }, folding,
      el("span", { class: "cs-sheet-depths", role: "group", "aria-label": "how near" }, ...depths),
      el("span", { class: "cs-sheet-depths" }, button("−", () => go.zoom(1 / 1.5), { "aria-label": "zoom out" }), button("+", () => go.zoom(1.5), { "aria-label": "zoom in" }))));
  let drawn = "";
  return {
    node,
    /**
     * @param {string} name of the layer that is pointed at
     * @param {import("./sheet_maps.js").SheetLayer | undefined} layer
     * @param {string} by what the layer is sorted by
     * @param {string} depth
     */
    show(name, layer, by, depth) {
      const signed = layer?.signed ?? false;
      const key = [signed, scope.state.colormap, scope.dark, scope.state.scale, name, by, depth, scope.run?.run, scope.books?.words, scope.books?.score].join("|");
      if (key === drawn) return;
      drawn = key;
      paintBar(bar, scope.colours.lut(signed), 96, 9);
      [low.textContent, high.textContent] = endsInWords(scope, signed);
      const shares = node.querySelector(".cs-sheet-shares");
      if (shares instanceof HTMLElement) shares.hidden = !scope.hasBooks;
      about.textContent = scope.books ? `${scope.books.words}, one scale for all layers` : scope.network.outputs.length ? "the decision: computing …" : "";
      const able = SORTS.filter(([value]) => value === "index" || value === "maximum" || (value === "contribution" ? scope.hasBooks : value === "selectivity" ? scope.small && scope.surveys.tells : value !== "ablation" && scope.small));
      if (sort.options.length !== able.length) setChoices(sort, able, scope.state.sort);
      sort.value = able.some(([value]) => value === scope.state.sort) ? scope.state.sort : "index";
      sorted.textContent = by !== sort.value && by !== "score" && by ? `(${by} until known)` : "";
      fill(books, ...booksWords(scope, name));
      folding.hidden = !scope.network.blocks.length;
      depths.forEach((one, place) => one.setAttribute("aria-pressed", String(DEPTHS[place] === depth)));
    },
  };
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {boolean} signed
 * @returns {[string, string]}
 */
function endsInWords(scope, signed) {
  const { scale } = scope.state;
  const whose = scale === "layer" ? "of the layer" : scale === "shared" ? "of all layers" : "of each map";
  return signed ? ["−", `+ largest ${whose}`] : [scale === "channel" ? "low" : "0", `high ${whose}`];
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @returns {(Node | string)[]}
 */
function booksWords(scope, name) {
  const line = scope.books?.layers.find((one) => one.name === name);
  if (!line || !scope.books) return [];
  if (!line.crossed) return ["the books: ", el("b", {}, signedFigure(line.maps, 4)), ` maps of ${name}; ${line.reason || "some of the score passes beside it"}`];
  const sum = line.maps + line.biases + line.remainder;
  const fits = Math.abs(sum - scope.books.score) <= 1e-3 * Math.max(1, Math.abs(scope.books.score));
  return [
    "the books: ", el("b", {}, signedFigure(line.maps, 4)), ` maps of ${name} `, el("b", {}, signedFigure(line.biases, 4)), " later biases ",
    el("b", {}, signedFigure(line.remainder, 2)), " remainder = ", el("b", {}, signedFigure(scope.books.score, 4)), fits ? " ✓" : ` ≠ ${signedFigure(sum, 4)}`,
  ];
}
