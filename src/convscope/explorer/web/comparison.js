import { frameOf } from "./film_frames.js";

/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {import("./scope.js").Scope} Scope */

/** What can be compared. */
export const COMPARED = /** @type {[string, string][]} */ ([["image", "images"], ["class", "classes"], ["layer", "layers"], ["network", "networks"], ["survey", "classes of the survey"], ["frame", "frames of the film"]]);
// Without a pinned map so many of the strongest are compared.
const STRONGEST = 4;

/**
 * One of two sides.
 * @typedef {object} Side
 * @property {string} words
 * @property {import("./types.js").Prediction[]} predictions
 * @property {{words: string, value: number} | null} score
 * @property {boolean} probable whether the predictions are probabilities
 */

/**
 * One map on both sides.
 * @typedef {object} Pair
 * @property {string} title
 * @property {number} channel
 * @property {string} layer on side A
 * @property {Plane} a
 * @property {Plane} b
 * @property {Plane | null} difference
 * @property {string} because why there is no difference
 */

/**
 * A comparison, as it is shown.
 * @typedef {object} Comparison
 * @property {string} kind image, class, layer, network, survey or frame
 * @property {number} other
 * @property {Side} a
 * @property {Side} b
 * @property {Pair[]} pairs
 * @property {string[] | null} names what the units are called, where whole layers without space are compared
 * @property {string} of what the values are
 * @property {{source: string, layer: string}} [network] the other network, and its layer
 */

/** @type {WeakMap<Scope, Comparison | null>} */
const shownComparisons = new WeakMap();

/**
 * The comparison that is on the screen.
 * @param {Scope} scope
 */
export function comparisonOf(scope) {
  return scope.state.strip === "compare" ? shownComparisons.get(scope) ?? null : null;
}

/**
 * @param {Scope} scope
 * @param {Comparison | null} comparison
 */
export function setComparison(scope, comparison) {
  shownComparisons.set(scope, comparison);
}

/**
 * What is compared: the state's kind, where it can be.
 * @param {Scope} scope
 */
export function kindOf(scope) {
  const kind = scope.state.compare;
  return COMPARED.some(([name]) => name === kind) && comparable(scope, kind) ? kind : "image";
}

/**
 * Whether there is anything of a kind to compare.
 * @param {Scope} scope
 * @param {string} kind
 */
export function comparable(scope, kind) {
  switch (kind) {
    case "network": return scope.network.networks.length > 1;
    case "survey": return scope.surveys.tells;
    case "frame": return (scope.network.film?.steps.length ?? 0) > 1;
    default: return true;
  }
}

/**
 * The first class of the survey: the state's, else that which the network gives this image.
 * @param {Scope} scope
 */
export function firstOf(scope) {
  const { info } = scope.surveys;
  const { first } = scope.state;
  if (!info) return 0;
  if (first >= 0 && first < info.classes.length) return first;
  return Math.max(0, info.truth?.indexOf(scope.classIndex) ?? 0);
}

/**
 * The second image, class, layer or network: the state's, else the nearest other one.
 * @param {Scope} scope
 * @param {string} kind
 */
export function otherOf(scope, kind) {
  const { other } = scope.state;
  const { count, own } = sidesOf(scope, kind);
  if (other >= 0 && other < count) return other;
  if (kind === "class") return scope.run?.predictions.find((one) => one.index !== own)?.index ?? (own + 1) % Math.max(1, count);
  if (kind === "frame") return own ? 0 : count - 1;
  return kind === "layer" ? alike(scope, own) : (own + 1) % Math.max(1, count);
}

/**
 * How many there are, and which is side A.
 * @param {Scope} scope
 * @param {string} kind
 * @returns {{count: number, own: number}}
 */
function sidesOf(scope, kind) {
  switch (kind) {
    case "class": return { count: classCount(scope), own: scope.classIndex };
    case "layer": return { count: scope.network.layers.length, own: scope.layers.get(scope.state.layer)?.index ?? 0 };
    case "network": return { count: scope.network.networks.length, own: scope.state.network };
    case "frame": return { count: scope.network.film?.steps.length ?? 0, own: frameOf(scope) };
    case "survey": return { count: scope.surveys.info?.classes.length ?? 0, own: firstOf(scope) };
    default: return { count: scope.pictures.length, own: scope.state.image };
  }
}

/** @param {Scope} scope */
export function classCount(scope) {
  return scope.network.outputs[0]?.classes ?? (scope.network.labels.length || scope.run?.predictions.length || 0);
}

/**
 * The next layer, of the same size where there is one.
 * @param {Scope} scope
 * @param {number} own
 */
function alike(scope, own) {
  const size = String(scope.network.layers[own]?.shape.slice(1));
  const others = scope.network.layers.filter((layer) => layer.index !== own);
  return (others.find((layer) => layer.index > own && String(layer.shape.slice(1)) === size) ?? others.find((layer) => String(layer.shape.slice(1)) === size) ?? others[0])?.index ?? own;
}

/**
 * Which maps are compared: the pinned one, else the strongest.
 * @param {Scope} scope
 * @returns {number[]}
 */
export function comparedChannels(scope) {
  const { layer, channel } = scope.state;
  const maps = scope.maps(layer);
  if (channel >= 0) return [channel];
  return maps ? scope.ranking.order(maps).shown.slice(0, STRONGEST) : [];
}
