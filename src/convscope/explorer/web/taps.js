/** @typedef {import("./arithmetic.js").Recipe} Recipe */

/**
 * The taps of a window: where each lies in the input and in the kernel; -1 in the padding.
 * @param {NonNullable<Recipe["geometry"]>} geometry
 * @param {number[]} space of the input
 * @param {number[]} unit
 * @returns {{source: Int32Array, kernel: Int32Array, shape: number[], positions: number[][]}}
 */
export function tapsOf(geometry, space, unit) {
  const axes = space.map((size, axis) => tapsAlong(geometry, axis, size, unit[axis]));
  let source = Int32Array.of(0);
  let kernel = Int32Array.of(0);
  axes.forEach(({ taps, places }, axis) => {
    const count = source.length * taps.length;
    const nextSource = new Int32Array(count);
    const nextKernel = new Int32Array(count);
    for (let before = 0, at = 0; before < source.length; before++) {
      for (let along = 0; along < taps.length; along++, at++) {
        const inside = places[along] >= 0 && places[along] < space[axis] && source[before] >= 0;
        nextSource[at] = inside ? source[before] * space[axis] + places[along] : -1;
        nextKernel[at] = kernel[before] * geometry.kernel[axis] + taps[along];
      }
    }
    source = nextSource;
    kernel = nextKernel;
  });
  return { source, kernel, shape: axes.map(({ taps }) => taps.length), positions: axes.map(({ places }) => places) };
}

/**
 * @param {NonNullable<Recipe["geometry"]>} geometry
 * @param {number} axis
 * @param {number} size of the input
 * @param {number} unit
 * @returns {{taps: number[], places: number[]}} rising in the input
 */
function tapsAlong(geometry, axis, size, unit) {
  const { kernel, stride, dilation, transposed } = geometry;
  const before = paddingBefore(geometry, axis, size);
  /** @type {[number, number][]} */
  const found = [];
  for (let tap = 0; tap < kernel[axis]; tap++) {
    if (!transposed) {
      found.push([tap, unit * stride[axis] - before + tap * dilation[axis]]);
      continue;
    }
    const place = (unit + before - tap * dilation[axis]) / stride[axis];
    if (Number.isInteger(place) && place >= 0 && place < size) found.push([tap, place]);
  }
  found.sort((a, b) => a[1] - b[1]);
  return { taps: found.map(([tap]) => tap), places: found.map(([, place]) => place) };
}

/**
 * Units added before an axis; those of `same` padding depend on the size of the input.
 * @param {NonNullable<Recipe["geometry"]>} geometry
 * @param {number} axis
 * @param {number} size
 */
export function paddingBefore(geometry, axis, size) {
  if (geometry.padding_name !== "same" || geometry.transposed) return geometry.padding[axis][0];
  return Math.floor(samePadding(geometry, axis, size) / 2);
}

/**
 * Units that `same` padding adds to an axis, before and behind.
 * @param {NonNullable<Recipe["geometry"]>} geometry
 * @param {number} axis
 * @param {number} size
 */
export function samePadding({ kernel, stride, dilation }, axis, size) {
  const extent = (kernel[axis] - 1) * dilation[axis] + 1;
  return Math.max((Math.ceil(size / stride[axis]) - 1) * stride[axis] + extent - size, 0);
}

/**
 * @param {number} rank
 * @returns {NonNullable<Recipe["geometry"]>}
 */
export function pointwise(rank) {
  const ones = Array.from({ length: rank }, () => 1);
  return { kernel: ones, stride: ones, dilation: ones, padding: ones.map(() => [0, 0]), transposed: false, padding_name: "" };
}
