/** @typedef {import("./arithmetic.js").Recipe} Recipe */
/** @typedef {import("./arithmetic.js").Part} Part */
/** @typedef {import("./arithmetic.js").Account} Account */

/**
 * Read what Python says of a unit as if it had been taken apart here.
 * @param {any} told Explanation.to_json; of many products the largest alone
 * @param {Recipe} recipe
 * @returns {Account}
 */
export function accountFrom(told, recipe) {
  const style = styleOf(told.computes);
  const perChannel = style === "products" || style === "scaled" || style === "taken";
  const blocks = told.patch === null ? [] : style === "window" ? told.patch[0].flat(Infinity) : told.patch;
  const kernels = told.kernel === null || told.patch === null ? [] : style === "window" ? told.kernel[0].flat(Infinity) : told.kernel;
  const space = told.patch !== null && Array.isArray(told.patch[0]) ? sizesOf(told.patch[0]) : [];
  const named = told.products.map((/** @type {any} */ one) => one.from);
  const first = style === "products" ? recipe.first ?? 0 : perChannel ? Math.min(...named, Infinity) : 0;
  const positions = Object.values(told.box_in_source ?? told.box ?? {}).map(([low, high], axis) => spacedOut(low, high, space[axis] ?? high - low + 1));
  const count = style === "products" ? recipe.kernel?.shape[0] ?? blocks.length : Math.max(blocks.length, style === "terms" ? named.length : 1);
  const products = new Float64Array(count).fill(NaN);
  let listed = 0;
  for (const { from, product } of told.products) {
    const place = perChannel ? from - first : style === "terms" ? told.sources.indexOf(from) : flatPlace([from].flat(), positions, space);
    if (place >= 0) products[place] = product ?? NaN;
    listed += product ?? NaN;
  }
  const more = style === "products" ? count - told.products.length : 0;
  const only = Math.max(0, told.sources.indexOf(told.source));
  return {
    operation: told.computes, style, sources: told.sources, products, positions,
    unlisted: { count: more, sum: more ? told.sum - told.bias - listed : 0 },
    source: (place) => (style === "terms" ? place : only),
    from: (place) => (perChannel ? first + place : told.channel),
    part: (place) => (place < blocks.length
      ? { patch: flatNumbers(blocks[place]), kernel: kernels.length ? flatNumbers(kernels[place]) : null, shape: perChannel ? space : [] }
      : guessedPart(recipe, place, products[place])),
    bias: told.bias ?? NaN, sum: told.sum ?? NaN, activation: { name: told.activation, parameters: {} },
    value: told.value ?? NaN, scale: NaN, tolerance: told.tolerance, winner: told.winner, details: told.details ?? {},
  };
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
function spacedOut(low, high, count) {
  const step = count > 1 ? (high - low) / (count - 1) : 1;
  return Array.from({ length: count }, (_, at) => low + at * step);
}

/**
 * One value and one weight, where only their product came.
 * @param {Recipe} recipe
 * @param {number} place
 * @param {number} product
 * @returns {Part}
 */
function guessedPart({ kernel }, place, product) {
  const weight = kernel && kernel.data.length === kernel.shape[0] ? kernel.data[place] : NaN;
  return { patch: Float64Array.of(product / weight), kernel: Float64Array.of(weight), shape: [] };
}

/**
 * @param {string} operation
 * @returns {Account["style"]}
 */
function styleOf(operation) {
  if (["convolution", "transposed convolution", "separable convolution", "dense"].includes(operation)) return "products";
  if (operation.endsWith("pooling") || operation === "upsampling") return "window";
  if (["sum", "difference", "product", "quotient", "mean", "maximum", "minimum"].includes(operation)) return "terms";
  return operation === "affine" ? "scaled" : "taken";
}

/** @param {any} nested @returns {number[]} */
function sizesOf(nested) {
  return Array.isArray(nested) ? [nested.length, ...sizesOf(nested[0])] : [];
}

/** @param {any} nested */
function flatNumbers(nested) {
  return Float64Array.from([nested].flat(Infinity), (one) => one ?? NaN);
}

/**
 * @param {number[]} place true position
 * @param {number[][]} positions
 * @param {number[]} space
 */
function flatPlace(place, positions, space) {
  return place.reduce((flat, at, axis) => flat * space[axis] + positions[axis].indexOf(at), 0);
}
