/** Level 239 is the last that holds a value. */
export const TOP_LEVEL = 239;

/** Places of a palette that hold no value. */
export const PLACES = Object.freeze({ nan: 241, infinite: 242, blank: 243 });

export const SCALES = ["channel", "layer", "shared", "robust", "sigma"];

/**
 * What the first and the last level of every channel stand for.
 * @typedef {{low: Float32Array, high: Float32Array, signed: boolean}} Span
 */

/**
 * Find the span of a layer's channels on a scale: the rules of convscope.pictures.scale.
 * @param {import("./types.js").LayerReply} layer
 * @param {string} scale channel, layer, shared, robust, sigma or fixed(low,high)
 * @param {[number, number]} shared smallest and largest value of all that is shown
 * @returns {Span}
 */
export function spanOf(layer, scale, shared) {
  const count = layer.shape[0];
  let low = Float32Array.from((layer.ends ?? layer).low.data);
  let high = Float32Array.from((layer.ends ?? layer).high.data);
  const ends = finiteEnds(low, high);
  const fixed = readFixed(scale);
  const whole = scale === "shared" ? shared : ends;
  const signed = whole[0] < 0 && whole[1] > 0;
  if (scale === "sigma" && layer.whole_spans) {
    low = Float32Array.from(layer.whole_spans.sigma_low.data);
    high = Float32Array.from(layer.whole_spans.sigma_high.data);
  } else if (scale === "sigma" && layer.values) {
    for (let channel = 0; channel < count; channel++) {
      const [mean, deviation] = moments(layer.values.data, channel, layer.shape[1] * layer.shape[2]);
      low[channel] = mean - 2 * deviation;
      high[channel] = mean + 2 * deviation;
    }
  } else if (scale !== "channel") {
    const [first, last] = fixed ?? (scale === "robust" && layer.whole_spans ? robustOf(layer.whole_spans.robust, ends) : scale === "robust" && layer.values ? percentiles(layer.values.data, ends) : whole);
    low.fill(first);
    high.fill(last);
  }
  if (signed && !fixed && scale !== "sigma") {
    high = high.map((end, channel) => Math.max(Math.abs(end), Math.abs(low[channel])));
    low = high.map((end) => -end);
  }
  return { low, high, signed };
}

/**
 * Read fixed(low,high); null for anything else.
 * @param {string} scale
 * @returns {[number, number] | null}
 */
export function readFixed(scale) {
  const match = /^fixed\(([^,]+),([^,]+)\)$/.exec(scale.replaceAll(" ", ""));
  const ends = match ? [Number(match[1]), Number(match[2])] : [];
  return ends.length === 2 && ends[0] < ends[1] ? [ends[0], ends[1]] : null;
}

/**
 * Smallest and largest finite value.
 * @param {ArrayLike<number>} low
 * @param {ArrayLike<number>} high
 * @returns {[number, number]}
 */
export function finiteEnds(low, high) {
  let first = Infinity;
  let last = -Infinity;
  for (let at = 0; at < low.length; at++) {
    if (Number.isFinite(low[at])) first = Math.min(first, low[at]);
    if (Number.isFinite(high[at])) last = Math.max(last, high[at]);
  }
  return first <= last ? [first, last] : [0, 0];
}

/**
 * Find the largest finite value without its sign; zero where there is none. Flattened layers hold
 * more values than a function takes arguments.
 * @param {ArrayLike<number>} values
 * @returns {number}
 */
export function largestSize(values) {
  let most = 0;
  for (let at = 0; at < values.length; at++) {
    const size = Math.abs(values[at]);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}

/**
 * Turn the values of some channels into levels.
 * @param {ArrayLike<number>} values one channel after the other
 * @param {number} size values of a channel
 * @param {Span} span
 * @param {Uint8Array} [out]
 * @returns {Uint8Array}
 */
export function levelsOf(values, size, span, out = new Uint8Array(values.length)) {
  for (let channel = 0, at = 0; at < values.length; channel++) {
    const low = span.low[channel];
    const width = span.high[channel] - low;
    const factor = width > 0 ? TOP_LEVEL / width : 0;
    for (const end = at + size; at < end; at++) {
      const level = Math.floor((values[at] - low) * factor + 0.5);
      out[at] = level >= 0 ? (level > TOP_LEVEL ? ends(values[at], TOP_LEVEL) : level) : ends(values[at], 0);
    }
  }
  return out;
}

/**
 * The level of one value between two ends.
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function levelBetween(value, low, high) {
  if (!Number.isFinite(value)) return ends(value, 0);
  return high > low ? Math.min(TOP_LEVEL, Math.max(0, Math.floor(((value - low) / (high - low)) * TOP_LEVEL + 0.5))) : 0;
}

/**
 * The levels of values that all lie between the same two ends.
 * @param {ArrayLike<number>} values
 * @param {number} low
 * @param {number} high
 * @returns {Uint8Array}
 */
export function levelsBetween(values, low, high) {
  return levelsOf(values, values.length, { low: Float32Array.of(low), high: Float32Array.of(high), signed: low < 0 });
}

/**
 * Turn levels of one span into levels of another, where the values themselves are not there.
 * @param {Uint8Array} levels
 * @param {number} size values of a channel
 * @param {Span} from
 * @param {Span} to
 * @returns {Uint8Array}
 */
export function relevelled(levels, size, from, to) {
  const same = from.low.every((low, channel) => low === to.low[channel] && from.high[channel] === to.high[channel]);
  if (same) return levels;
  const out = new Uint8Array(levels.length);
  for (let channel = 0; channel * size < levels.length; channel++) {
    const values = Float32Array.from({ length: TOP_LEVEL + 1 }, (_, level) => from.low[channel] + (level / TOP_LEVEL) * (from.high[channel] - from.low[channel]));
    const moved = levelsOf(values, values.length, { low: to.low.subarray(channel), high: to.high.subarray(channel), signed: to.signed });
    for (let at = channel * size; at < (channel + 1) * size; at++) out[at] = levels[at] > TOP_LEVEL ? levels[at] : moved[levels[at]];
  }
  return out;
}

/**
 * @param {number} value
 * @param {number} level
 */
function ends(value, level) {
  if (Number.isFinite(value)) return level;
  return Number.isNaN(value) ? PLACES.nan : PLACES.infinite;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} channel
 * @param {number} size
 * @returns {[number, number]}
 */
function moments(values, channel, size) {
  let sum = 0;
  let squares = 0;
  for (let at = channel * size; at < (channel + 1) * size; at++) sum += values[at];
  const mean = sum / size;
  for (let at = channel * size; at < (channel + 1) * size; at++) squares += (values[at] - mean) ** 2;
  return [mean, Math.sqrt(squares / size)];
}

/**
 * The percentiles that Python tells of a volume, of which one slice is held.
 * @param {[number, number]} told
 * @param {[number, number]} otherwise
 * @returns {[number, number]}
 */
function robustOf(told, otherwise) {
  return told[0] < told[1] ? told : otherwise;
}

/**
 * 1st and 99th percentile, interpolated linearly as NumPy does.
 * @param {ArrayLike<number>} values
 * @param {[number, number]} otherwise where both are one value
 * @returns {[number, number]}
 */
function percentiles(values, otherwise) {
  const sorted = Float32Array.from(values).filter(Number.isFinite).sort();
  if (!sorted.length) return otherwise;
  /** @param {number} share */
  const at = (share) => {
    const place = share * (sorted.length - 1);
    const before = Math.floor(place);
    const after = Math.min(before + 1, sorted.length - 1);
    return sorted[before] + (place - before) * (sorted[after] - sorted[before]);
  };
  const low = at(0.01);
  const high = at(0.99);
  return low < high ? [low, high] : otherwise;
}
