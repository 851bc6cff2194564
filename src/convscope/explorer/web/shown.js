import { TOP_LEVEL } from "./levels.js";

/**
 * What is shown of the pinned channel; without its layer while that is not there.
 * @typedef {{name: string, channel: number, layer: import("./types.js").LayerReply | null, height: number, width: number, values: Float32Array | null}} Shown
 */

/**
 * @param {import("./scope.js").Scope} scope
 * @param {import("./asked.js").Asked} asked
 * @returns {Shown | null} null where nothing is pinned
 */
export function shownOf(scope, asked) {
  const { layer: name, channel } = scope.state;
  if (!scope.layers.has(name) || channel < 0) return null;
  const layer = scope.maps(name);
  if (!layer || channel >= layer.shape[0]) return { name, channel, layer: null, height: 0, width: 0, values: null };
  const [, height, width] = layer.shape;
  const size = height * width;
  const values = layer.values ? /** @type {Float32Array} */ (layer.values.data.subarray(channel * size, (channel + 1) * size))
    : asked.find("channel", { layer: name, channel })?.values?.data ?? null;
  return { name, channel, layer, height, width, values };
}

/**
 * The value of a unit; not a number while it is not known.
 * @param {Shown | null} shown
 * @param {[number, number]} unit
 */
export function shownValue(shown, [y, x]) {
  return shown?.values ? shown.values[y * shown.width + x] : NaN;
}

/**
 * What the level of a unit stands for, to half a level: where the values themselves are not held.
 * @param {Shown} shown
 * @param {[number, number]} unit
 */
export function nearValue({ layer, channel, height, width }, [y, x]) {
  const level = layer?.levels?.data[(channel * height + y) * width + x] ?? TOP_LEVEL + 1;
  const low = layer?.span_low?.data[channel] ?? NaN;
  const high = layer?.span_high?.data[channel] ?? NaN;
  return level > TOP_LEVEL ? NaN : low + ((high - low) * level) / TOP_LEVEL;
}
