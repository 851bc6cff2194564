import { Atlas } from "./atlas.js";
import { levelBetween } from "./levels.js";
import { commonSpan, onSpan, resampled, strengthOf } from "./sheet_maps.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./sheet_maps.js").SheetLayer} SheetLayer */
/** @typedef {import("./sheet_layout.js").Group} Group */

/** Pixels across a tile of a prepared layer: a speck, a dot, and a small picture with its bars. */
export const PREPARED = Object.freeze({ speck: 1, dot: 3, small: 12 });
// Milliseconds of a frame in which layers may be prepared; a pan must not stall.
const BUDGET = 7;
// Pixels of prepared small layers that are kept.
const MOST_PIXELS = 12_000_000;

/** Layers that are prepared as one canvas each, made when they are first seen, a few in a frame. */
export class PreparedLayers {
  /** @param {Scope} scope */
  constructor(scope) {
    this.scope = scope;
    /** @type {Map<string, HTMLCanvasElement>} */
    this.canvases = new Map();
    this.until = 0;
    /** Whether something was left for the next frame. */
    this.owing = false;
  }

  /** A frame begins. */
  begin() {
    this.until = performance.now() + BUDGET;
    this.owing = false;
  }

  /** Whether this frame may prepare something more; if not, the next is asked for. */
  may() {
    if (performance.now() < this.until) return true;
    this.owing = true;
    return false;
  }

  /** What was prepared shows another run, order or colours. */
  clear() {
    this.canvases.clear();
  }

  /** @param {string} layer */
  drop(layer) {
    for (const size of ["speck", "dot", "small", "cells"]) this.canvases.delete(`${size} ${layer}`);
  }

  /**
   * All tiles of a layer in their order on one canvas, with their bars where the tiles are large
   * enough; null until the next frames.
   * @param {"speck" | "dot" | "small"} size
   * @param {Group} group
   * @param {SheetLayer} layer
   * @param {number[]} channels in their order
   * @param {{most: number, inks: ReturnType<typeof import("./blanks.js").inks>}} look
   * @returns {HTMLCanvasElement | null}
   */
  tiles(size, group, layer, channels, look) {
    return this.made(`${size} ${layer.name}`, () => tilesCanvas(this.scope, PREPARED[size], group, layer, channels, look));
  }

  /**
   * The units of a vector as one pixel each.
   * @param {Group} group
   * @param {SheetLayer} layer
   * @param {number[]} channels in their order, those that are written out left aside
   * @returns {HTMLCanvasElement | null}
   */
  cells(group, layer, channels) {
    return this.made(`cells ${layer.name}`, () => cellsCanvas(this.scope, group, layer, channels));
  }

  /**
   * @param {string} key
   * @param {() => HTMLCanvasElement} make
   */
  made(key, make) {
    const known = this.canvases.get(key);
    if (known) {
      this.canvases.delete(key);
      this.canvases.set(key, known);
      return known;
    }
    if (!this.may()) return null;
    const canvas = make();
    this.canvases.set(key, canvas);
    let pixels = 0;
    for (const one of this.canvases.values()) pixels += one.width * one.height;
    for (const [other, one] of this.canvases) {
      if (pixels <= MOST_PIXELS || other === key) break;
      if (!other.startsWith("small ")) continue;
      pixels -= one.width * one.height;
      this.canvases.delete(other);
    }
    return canvas;
  }

  /**
   * The maps of a layer for tiles of a size on the screen, reduced where they are much larger; null
   * while they are not at hand.
   * @param {string} name
   * @param {number} pixels across a tile on the screen
   * @returns {Atlas | null}
   */
  atlas(name, pixels) {
    const { scope } = this;
    const maps = scope.maps(name);
    if (!maps) return null;
    const [count, height, width] = maps.shape;
    let halvings = 0;
    while (width >> (halvings + 1) >= pixels && height >> (halvings + 1) >= 4) halvings++;
    const key = `atlas ${name} ${maps.run} ${halvings ? `/${2 ** halvings}` : ""}`;
    if (!scope.made.has(key) && count * height * width > 40_000 && !this.may()) return null;
    if (!halvings) return scope.colours.atlas(name);
    return scope.made.once(key, () => {
      const size = /** @type {[number, number]} */ ([height >> halvings, width >> halvings]);
      return new Atlas(resampled(scope.colours.levels(maps), count, [height, width], size), count, size[0], size[1], scope.colours.lut(maps.signed));
    });
  }
}

/**
 * A colour of the page's style as a number that an image's memory takes.
 * @param {string} colour #rrggbb
 */
function pixelOf(colour) {
  const value = Number.parseInt(colour.slice(1, 7), 16) || 0;
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/**
 * @param {Scope} scope
 * @param {number} tile
 * @param {Group} group
 * @param {SheetLayer} layer
 * @param {number[]} channels
 * @param {{most: number, inks: ReturnType<typeof import("./blanks.js").inks>}} look
 */
function tilesCanvas(scope, tile, group, layer, channels, { most, inks }) {
  const larger = Math.max(group.tileWide, group.tileTall);
  const wide = Math.max(1, Math.round((tile * group.tileWide) / larger));
  const tall = Math.max(1, Math.round((tile * group.tileTall) / larger));
  const gap = tile > 1 ? 1 : 0;
  const stepX = Math.max(wide + gap, Math.round((wide * group.stepX) / group.tileWide));
  const stepY = Math.max(tall + gap, Math.round((tall * group.stepY) / group.tileTall));
  const canvas = document.createElement("canvas");
  canvas.width = group.columns * stepX;
  canvas.height = Math.max(1, Math.ceil(layer.channels / group.columns)) * stepY;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const lut = scope.colours.lut(layer.signed);
  const { levels, height, width } = sourceOfTiles(scope, layer);
  const small = resampled(levels, layer.channels, [height, width], [tall, wide]);
  const common = layer.levels ? commonSpan(scope, layer) : null;
  const shares = scope.shares.get(layer.name);
  const bars = tile >= PREPARED.small;
  const colours = { strength: pixelOf(inks.soft), for: pixelOf(inks.for), against: pixelOf(inks.against), muted: pixelOf(inks.muted) };
  channels.forEach((channel, place) => {
    const corner = Math.floor(place / group.columns) * stepY * canvas.width + (place % group.columns) * stepX;
    const table = common ? onSpan(layer, channel, common) : null;
    const muted = scope.isMuted(layer.name, channel);
    let from = channel * tall * wide;
    for (let y = 0; y < tall; y++) {
      for (let at = corner + y * canvas.width, end = at + wide; at < end; at++, from++) {
        pixels[at] = muted ? colours.muted : lut[table ? table[small[from]] : small[from]];
      }
    }
    if (!bars) return;
    const strong = Math.round(strengthOf(layer, channel) * tall);
    for (let y = tall - strong; y < tall; y++) pixels[corner + y * canvas.width + wide + 1] = colours.strength;
    const share = shares?.[channel] ?? 0;
    const long = Math.min(wide, Math.round((Math.abs(share) / most) * wide));
    for (let x = 0; x < Math.max(long, share ? 1 : 0); x++) {
      for (let y = tall + 1; y < tall + 3; y++) pixels[corner + y * canvas.width + x] = share > 0 ? colours.for : colours.against;
    }
  });
  pen.putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {Scope} scope
 * @param {SheetLayer} layer
 * @returns {{levels: Uint8Array, height: number, width: number}}
 */
function sourceOfTiles(scope, layer) {
  if (layer.levels) return { levels: layer.levels, height: layer.height, width: layer.width };
  const maps = scope.maps(layer.name);
  return { levels: maps ? scope.colours.levels(maps) : new Uint8Array(layer.channels * layer.height * layer.width), height: layer.height, width: layer.width };
}

/**
 * @param {Scope} scope
 * @param {Group} group
 * @param {SheetLayer} layer
 * @param {number[]} channels
 */
function cellsCanvas(scope, group, layer, channels) {
  const canvas = document.createElement("canvas");
  canvas.width = group.columns;
  canvas.height = Math.max(1, Math.ceil(channels.length / group.columns));
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const span = commonSpan(scope, layer) ?? { low: 0, high: 0 };
  const lut = scope.colours.lut(layer.signed);
  channels.forEach((channel, place) => {
    pixels[place] = lut[levelBetween(layer.maximum[channel], span.low, span.high)];
  });
  pen.putImageData(image, 0, 0);
  return canvas;
}
