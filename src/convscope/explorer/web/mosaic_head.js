import { colourBar } from "./bar.js";
import { el, menu, setChoices, withhold } from "./dom.js";
import { described } from "./map_words.js";
import { signalTools } from "./signals.js";
import { sliceTools, slicesOf } from "./slices.js";
import { SORTS } from "./sorts.js";
import { filterWords, surveyFilter } from "./survey_filter.js";

/**
 * What stands above the mosaic: the layer, what its colours mean, order and size of its tiles.
 * @param {import("./scope.js").Scope} scope
 */
export function mosaicHead(scope) {
  const title = el("h2");
  const note = el("span", { class: "cs-note" });
  const count = el("span", { class: "cs-note" });
  const bar = colourBar(scope);
  const sort = menu("sort the maps by", SORTS, scope.state.sort, (value) => scope.change({ sort: value }));
  const filter = surveyFilter(scope);
  const size = el("input", { type: "range", min: 24, max: 240, step: 4, value: scope.state.tile, "aria-label": "size of a tile in pixels" });
  size.addEventListener("input", () => scope.change({ tile: Number(size.value) }));
  return {
    nodes: [
      el("div", { class: "cs-head" }, title, note, count),
      el("div", { class: "cs-tools" }, sliceTools(scope, () => slicesOf(scope.maps(scope.state.layer)) > 1), signalTools(scope), bar.node, filter.node, el("label", {}, "sort", sort), el("label", {}, "size", size)),
    ],
    /** @param {import("./types.js").LayerInfo} info */
    name(info) {
      title.textContent = info.name;
      note.textContent = described(info);
      const able = SORTS.filter(([name]) => (name !== "contribution" || scope.hasBooks) && (name !== "selectivity" || scope.surveys.tells));
      if (sort.options.length !== able.length) setChoices(sort, able, scope.state.sort);
      for (const option of sort.options) if (option.value === "ablation") withhold(option, scope.unavailable("ablation"));
      sort.value = scope.state.sort;
      size.value = String(scope.state.tile);
    },
    /**
     * @param {import("./types.js").LayerReply | null} layer
     * @param {number} blank how many maps are
     * @param {number} shown how many are not
     * @param {string} by what they are sorted by
     */
    show(layer, blank, shown, by) {
      filter.show(layer);
      if (!layer) {
        count.textContent = "running …";
        return;
      }
      if (scope.state.filter && scope.surveys.has(layer.layer)) count.textContent = `${shown} of ${layer.shape[0]} ${filterWords(scope, scope.state.filter)}`;
      else count.textContent = blank ? `${blank} of ${layer.shape[0]} blank` : `${layer.shape[0]} maps`;
      if (by !== scope.state.sort && scope.state.sort !== "index") count.textContent += `, by index until ${scope.state.sort} is known`;
      bar.show(layer);
    },
  };
}
