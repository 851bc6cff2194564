import { pagePlace } from "./places.js";

/**
 * Where a value of a flattened vector was before: channel and position of the layer before it.
 * Which axis runs fastest differs between frameworks, so the values say it.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name of the layer that flattens
 * @param {number} place in the vector
 * @returns {{layer: string, channel: number, place: number[], unit: [number, number]} | null} null where it is not known
 */
export function originOf(scope, name, place) {
  const info = scope.layers.get(name);
  if (info?.kind !== "reshape" || info.inputs?.length !== 1) return null;
  const flat = scope.maps(name);
  const before = scope.maps(info.inputs[0]);
  if (!flat?.values || !before?.values || before.depth || flat.space.length) return null;
  const size = before.shape[1] * before.shape[2];
  const channels = before.shape[0];
  if (size < 2 || flat.shape[0] !== channels * size) return null;
  const last = scope.made.once(`span order ${name} ${scope.run?.run} `, () => flattenedOrder(flat.values?.data ?? [], before.values?.data ?? [], channels, size));
  if (last === null) return null;
  const channel = last ? place % channels : Math.floor(place / size);
  let rest = last ? Math.floor(place / channels) : place % size;
  const found = [];
  for (let axis = before.space.length - 1; axis >= 0; axis--) {
    found.unshift(rest % before.space[axis]);
    rest = Math.floor(rest / before.space[axis]);
  }
  return { layer: before.layer, channel, place: found, unit: pagePlace(found, before.space) };
}

/**
 * Tell whether channels run fastest in a flattened vector.
 * @param {ArrayLike<number>} flat
 * @param {ArrayLike<number>} before channels first
 * @param {number} channels
 * @param {number} size
 * @returns {boolean | null} null where it holds neither order
 */
export function flattenedOrder(flat, before, channels, size) {
  let first = true;
  let last = true;
  for (let channel = 0, at = 0; channel < channels; channel++) {
    for (let place = 0; place < size; place++, at++) {
      first &&= Object.is(flat[at], before[at]);
      last &&= Object.is(flat[place * channels + channel], before[at]);
    }
  }
  return last ? true : first ? false : null;
}
