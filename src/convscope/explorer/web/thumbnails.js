import { mapCanvas } from "./colour.js";

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
    return mapCanvas(scope.colours.levelsOfMap(layer, channel), width, height, scope.colours.lut(layer.signed));
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
