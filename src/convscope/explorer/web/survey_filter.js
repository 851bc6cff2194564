import { el, menu, setChoices, withhold } from "./dom.js";
import { classOfFilter } from "./surveys.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./types.js").LayerReply} LayerReply */

/**
 * Which channels of the layer the mosaic shows, by what a survey knows of them.
 * @param {Scope} scope
 */
export function surveyFilter(scope) {
  const chosen = menu("show which maps", [["", "all"]], "", (value) => scope.change({ filter: value }));
  const node = el("label", { hidden: true }, "show", chosen);
  return {
    node,
    /** @param {LayerReply | null} layer */
    show(layer) {
      node.hidden = !layer || !scope.surveys.has(layer.layer);
      if (!layer || node.hidden) return;
      const choices = filterChoices(scope, layer);
      setChoices(chosen, choices.map(({ value, words, count }) => [value, value ? `${words} (${count})` : words]), scope.state.filter);
      for (const [place, option] of [...chosen.options].entries()) withhold(option, choices[place].value && !choices[place].count ? "none of this layer" : "");
    },
  };
}

/**
 * @param {Scope} scope
 * @param {LayerReply} layer
 * @returns {{value: string, words: string, count: number}[]}
 */
function filterChoices(scope, layer) {
  const { surveys, state } = scope;
  const name = layer.layer;
  const told = surveys.selectivity(name)?.class?.data;
  const channels = Array.from({ length: layer.shape[0] }, (_, channel) => channel);
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const channel of channels) {
    // A dead channel tells nothing.
    if (told && !surveys.isDead(name, channel)) counts.set(`class:${told[channel]}`, (counts.get(`class:${told[channel]}`) ?? 0) + 1);
  }
  if (classOfFilter(state.filter) >= 0) counts.set(state.filter, counts.get(state.filter) ?? 0);
  const classes = [...counts.keys()].sort((a, b) => classOfFilter(a) - classOfFilter(b));
  for (const value of ["dead", "silent"]) counts.set(value, channels.filter(surveys.filterOf(layer, value) ?? (() => true)).length);
  return [{ value: "", words: "all", count: channels.length }, ...["dead", "silent", ...classes].map((value) => ({ value, words: filterWords(scope, value), count: counts.get(value) ?? 0 }))];
}

/**
 * What a filter is called.
 * @param {Scope} scope
 * @param {string} filter
 */
export function filterWords(scope, filter) {
  if (filter === "dead") return "dead";
  if (filter === "silent") return "silent here";
  return `tells ${scope.surveys.info?.classes[classOfFilter(filter)] ?? "a class"}`;
}
