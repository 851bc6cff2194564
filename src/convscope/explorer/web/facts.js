import { el, figure, fill } from "./dom.js";
import { surveyWords } from "./survey_panel.js";
import { paddingBefore, samePadding } from "./taps.js";

/**
 * What there is to know of a layer, while no map of it is pinned.
 * @param {import("./scope.js").Scope} scope
 */
export function factsPanel(scope) {
  const node = el("section", { class: "cs-facts", "aria-label": "facts of the layer" });
  return {
    node,
    /** @param {import("./arithmetic.js").Recipe | null} recipe of any of its channels */
    show(recipe) {
      const info = scope.layers.get(scope.state.layer);
      node.hidden = !info;
      if (!info) return;
      const size = [info.shape[0], ...info.space].map((one) => one ?? "any").join(" × ");
      const layer = scope.maps(info.name);
      /** @type {[string, string][]} */
      const facts = [["kind", info.kind === info.operation ? info.kind : `${info.operation} (${info.kind})`], ["channels × size", size]];
      const why = recipe ? sizeWords(scope, recipe) : "";
      if (why) facts.push(["why this size", why]);
      if (recipe?.geometry && info.space.length) facts.push(["window", windowWords(recipe.geometry)]);
      if (recipe && recipe.activation.name !== "linear") facts.push(["activation", recipe.activation.name.replaceAll("_", " ")]);
      facts.push(["parameters", info.parameters.toLocaleString("en")]);
      facts.push(["a unit sees", info.whole ? "the whole input" : info.receptive_field ? `${info.receptive_field.join(" × ")} pixels` : "not known"]);
      if (info.inputs?.length) facts.push(["takes", info.inputs.join(", ")]);
      if (layer) facts.push(...statistics(scope, layer));
      if (scope.surveys.info) facts.push(["survey", surveyFact(scope, info.name, scope.surveys.info)]);
      fill(node,
        el("h2", {}, info.name),
        el("dl", {}, ...facts.flatMap(([name, words]) => [el("dt", {}, name), el("dd", {}, words)])),
        recipe && !recipe.understood ? el("p", { class: "cs-soft" }, recipe.reason) : null,
        el("p", { class: "cs-soft" }, "Click a map to pin it: its numbers, its kernel, and where each value comes from stand here then. Arrow keys move from map to map, Escape goes back."));
    },
  };
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {import("./types.js").SurveyInfo} survey
 */
function surveyFact(scope, name, survey) {
  if (!scope.surveys.has(name)) return `${surveyWords(survey)}: this layer was left out`;
  const dead = scope.surveys.deadOf(name);
  return `${surveyWords(survey)}: ${dead ? `${dead.toLocaleString("en")} dead` : "none dead"}`;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @returns {[string, string][]}
 */
function statistics(scope, layer) {
  const { data: means } = layer.mean;
  const count = Math.max(1, means.length);
  const low = Array.from(layer.low.data).reduce((least, one) => Math.min(least, one), Infinity);
  const high = Array.from(layer.high.data).reduce((most, one) => Math.max(most, one), -Infinity);
  const mean = Array.from(means).reduce((sum, one) => sum + one, 0) / count;
  const active = Array.from(layer.positive.data).reduce((sum, one) => sum + one, 0) / count;
  const counts = new Map();
  layer.codes.data.forEach((code, channel) => {
    const word = scope.surveys.wordOf(layer.layer, channel, scope.network.words[code]);
    if (code) counts.set(word, (counts.get(word) ?? 0) + 1);
  });
  const words = [...counts].map(([word, many]) => `${many} ${word}`).join(", ");
  return [
    ["values", `${figure(low)} to ${figure(high)}, mean ${figure(mean)}`],
    ["units above zero", `${figure(active * 100)} %`],
    ["blank", words ? `${words}, of ${count.toLocaleString("en")}` : `none of ${count.toLocaleString("en")}`],
  ];
}

/** @param {NonNullable<import("./arithmetic.js").Recipe["geometry"]>} geometry */
function windowWords(geometry) {
  const { kernel, stride, dilation, padding_name: name, padding } = geometry;
  const said = [kernel.join(" × ")];
  if (stride.some((one) => one !== 1)) said.push(`stride ${stride.join(" × ")}`);
  if (dilation.some((one) => one !== 1)) said.push(`dilation ${dilation.join(" × ")}`);
  said.push(name ? `padding ${name}` : padding.flat().some(Boolean) ? `padding ${padding.map((ends) => ends.join("+")).join(" × ")}` : "no padding");
  return said.join(", ");
}

/**
 * Why the layer has its size: the relations of Dumoulin and Visin, A guide to convolution
 * arithmetic for deep learning (2016), along the last axis.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./arithmetic.js").Recipe} recipe
 */
export function sizeWords(scope, { geometry, sources, operation }) {
  const input = scope.layers.get(sources[0]);
  const space = input?.space ?? scope.network.size;
  if (!geometry || !space?.length || operation === "padding" || space.length !== geometry.kernel.length) return "";
  const axis = space.length - 1;
  const size = space[axis];
  if (size === null || size === undefined) return "";
  const stride = geometry.stride[axis];
  const extent = (geometry.kernel[axis] - 1) * geometry.dilation[axis] + 1;
  const same = geometry.padding_name === "same" && !geometry.transposed;
  const padding = same ? samePadding(geometry, axis, size) : paddingBefore(geometry, axis, size) + geometry.padding[axis][1];
  if (geometry.transposed) return `(${size} − 1) × ${stride} + ${extent} − ${padding} = ${(size - 1) * stride + extent - padding}`;
  const exact = Math.floor((size - extent + padding) / stride);
  const rounded = (size - extent + padding) % stride ? ", rounded down" : "";
  return `(${size} − ${extent} + ${padding}) / ${stride} + 1 = ${exact + 1}${rounded}`;
}
