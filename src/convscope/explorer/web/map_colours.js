import { Atlas } from "./atlas.js";
import { lutOf } from "./colour.js";
import { finiteEnds, levelsOf, relevelled, spanOf } from "./levels.js";

/** @typedef {import("./types.js").LayerReply} LayerReply */

/** What the maps of the present run look like on the present scale, in the present colours. */
export class MapColours {
  /** @param {import("./scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
  }

  /** Scale or colours changed: those made before are of no use. */
  forget() {
    this.scope.made.drop((key) => /^(atlas|lut) /.test(key));
    this.scope.emit("colours");
  }

  /**
   * The colours: those that were chosen, else diverging ones for values of both signs, and ones
   * whose zero is paper for the others.
   * @param {boolean} signed
   * @returns {import("./colour.js").Lut}
   */
  lut(signed) {
    const { made, network: { palettes }, state: { colormap }, dark } = this.scope;
    const name = palettes[colormap] ? colormap : signed ? "RdBu" : "paper";
    const reversed = dark && name === "paper";
    return made.once(`lut ${name} ${reversed}`, () => lutOf(palettes[name], reversed));
  }

  /** The colours of weights, shares and differences: zero is white, whatever was chosen for the maps. */
  get diverging() {
    const { made, network: { palettes } } = this.scope;
    return made.once("lut diverging", () => lutOf(palettes.RdBu, false));
  }

  /** Smallest and largest value of all that is shown: of the whole network on this image. */
  get ends() {
    const { made, run, sheet, kept } = this.scope;
    return made.once(`span shared ${run?.run} `, () => {
      if (sheet) return finiteEnds(sheet.low.data, sheet.high.data);
      const pairs = kept.all(run?.run).map((one) => finiteEnds((one.ends ?? one).low.data, (one.ends ?? one).high.data));
      return finiteEnds(pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1]));
    });
  }

  /**
   * What the colours of a layer stand for.
   * @param {LayerReply} layer
   * @returns {import("./levels.js").Span}
   */
  span(layer) {
    const { made, run, state: { scale } } = this.scope;
    if (!layer.values && layer.span_low && layer.span_high && layer.scale === this.scope.asking(layer.layer).scale) return spanWritten(layer);
    return made.once(`span ${layer.layer} ${run?.run} ${scale}`, () => spanOf(layer, scale, this.ends));
  }

  /**
   * The levels of all maps of a layer.
   * @param {LayerReply} layer
   * @returns {Uint8Array}
   */
  levels(layer) {
    const size = layer.shape[1] * layer.shape[2];
    if (layer.values) return levelsOf(layer.values.data, size, this.span(layer));
    return relevelled(/** @type {Uint8Array} */ (layer.levels?.data ?? new Uint8Array()), size, spanWritten(layer), this.span(layer));
  }

  /**
   * The levels of one map.
   * @param {LayerReply} layer
   * @param {number} channel
   * @param {ArrayLike<number> | null} [exact] its values, where the layer came as levels
   * @returns {Uint8Array}
   */
  levelsOfMap(layer, channel, exact = null) {
    const size = layer.shape[1] * layer.shape[2];
    const [from, to] = [channel * size, (channel + 1) * size];
    const span = spanAt(this.span(layer), channel);
    const values = layer.values ? layer.values.data.subarray(from, to) : exact;
    if (!values) return relevelled(/** @type {Uint8Array} */ (layer.levels?.data.subarray(from, to) ?? new Uint8Array(size)), size, spanAt(spanWritten(layer), channel), span);
    // Of one value alone there is no lowest and no highest: with colours of both signs it is in the middle.
    if (span.signed && span.low[0] === span.high[0]) return new Uint8Array(size).fill(120);
    return levelsOf(values, size, span);
  }

  /**
   * All maps of a layer in colours; null while they are not there.
   * @param {string} name
   * @returns {Atlas | null}
   */
  atlas(name) {
    const layer = this.scope.maps(name);
    return layer && this.scope.made.once(`atlas ${name} ${layer.run} `, () => {
      const [count, height, width] = layer.shape;
      return new Atlas(this.levels(layer), count, height, width, this.lut(layer.signed));
    });
  }
}

/**
 * The span of levels that came in the place of values.
 * @param {LayerReply} layer
 * @returns {import("./levels.js").Span}
 */
function spanWritten(layer) {
  return { low: /** @type {Float32Array} */ (layer.span_low?.data), high: /** @type {Float32Array} */ (layer.span_high?.data), signed: layer.signed };
}

/**
 * The span of one channel.
 * @param {import("./levels.js").Span} span
 * @param {number} channel
 * @returns {import("./levels.js").Span}
 */
function spanAt({ low, high, signed }, channel) {
  return { low: low.subarray(channel, channel + 1), high: high.subarray(channel, channel + 1), signed };
}
