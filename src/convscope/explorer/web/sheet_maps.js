/** @typedef {import("./scope.js").Scope} Scope */

/**
 * What the sheet knows of a layer on the present run: every map reduced to a tile, and its ends.
 * @typedef {object} SheetLayer
 * @property {string} name
 * @property {number} channels
 * @property {number} height of a reduced tile
 * @property {number} width
 * @property {Uint8Array | null} levels of the reduced tiles; null where the maps themselves are at hand
 * @property {Float32Array} low
 * @property {Float32Array} high
 * @property {Float32Array} maximum
 * @property {Uint8Array} codes
 * @property {boolean} signed
 * @property {number} strongest largest value without its sign
 */

/**
 * Read the overview of every layer out of the sheet's reply, or out of the maps themselves where the
 * network is small.
 * @param {Scope} scope
 * @returns {Map<string, SheetLayer>}
 */
export function sheetLayers(scope) {
  /** @type {Map<string, SheetLayer>} */
  const layers = new Map();
  const { sheet } = scope;
  if (sheet) {
    let at = 0;
    let first = 0;
    sheet.layers.forEach(({ name, channels, height, width }, place) => {
      const size = channels * height * width;
      /** @param {import("./types.js").Numbers} numbers */
      const own = (numbers) => numbers.data.subarray(first, first + channels);
      layers.set(name, withStrongest({
        name, channels, height, width,
        levels: /** @type {Uint8Array} */ (sheet.levels.data.subarray(at, at + size)),
        low: /** @type {Float32Array} */ (own(sheet.low)),
        high: /** @type {Float32Array} */ (own(sheet.high)),
        maximum: /** @type {Float32Array} */ (own(sheet.maximum)),
        codes: /** @type {Uint8Array} */ (own(sheet.codes)),
        signed: sheet.signed[place],
      }));
      at += size;
      first += channels;
    });
    return layers;
  }
  for (const { name } of scope.network.layers) {
    const maps = scope.maps(name);
    if (!maps) continue;
    const [channels, height, width] = maps.shape;
    layers.set(name, withStrongest({
      name, channels, height, width, levels: null,
      low: /** @type {Float32Array} */ (maps.low.data),
      high: /** @type {Float32Array} */ (maps.high.data),
      maximum: /** @type {Float32Array} */ (maps.maximum.data),
      codes: /** @type {Uint8Array} */ (maps.codes.data),
      signed: maps.signed,
    }));
  }
  return layers;
}

/**
 * @param {Omit<SheetLayer, "strongest">} layer
 * @returns {SheetLayer}
 */
function withStrongest(layer) {
  let strongest = 0;
  for (let channel = 0; channel < layer.channels; channel++) {
    const size = reachAt(layer, channel);
    if (size > strongest && size < Infinity) strongest = size;
  }
  return { ...layer, strongest };
}

/**
 * @param {{low: Float32Array, high: Float32Array}} layer
 * @param {number} channel
 */
function reachAt(layer, channel) {
  return Math.max(Math.abs(layer.low[channel]), Math.abs(layer.high[channel]));
}

/**
 * How strong a map is beside the strongest of its layer, 0 to 1.
 * @param {SheetLayer} layer
 * @param {number} channel
 */
export function strengthOf(layer, channel) {
  return layer.strongest ? Math.min(1, reachAt(layer, channel) / layer.strongest) : 0;
}

/**
 * Sort a layer's channels as the scope does, whether or not its maps are at hand.
 * @param {Scope} scope
 * @param {SheetLayer} layer
 * @returns {{shown: number[], blank: number[], by: string}}
 */
export function sheetOrder(scope, layer) {
  const maps = scope.maps(layer.name) ?? {
    layer: layer.name, shape: [layer.channels, layer.height, layer.width],
    codes: { data: layer.codes }, maximum: { data: layer.maximum }, mean: {}, positive: {},
  };
  const { shown, blank, by } = scope.ranking.order(/** @type {any} */ (maps));
  // One value has no spread: every unit of a vector is constant in itself.
  if (layer.height * layer.width > 1 || layer.levels === null && maps.shape[1] * maps.shape[2] > 1) return { shown, blank, by };
  const zero = scope.network.words.indexOf("zero here");
  const isZero = (/** @type {number} */ channel) => layer.codes[channel] === zero || layer.maximum[channel] === 0;
  const all = mergedOrder(shown, blank, scope.ranking.ranks.get(layer.name), by);
  return { shown: all.filter((channel) => !isZero(channel)), blank: all.filter(isZero), by };
}

/**
 * @param {number[]} shown
 * @param {number[]} blank
 * @param {Float32Array | undefined} shares
 * @param {string} by
 */
function mergedOrder(shown, blank, shares, by) {
  const all = [...shown, ...blank];
  if (!blank.length) return all;
  if (by === "contribution" && shares) return all.sort((a, b) => Math.abs(shares[b]) - Math.abs(shares[a]) || a - b);
  return by === "index" ? all.sort((a, b) => a - b) : all;
}

/**
 * Reduce maps of levels to a smaller size by area means, or enlarge them by repeating; places that
 * hold no value win over those that do.
 * @param {Uint8Array} levels one map after the other
 * @param {number} count
 * @param {[number, number]} from height and width
 * @param {[number, number]} to
 * @returns {Uint8Array}
 */
export function resampled(levels, count, [height, width], [tall, wide]) {
  if (height === tall && width === wide) return levels;
  const out = new Uint8Array(count * tall * wide);
  const rows = sourcePlaces(height, tall);
  const columns = sourcePlaces(width, wide);
  let to = 0;
  for (let map = 0; map < count; map++) {
    const base = map * height * width;
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) {
        let sum = 0;
        let most = 0;
        for (let row = rows[2 * y]; row < rows[2 * y + 1]; row++) {
          const line = base + row * width;
          for (let column = columns[2 * x]; column < columns[2 * x + 1]; column++) {
            const level = levels[line + column];
            sum += level;
            if (level > most) most = level;
          }
        }
        out[to++] = most > 239 ? most : sum / ((rows[2 * y + 1] - rows[2 * y]) * (columns[2 * x + 1] - columns[2 * x])) + 0.5;
      }
    }
  }
  return out;
}

/**
 * Which of the old places lie under every new one: first and last, the last excluded.
 * @param {number} from
 * @param {number} to
 */
function sourcePlaces(from, to) {
  const ends = new Int32Array(2 * to);
  for (let place = 0; place < to; place++) {
    ends[2 * place] = Math.floor((place * from) / to);
    ends[2 * place + 1] = Math.max(ends[2 * place] + 1, Math.floor(((place + 1) * from) / to));
  }
  return ends;
}

/**
 * Where the levels of tiles stand when their scale is another than a span for every map; null when
 * they stay as they are.
 * @param {Scope} scope
 * @param {SheetLayer} layer
 * @returns {{low: number, high: number} | null}
 */
export function commonSpan(scope, layer) {
  const { scale } = scope.state;
  if (layer.height * layer.width > 1 && (scale === "channel" || scale === "sigma" || scale === "robust")) return null;
  let low = Infinity;
  let high = -Infinity;
  if (scale === "shared") [low, high] = scope.colours.ends;
  else {
    for (let channel = 0; channel < layer.channels; channel++) {
      if (layer.low[channel] < low) low = layer.low[channel];
      if (layer.high[channel] > high) high = layer.high[channel];
    }
  }
  if (!(low <= high)) return { low: 0, high: 0 };
  if (low < 0 && high > 0) {
    high = Math.max(high, -low);
    low = -high;
  } else if (layer.height * layer.width === 1 && scale !== "shared") low = Math.min(0, low);
  return { low, high };
}

/**
 * Turn the levels of one map on a span of its own into levels on a span of all.
 * @param {SheetLayer} layer
 * @param {number} channel
 * @param {{low: number, high: number}} span
 * @returns {Uint8Array} for each of 256 levels
 */
export function onSpan(layer, channel, span) {
  let { [channel]: low } = layer.low;
  let { [channel]: high } = layer.high;
  if (layer.signed) {
    high = Math.max(Math.abs(low), Math.abs(high));
    low = -high;
  }
  const table = new Uint8Array(256);
  const width = span.high - span.low;
  for (let level = 0; level < 256; level++) {
    const value = low + (level / 239) * (high - low);
    const place = width > 0 ? Math.round(((value - span.low) / width) * 239) : 0;
    table[level] = level > 239 ? level : Math.min(239, Math.max(0, place));
  }
  return table;
}
