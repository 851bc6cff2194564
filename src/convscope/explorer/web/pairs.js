import { comparedChannels, firstOf, kindOf, otherOf } from "./comparison.js";
import { frameOf, frameWords } from "./film_frames.js";
import { isFirstHead } from "./heads.js";
import { sourceOf } from "./pictures.js";
import { differenceOf, fetchPlane, planeOfReply } from "./plane.js";

/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./comparison.js").Side} Side */
/** @typedef {import("./comparison.js").Pair} Pair */
/** @typedef {import("./comparison.js").Comparison} Comparison */

/** @typedef {{kind: string, other: number, layer: string, channels: number[], maps: import("./types.js").LayerReply}} Place */

/**
 * Ask for both sides.
 * @param {Scope} scope
 * @returns {Promise<Comparison | null>} null while there is nothing to compare
 */
export async function gather(scope) {
  const { run, state } = scope;
  const maps = scope.maps(state.layer);
  if (!run || !maps) return null;
  const kind = kindOf(scope);
  const other = otherOf(scope, kind);
  const flat = maps.shape[1] * maps.shape[2] === 1;
  const place = { kind, other, layer: state.layer, channels: flat ? [] : comparedChannels(scope), maps };
  switch (kind) {
    case "class": return classes(scope, run, place);
    case "layer": return layers(scope, run, place);
    case "network": return networks(scope, run, place);
    case "survey": return surveyed(scope, place);
    case "frame": return frames(scope, run, place);
    default: return images(scope, run, place);
  }
}

/** @param {import("./types.js").RunInfo} run @param {string} words @returns {Side} */
function sideOf(run, words) {
  return { words, predictions: run.predictions, score: run.score, probable: ["softmax", "sigmoid"].includes(run.activation) };
}

/**
 * @param {Scope} scope
 * @param {import("./types.js").RunInfo} run
 * @param {Place} place
 * @returns {Promise<Comparison>}
 */
async function images(scope, run, place) {
  const { network, mute, solo, target } = scope.state;
  const second = await secondRun(scope, scope.pictures[place.other], { network, mute, solo, target }, place);
  return whole(scope, place, sideOf(run, run.image), sideOf(second, second.image), run.run, second.run, place.layer, scope.layers.get(place.layer)?.shape[0] ?? 0);
}

/**
 * @param {Scope} scope
 * @param {import("./types.js").RunInfo} run
 * @param {Place} place
 * @returns {Promise<Comparison>}
 */
async function networks(scope, run, place) {
  const info = await scope.made.once(`network ${place.other}`, () => scope.client.ask({ type: "network", network: place.other }));
  const own = scope.layers.get(place.layer)?.index ?? 0;
  const match = info.layers.find((/** @type {any} */ layer) => layer.name === place.layer) ?? info.layers[own];
  const names = [scope.network.networks[scope.state.network], scope.network.networks[place.other]];
  if (!match) throw new Error(`${names[1]} has no layer ${place.layer} and no layer of index ${own}: choose another layer`);
  if (!scope.picture) throw new Error("there is no image: give one");
  const second = await secondRun(scope, scope.picture, { network: place.other, target: scope.state.target }, { ...place, layer: match.name });
  const labelled = { ...second, predictions: second.predictions.map((one) => ({ ...one, label: one.label ?? info.labels[one.index] ?? null })) };
  const compared = await whole(scope, place, sideOf(run, names[0]), sideOf(labelled, match.name === place.layer ? names[1] : `${names[1]}, ${match.name}`), run.run, second.run, match.name, match.shape?.[0] ?? 0);
  return { ...compared, network: { source: info.source, layer: match.name } };
}

/**
 * Two frames of a film.
 * @param {Scope} scope
 * @param {import("./types.js").RunInfo} run
 * @param {Place} place
 * @returns {Promise<Comparison>}
 */
async function frames(scope, run, place) {
  if (!scope.picture) throw new Error("there is no image: give one");
  const second = await secondRun(scope, scope.picture, { network: scope.state.network, frame: place.other }, place);
  const words = [frameOf(scope), place.other].map((frame) => frameWords(scope, frame));
  return whole(scope, place, sideOf(run, words[0]), sideOf(second, words[1]), run.run, second.run, place.layer, scope.layers.get(place.layer)?.shape[0] ?? 0);
}

/**
 * Run a second picture, network or frame, without changing what is shown.
 * @param {Scope} scope
 * @param {import("./types.js").Picture} picture
 * @param {any} how
 * @param {Place} place
 * @returns {Promise<import("./types.js").RunInfo>}
 */
async function secondRun(scope, picture, how, place) {
  const { source, buffers } = sourceOf(picture);
  const then = place.channels.length ? [] : [{ type: "layer", layer: place.layer }];
  return scope.client.ask({ type: "run", depth: scope.depth, ...scope.moment, ...how, image: source, then }, buffers);
}

/**
 * @param {Scope} scope
 * @param {Place} place
 * @param {Side} a
 * @param {Side} b
 * @param {string} runA
 * @param {string} runB
 * @param {string} layerB
 * @param {number} count channels of B
 * @returns {Promise<Comparison>}
 */
async function whole(scope, place, a, b, runA, runB, layerB, count) {
  const frame = { kind: place.kind, other: place.other, a, b, of: "values" };
  if (!place.channels.length) {
    const second = await scope.client.ask({ type: "layer", run: runB, layer: layerB });
    return flatComparison(scope, frame, place, place.maps.values?.data, second.values?.data);
  }
  const pairs = [];
  for (const channel of place.channels) {
    if (channel >= count) {
      if (place.channels.length === 1) throw new Error(`${b.words} has ${count} channels in ${layerB}, so none of index ${channel}: pin another`);
      continue;
    }
    const [first, second] = await Promise.all([fetchPlane(scope, runA, place.layer, channel), fetchPlane(scope, runB, layerB, channel)]);
    pairs.push(pairOf(`channel ${channel}`, place.layer, channel, first, second));
  }
  return { ...frame, pairs, names: null };
}

/**
 * @param {Scope} scope
 * @param {import("./types.js").RunInfo} run
 * @param {Place} place
 * @returns {Promise<Comparison>}
 */
async function classes(scope, run, place) {
  const own = scope.classIndex;
  const words = [scope.label(own), scope.label(place.other)];
  /** @param {number} index @returns {Side} */
  const side = (index) => ({
    words: scope.label(index),
    predictions: run.predictions.filter((one) => one.index === index),
    score: run.logits ? { words: `logit of ${scope.label(index)}`, value: run.logits.data[index] } : null,
    probable: ["softmax", "sigmoid"].includes(run.activation),
  });
  const target = scope.state.target ?? own;
  const a = { ...side(own), words: Array.isArray(target) ? `${words[0]} against ${scope.label(target[1])}` : words[0] };
  const frame = { kind: "class", other: place.other, a, b: side(place.other), of: "shares: activation × gradient" };
  if (!place.channels.length) {
    const [first, second] = [await sharesOf(scope, run.run, place.layer, target), await sharesOf(scope, run.run, place.layer, place.other)];
    return flatComparison(scope, frame, place, first, second);
  }
  const pairs = [];
  for (const channel of place.channels) {
    /** @param {any} aim */
    const ask = async (aim) => planeOfReply(await scope.client.ask({ type: "shares", run: run.run, layer: place.layer, channel, target: aim }));
    const [first, second] = [await ask(target), await ask(place.other)];
    pairs.push(pairOf(`channel ${channel}`, place.layer, channel, first, second));
  }
  return { ...frame, pairs, names: null };
}

/**
 * Two classes of the survey: the mean maps of the channels, over all images of each class.
 * @param {Scope} scope
 * @param {Place} place
 * @returns {Promise<Comparison>}
 */
async function surveyed(scope, place) {
  const names = scope.surveys.info?.classes ?? [];
  const classes = [firstOf(scope), place.other];
  /** @param {number | undefined} channel */
  const ask = (channel) => scope.client.ask({ type: "survey_classes", network: scope.state.network, layer: place.layer, channel, classes });
  /** @param {number[]} images */
  const of = ([a, b]) => `mean of ${a.toLocaleString("en")} and of ${b.toLocaleString("en")} images`;
  /** @param {number} side @returns {Side} */
  const sideAt = (side) => ({ words: names[classes[side]], predictions: [], score: null, probable: false });
  if (!place.channels.length && place.maps.shape[1] * place.maps.shape[2] === 1) {
    const found = await ask(undefined);
    const frame = { kind: "survey", other: place.other, a: sideAt(0), b: sideAt(1), of: of(found.images) };
    return flatComparison(scope, frame, place, found.a.data, found.b.data);
  }
  const replies = [];
  for (const channel of place.channels) replies.push(await ask(channel));
  if (!replies.length) throw new Error("no map is shown: pin one, or show all maps of the layer");
  const pairs = replies.map((found) => pairOf(`channel ${found.channel}`, place.layer, found.channel, planeOfReply({ values: found.a }), planeOfReply({ values: found.b })));
  return { kind: "survey", other: place.other, a: sideAt(0), b: sideAt(1), pairs, names: null, of: of(replies[0].images) };
}

/**
 * The share of every channel of a layer in a score.
 * @param {Scope} scope
 * @param {string} run
 * @param {string} layer
 * @param {number | [number, number]} target
 * @returns {Promise<Float32Array>}
 */
async function sharesOf(scope, run, layer, target) {
  /** @type {import("./types.js").BooksReply} */
  const books = await scope.client.ask({ type: "books", run, target });
  const place = books.layers.findIndex((one) => one.name === layer);
  if (place < 0) throw new Error(`the score does not depend on ${layer}: choose a layer before it`);
  const before = books.channels.slice(0, place).reduce((sum, count) => sum + count, 0);
  return /** @type {Float32Array} */ (books.shares.data.slice(before, before + books.channels[place]));
}

/**
 * @param {Scope} scope
 * @param {import("./types.js").RunInfo} run
 * @param {Place} place
 * @returns {Promise<Comparison>}
 */
async function layers(scope, run, place) {
  const second = scope.network.layers[place.other];
  const count = second.shape?.[0] ?? 0;
  const none = { predictions: [], score: null, probable: false };
  const frame = { kind: "layer", other: place.other, a: { words: place.layer, ...none }, b: { words: second.name, ...none }, of: "values" };
  if (!place.channels.length && !second.space.length) {
    const reply = await scope.client.ask({ type: "layer", run: run.run, layer: second.name });
    return flatComparison(scope, frame, place, place.maps.values?.data, reply.values?.data);
  }
  const channels = (place.channels.length ? place.channels : comparedChannels(scope)).filter((channel) => channel < count);
  if (!channels.length) throw new Error(`${second.name} has ${count} channels, so none of this index: pin a channel below ${count}`);
  const pairs = [];
  for (const channel of channels) {
    const [first, other] = await Promise.all([fetchPlane(scope, run.run, place.layer, channel), fetchPlane(scope, run.run, second.name, channel)]);
    pairs.push(pairOf(`channel ${channel}`, place.layer, channel, first, other));
  }
  return { ...frame, pairs, names: null };
}

/**
 * @param {string} title
 * @param {string} layer
 * @param {number} channel
 * @param {Plane} a
 * @param {Plane} b
 * @returns {Pair}
 */
function pairOf(title, layer, channel, a, b) {
  const same = a.height === b.height && a.width === b.width;
  const because = same ? "" : `no difference: A has ${a.height} × ${a.width} units, B ${b.height} × ${b.width}`;
  return { title, layer, channel, a, b, difference: same ? differenceOf(a, b) : null, because };
}

/**
 * Layers without space: all their units at once.
 * @param {Scope} scope
 * @param {{kind: string, other: number, a: Side, b: Side, of: string}} frame
 * @param {Place} place
 * @param {ArrayLike<number>} [first]
 * @param {ArrayLike<number>} [second]
 * @returns {Comparison}
 */
function flatComparison(scope, frame, place, first = [], second = []) {
  /** @param {ArrayLike<number>} values @returns {Plane} */
  const row = (values) => ({ values: Float32Array.from(values), height: 1, width: values.length });
  const pair = pairOf(place.layer, place.layer, -1, row(first), row(second));
  const ends = isFirstHead(scope.network, place.layer);
  const names = Array.from({ length: pair.a.width }, (_, index) => (ends ? scope.label(index) : String(index)));
  return { ...frame, pairs: [pair], names };
}
