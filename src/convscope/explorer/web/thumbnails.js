import { mapCanvas } from "./colour.js";
import { levelsOf } from "./levels.js";

/**
 * The levels of one map on the present scale.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @param {number} channel
 * @param {ArrayLike<number> | null} [exact] its values, where the layer came as levels
 * @returns {Uint8Array}
 */
export function mapLevels(scope, layer, channel, exact = null) {
  const size = layer.shape[1] * layer.shape[2];
  const values = layer.values ? layer.values.data.subarray(channel * size, (channel + 1) * size) : exact;
  if (!values) return /** @type {Uint8Array} */ (layer.levels?.data.subarray(channel * size, (channel + 1) * size) ?? new Uint8Array(size));
  const span = scope.colours.span(layer);
  // Of one value alone there is no lowest and no highest: with colours of both signs it is in the middle.
  if (span.signed && span.low[channel] === span.high[channel]) return new Uint8Array(size).fill(120);
  return levelsOf(values, size, { low: span.low.subarray(channel, channel + 1), high: span.high.subarray(channel, channel + 1), signed: span.signed });
}

/**
 * A small picture of one map from whatever is known of it: the maps of its layer, else the sheet.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {number} channel
 * @returns {HTMLCanvasElement | null} null where nothing is known yet, or the map is one number
 */
export function thumbnailOf(scope, name, channel) {
  const layer = scope.maps(name);
  if (layer) {
    const [count, height, width] = layer.shape;
    if (height * width === 1 || channel >= count) return null;
    return mapCanvas(mapLevels(scope, layer, channel), width, height, scope.colours.lut(layer.signed));
  }
  const { sheet } = scope;
  let at = 0;
  for (const [place, one] of sheet?.layers.entries() ?? []) {
    const size = one.height * one.width;
    if (one.name === name) {
      if (size === 1 || channel >= one.channels) return null;
      const from = at + channel * size;
      return mapCanvas(/** @type {Uint8Array} */ (sheet?.levels.data).subarray(from, from + size), one.width, one.height, scope.colours.lut(sheet?.signed[place] ?? false));
    }
    at += one.channels * size;
  }
  return null;
}
