// Levels come back from how they differ from what was expected; residual.py wrote them so, with the
// same operations in the same order.

const TOP = 239;

/**
 * What the levels of a layer stand for.
 * @typedef {object} Mapped
 * @property {Uint8Array} levels one channel after the other
 * @property {Float32Array} span_low value of level 0
 * @property {Float32Array} span_high value of level 239
 * @property {Float32Array} low
 * @property {Float32Array} high
 */

/**
 * Add up differences from the level before, in place.
 * @param {Uint8Array} differences
 */
export function addBeside(differences) {
  for (let at = 1; at < differences.length; at++) differences[at] += differences[at - 1];
}

/**
 * Add what the layer's input lets expect, in place.
 * @param {Mapped} own whose levels are differences yet
 * @param {Mapped} source
 * @param {boolean} stretched
 */
export function addBehind(own, source, stretched) {
  const count = own.low.length;
  const size = count ? own.levels.length / count : 0;
  for (let channel = 0, at = 0; channel < count; channel++) {
    const expected = expectedLevels(own, source, stretched, channel);
    for (const end = at + size; at < end; at++) own.levels[at] += expected[source.levels[at]];
  }
}

/**
 * The level that is expected behind each of 256.
 * @param {Mapped} own
 * @param {Mapped} source
 * @param {boolean} stretched
 * @param {number} channel
 */
function expectedLevels(own, source, stretched, channel) {
  const from = source.span_low[channel];
  const step = (source.span_high[channel] - from) / TOP;
  const low = own.low[channel];
  const high = own.high[channel];
  const given = source.high[channel] - source.low[channel];
  const stretch = given > 0 ? (high - low) / given : 0;
  const width = own.span_high[channel] - own.span_low[channel];
  const factor = width > 0 ? TOP / width : 0;
  const levels = new Uint8Array(256);
  for (let level = 0; level < 256; level++) {
    let value = from + level * step;
    if (stretched) value = low + (value - source.low[channel]) * stretch;
    if (value < low) value = low;
    if (value > high) value = high;
    const found = Math.floor((value - own.span_low[channel]) * factor + 0.5);
    levels[level] = found >= 0 ? Math.min(found, TOP) : 0;
  }
  return levels;
}
