import { drawBlank, isBlankWord } from "./blanks.js";
import { figure } from "./dom.js";
import { largestSize } from "./levels.js";

/** Pixels below a tile for its number and value, and for the bar of its contribution. */
export const CAPTION = 16;
/** Pixels between tiles, in which the bar of strength stands. */
export const GAP = 12;

/**
 * How the tiles of a layer lie.
 * @typedef {{columns: number, rows: number, wide: number, tall: number, stepX: number, stepY: number, left: number}} Grid
 */

/**
 * Lay tiles out in rows.
 * @param {number} count
 * @param {number} width of the whole in pixels
 * @param {number} tile pixels across a tile
 * @param {number} proportion height of a map over its width
 * @returns {Grid}
 */
export function gridOf(count, width, tile, proportion) {
  const tall = Math.max(6, Math.min(4 * tile, Math.round(tile * proportion)));
  const stepX = tile + GAP;
  const left = 14;
  const columns = Math.max(1, Math.floor((width - left) / stepX));
  return { columns, rows: Math.ceil(count / columns), wide: tile, tall, stepX, stepY: tall + CAPTION + 6, left };
}

/**
 * Where the tile of a place lies.
 * @param {Grid} grid
 * @param {number} place
 * @param {number} top of all tiles
 */
export function boxInGrid(grid, place, top) {
  return { x: grid.left + (place % grid.columns) * grid.stepX, y: Math.floor(place / grid.columns) * grid.stepY + top, wide: grid.wide, tall: grid.tall };
}

/**
 * What the bars of a layer's tiles are measured by: its strongest map, and its largest contribution.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").LayerReply} layer
 */
export function barEnds(scope, layer) {
  // Until the books of this image are there, those of the one before order the maps and say no more.
  const shares = scope.shares.get(layer.layer);
  return { shares, strongest: largestSize(layer.maximum.data) || 1, most: largestSize(shares ?? []) || 1 };
}

/**
 * Draw one tile: map or hatch, number and largest value, strength and contribution.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @param {number} channel
 * @param {{x: number, y: number, wide: number, tall: number}} box
 * @param {{strongest: number, share: number, most: number, pinned: boolean, inks: ReturnType<typeof import("./blanks.js").inks>, paint?: ((pen: CanvasRenderingContext2D, channel: number, x: number, y: number, wide: number, tall: number) => void) | null}} look `share` NaN where it is not known, `most` the largest of the layer
 */
export function drawTile(pen, scope, layer, channel, box, look) {
  const { x, y, wide, tall } = box;
  const { inks } = look;
  const word = scope.network.words[layer.codes.data[channel]];
  const said = scope.surveys.wordOf(layer.layer, channel, word);
  const muted = scope.isMuted(layer.layer, channel);
  if (muted) drawBlank(pen, "muted", x, y, wide, tall, { ...inks, ground: inks.muted });
  else if (isBlankWord(word)) drawBlank(pen, said, x, y, wide, tall, inks);
  else if (look.paint) look.paint(pen, channel, x, y, wide, tall);
  else scope.colours.atlas(layer.layer)?.draw(pen, channel, x, y, wide, tall);
  pen.lineWidth = look.pinned ? 2.5 : 1;
  pen.strokeStyle = look.pinned ? inks.pin : inks.line;
  pen.strokeRect(x - 0.5, y - 0.5, wide + 1, tall + 1);
  drawStrength(pen, Math.abs(layer.maximum.data[channel]) / look.strongest, x + wide + 3, y, tall, inks.soft);
  if (!Number.isNaN(look.share)) drawShare(pen, look.share / look.most, x, y + tall + 3, wide, inks);
  if (wide < 26) return;
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "top";
  pen.textAlign = "left";
  pen.fillStyle = look.pinned ? inks.pin : inks.soft;
  pen.fillText(String(channel), x, y + tall + 7);
  if (wide < 44) return;
  pen.textAlign = "right";
  pen.fillText(word === "not a number" ? "nan" : figure(layer.maximum.data[channel], 2), x + wide, y + tall + 7);
}

/**
 * The strength of a map beside it, since a scale of its own hides it.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} strength of the strongest, 0 to 1
 * @param {number} x
 * @param {number} y
 * @param {number} tall
 * @param {string} colour
 */
export function drawStrength(pen, strength, x, y, tall, colour) {
  const long = Math.round(tall * Math.min(1, strength || 0));
  pen.fillStyle = colour;
  pen.fillRect(x, y + tall - long, 2, long);
}

/**
 * A contribution below its map: to the right and blue for the class, red against it.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} share of the largest, -1 to 1
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {{for: string, against: string}} inks
 */
export function drawShare(pen, share, x, y, wide, inks) {
  pen.fillStyle = share >= 0 ? inks.for : inks.against;
  pen.fillRect(x, y, Math.max(share ? 1 : 0, Math.abs(share) * wide), 2.5);
}

/**
 * Find the tile and the unit under a point.
 * @param {Grid} grid
 * @param {number[]} channels in the order of the tiles
 * @param {number[]} shape channels, height, width
 * @param {number} x
 * @param {number} y from the top of all tiles
 * @returns {{channel: number, unit: [number, number] | null} | null}
 */
export function tileAt(grid, channels, shape, x, y) {
  const column = Math.floor((x - grid.left) / grid.stepX);
  const row = Math.floor(y / grid.stepY);
  const place = row * grid.columns + column;
  if (column < 0 || column >= grid.columns || row < 0 || place >= channels.length) return null;
  const inX = (x - grid.left - column * grid.stepX) / grid.wide;
  const inY = (y - row * grid.stepY) / grid.tall;
  const inside = inX >= 0 && inX < 1 && inY >= 0 && inY < 1;
  const unit = /** @type {[number, number]} */ ([Math.floor(inY * shape[1]), Math.floor(inX * shape[2])]);
  return { channel: channels[place], unit: inside ? unit : null };
}
