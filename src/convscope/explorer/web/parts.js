import { pointwise, tapsOf } from "./taps.js";

/** @typedef {import("./arithmetic.js").Volume} Volume */
/** @typedef {import("./arithmetic.js").Recipe} Recipe */
/** @typedef {import("./arithmetic.js").Account} Account */

/** @typedef {Omit<Account, "operation" | "sources" | "activation" | "value" | "tolerance">} Parts */

/**
 * @param {Recipe} recipe
 * @param {Volume} input
 * @param {number[]} unit
 * @returns {Parts | null}
 */
export function linearParts(recipe, input, unit) {
  const weights = recipe.kernel;
  if (!weights) return null;
  const first = recipe.first ?? 0;
  const count = weights.shape[0];
  const taps = tapsOf(recipe.geometry ?? pointwise(input.space.length), input.space, unit);
  const plane = sizeOfSpace(input.space);
  const each = weights.data.length / count;
  const products = new Float64Array(count);
  const bias = recipe.bias ?? 0;
  let sum = 0;
  let scale = Math.abs(bias);
  for (let place = 0; place < count; place++) {
    let product = 0;
    const from = (first + place) * plane;
    for (let tap = 0; tap < taps.source.length; tap++) {
      if (taps.source[tap] < 0) continue;
      const one = input.values[from + taps.source[tap]] * weights.data[place * each + taps.kernel[tap]];
      product += one;
      scale += Math.abs(one);
    }
    products[place] = product;
    sum += product;
  }
  return {
    style: "products", products, bias, sum: sum + bias, scale, positions: taps.positions, winner: null, details: {},
    source: () => 0,
    from: (place) => first + place,
    part: (place) => ({
      patch: Float64Array.from(taps.source, (at) => (at < 0 ? NaN : input.values[(first + place) * plane + at])),
      kernel: Float64Array.from(taps.kernel, (at) => weights.data[place * each + at]),
      shape: taps.shape,
    }),
  };
}

/**
 * @param {Recipe} recipe
 * @param {Volume} input
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts}
 */
export function windowParts(recipe, input, channel, unit) {
  const plane = sizeOfSpace(input.space);
  const taps = recipe.geometry ? tapsOf(recipe.geometry, input.space, unit) : {
    source: Int32Array.from({ length: plane }, (_, at) => at), shape: input.space,
    positions: input.space.map((size) => Array.from({ length: size }, (_, at) => at)),
  };
  const patch = Float64Array.from(taps.source, (at) => (at < 0 ? NaN : input.values[channel * plane + at]));
  const inside = taps.source.filter((at) => at >= 0).length;
  const largest = recipe.operation === "maximum pooling";
  const products = largest ? patch : patch.map((one) => one / inside);
  let won = -1;
  let sum = 0;
  let scale = 0;
  for (let at = 0; at < patch.length; at++) {
    if (taps.source[at] < 0) continue;
    if (won < 0 || patch[at] > patch[won] || (Number.isNaN(patch[at]) && !Number.isNaN(patch[won]))) won = at;
    sum += products[at];
    scale += Math.abs(products[at]);
  }
  if (largest) {
    sum = patch[won];
    scale = Math.abs(sum);
  }
  return {
    style: "window", products, bias: 0, sum, scale, positions: taps.positions,
    winner: largest ? splitPlace(won, taps.shape).map((at, axis) => taps.positions[axis][at]) : null,
    details: { "values in the window": inside },
    source: () => 0,
    from: () => channel,
    part: (place) => ({ patch: patch.slice(place, place + 1), kernel: largest ? null : Float64Array.of(1 / inside), shape: [] }),
  };
}

/**
 * @param {Recipe} recipe
 * @param {Volume[]} inputs
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts}
 */
export function mergedParts(recipe, inputs, channel, unit) {
  const values = inputs.map((input) => input.values[spreadPlace(input, channel, unit)]);
  const total = values.reduce((sum, one) => sum + one, 0);
  const sizes = values.reduce((sum, one) => sum + Math.abs(one), 0);
  const sum = mergedValue(recipe.operation, values, total);
  const added = recipe.operation === "sum" || recipe.operation === "difference";
  return {
    style: "terms", sum, bias: 0, positions: [], winner: null, details: {},
    products: Float64Array.from(values),
    scale: added ? sizes : recipe.operation === "mean" ? sizes / values.length : Math.abs(sum),
    source: (place) => place,
    from: (place) => (inputs[place].channels === 1 ? 0 : channel),
    part: (place) => ({ patch: Float64Array.of(values[place]), kernel: null, shape: [] }),
  };
}

/**
 * @param {string} operation
 * @param {number[]} values
 * @param {number} total
 */
function mergedValue(operation, values, total) {
  switch (operation) {
    case "sum": return total;
    case "mean": return total / values.length;
    case "difference": return 2 * values[0] - total;
    case "product": return values.reduce((product, one) => product * one, 1);
    case "quotient": return values[0] / values[1];
    case "maximum": return Math.max(...values);
    default: return Math.min(...values);
  }
}

/**
 * @param {Recipe} recipe
 * @param {Volume} input
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts | null}
 */
export function affineParts(recipe, input, channel, unit) {
  const { centre, factor, offset } = recipe;
  if (typeof centre !== "number" || typeof factor !== "number" || typeof offset !== "number") return null;
  const parts = takenParts([input], 0, channel, unit);
  if (!parts) return null;
  const x = parts.sum;
  const product = (x - centre) * factor;
  return {
    ...parts, style: "scaled", products: Float64Array.of(product), bias: offset, sum: product + offset,
    scale: (Math.abs(x) + Math.abs(centre)) * Math.abs(factor) + Math.abs(offset),
    details: { centre, factor, offset },
    part: () => ({ patch: Float64Array.of(x), kernel: Float64Array.of(factor), shape: [] }),
  };
}

/**
 * @param {Recipe} recipe
 * @param {Volume[]} inputs
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts | null}
 */
export function joinedParts(recipe, inputs, channel, unit) {
  const axis = recipe.axis ?? 0;
  const place = [channel, ...unit];
  let source = 0;
  while (source < inputs.length) {
    const size = axis === 0 ? inputs[source].channels : inputs[source].space[axis - 1];
    if (place[axis] < size) return takenParts(inputs, source, place[0], place.slice(1));
    place[axis] -= size;
    source++;
  }
  return null;
}

/**
 * @param {Recipe} recipe
 * @param {Volume[]} inputs
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts | null}
 */
export function paddedParts({ geometry }, inputs, channel, unit) {
  if (!geometry) return null;
  const taps = tapsOf(geometry, inputs[0].space, unit);
  if (taps.source.length !== 1) return null;
  const place = taps.positions.map((along) => along[0]);
  const parts = takenParts(inputs, 0, channel, place);
  if (!parts || taps.source[0] >= 0) return parts;
  return { ...parts, products: Float64Array.of(0), sum: 0, scale: 0, part: () => ({ patch: Float64Array.of(NaN), kernel: null, shape: [] }) };
}

/**
 * @param {Recipe} recipe
 * @param {Volume[]} inputs
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts | null}
 */
export function enlargedParts({ geometry, interpolation }, inputs, channel, unit) {
  if (!geometry || interpolation !== "nearest") return null;
  return takenParts(inputs, 0, channel, unit.map((at, axis) => Math.floor(at / geometry.stride[axis])));
}

/**
 * The one value that a unit is made of.
 * @param {Volume[]} inputs
 * @param {number} source
 * @param {number} channel
 * @param {number[]} unit
 * @returns {Parts}
 */
export function takenParts(inputs, source, channel, unit) {
  const value = inputs[source].values[spreadPlace(inputs[source], channel, unit)];
  return {
    style: "taken", products: Float64Array.of(value), bias: 0, sum: value, scale: Math.abs(value),
    positions: unit.map((at) => [at]), winner: null, details: {},
    source: () => source,
    from: () => channel,
    part: () => ({ patch: Float64Array.of(value), kernel: null, shape: [] }),
  };
}

/**
 * Where a value lies; an axis of one stands for every position, and missing ones come behind the
 * channel.
 * @param {Volume} input
 * @param {number} channel
 * @param {number[]} unit
 */
function spreadPlace(input, channel, unit) {
  const missing = unit.length - input.space.length;
  let place = input.channels === 1 ? 0 : channel;
  input.space.forEach((size, axis) => {
    place = place * size + (size === 1 ? 0 : unit[axis + missing]);
  });
  return place;
}

/** @param {number[]} space */
function sizeOfSpace(space) {
  return space.reduce((product, size) => product * size, 1);
}

/**
 * @param {number} place
 * @param {number[]} shape
 * @returns {number[]}
 */
function splitPlace(place, shape) {
  const found = [];
  for (let axis = shape.length - 1, rest = place; axis >= 0; axis--) {
    found.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return found;
}
