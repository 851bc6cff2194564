import { lanesWithin } from "./lanes.js";
import { groupSize, measuresOf } from "./sheet_sizes.js";

/** @typedef {import("./sheet_items.js").Item} Item */
/** @typedef {import("./sheet_sizes.js").Measures} Measures */

/**
 * Where a group lies. `body` is the top of what is below its heading. Maps lie in a grid of `columns`;
 * of a vector the first `rows` units are written as rows, the others are cells in `columns`.
 * @typedef {object} Group
 * @property {Item} item
 * @property {number} row which row of groups it stands in
 * @property {number} x
 * @property {number} y top of its heading
 * @property {number} wide
 * @property {number} body
 * @property {number} tall of the body
 * @property {number} columns
 * @property {number} rows
 * @property {number} tileWide
 * @property {number} tileTall
 * @property {number} stepX
 * @property {number} stepY
 */

/**
 * A row of groups: lanes, labels of blocks, headings, maps.
 * @typedef {{first: number, last: number, y: number, lanes: number, bars: number, head: number, bottom: number}} Row
 */

/** @typedef {{groups: Group[], rows: Row[], wide: number, tall: number, measures: Measures}} Layout */

/** Space around the sheet. */
export const MARGIN = 14;
// Tiles are not made larger than this to fill the view.
const LARGEST_TILE = 64;
// How much of a tile's size a group that is near a square is worth.
const SQUARE = 0.1;
// Shares of the view's height that are tried as height of the grids.
const HEIGHTS = Array.from({ length: 40 }, (_, step) => 0.03 * 1.092 ** step);

/**
 * Lay the groups out in rows so that the whole sheet fits a view with the largest possible tiles:
 * heights of the grids are tried one after the other.
 * @param {Item[]} items
 * @param {import("./lanes.js").Lanes} lanes
 * @param {{from: number, to: number, depth: number}[]} blocks that are open
 * @param {number} width of the view
 * @param {number} height
 * @returns {Layout}
 */
export function layoutOf(items, lanes, blocks, width, height) {
  const wide = Math.max(200, width) - 2 * MARGIN;
  const tall = Math.max(160, height) - 2 * MARGIN;
  const depth = blocks.reduce((most, { depth: own }) => Math.max(most, own + 1), 0);
  let best = { worth: 0, tile: 0, grid: tall };
  for (const share of HEIGHTS) {
    const grid = share * tall;
    /** @param {number} tile */
    const rowsAt = (tile) => rowsWithin(items, lanes, depth, measuresOf(tile), grid, wide, tall);
    let [low, high] = [0, LARGEST_TILE];
    if (rowsAt(high)) low = high;
    for (let step = 0; step < 12 && low < high; step++) {
      const middle = (low + high) / 2;
      if (rowsAt(middle)) low = middle;
      else high = middle;
    }
    // What fits does not shrink evenly: a little more may fit where less did not.
    for (let more = low * 1.015; more < LARGEST_TILE && more < low * 1.2; more *= 1.015) if (rowsAt(more)) low = more;
    if (!low) continue;
    const worth = low / (1 + SQUARE * slimness(items, measuresOf(low), grid));
    if (worth > best.worth) best = { worth, tile: low, grid };
  }
  return placedGroups(items, lanes, blocks, measuresOf(best.tile || 1), best.grid, wide);
}

/**
 * How far the groups are from squares on average: the logarithm of the longer side over the shorter.
 * @param {Item[]} items
 * @param {Measures} measures
 * @param {number} grid
 */
function slimness(items, measures, grid) {
  const maps = items.filter((item) => item.kind === "maps" && item.count > 3);
  const sum = maps.reduce((total, item) => {
    const size = groupSize(item, measures, grid);
    return total + Math.abs(Math.log((size.tall - measures.pill) / (size.columns * size.stepX)));
  }, 0);
  return maps.length ? sum / maps.length : 0;
}

/**
 * How many rows of groups there are; 0 where they do not fit.
 * @param {Item[]} items
 * @param {import("./lanes.js").Lanes} lanes
 * @param {number} depth
 * @param {Measures} measures
 * @param {number} grid
 * @param {number} wide
 * @param {number} tall
 */
function rowsWithin(items, lanes, depth, measures, grid, wide, tall) {
  const sizes = items.map((item) => groupSize(item, measures, grid));
  if (sizes.some((size) => size.wide > wide || size.tall > tall)) return 0;
  const rows = wrappedRows(sizes, measures, wide);
  let sum = -measures.below;
  for (const [first, last] of rows) {
    sum += rowTop(measures, lanes, depth, first, last).head + measures.heading + tallest(sizes, first, last) + measures.below;
  }
  return sum <= tall ? rows.length : 0;
}

/**
 * @param {{tall: number}[]} sizes
 * @param {number} first
 * @param {number} last
 */
function tallest(sizes, first, last) {
  let most = 0;
  for (let place = first; place <= last; place++) most = Math.max(most, sizes[place].tall);
  return most;
}

/**
 * Break groups into rows.
 * @param {{wide: number}[]} sizes
 * @param {Measures} measures
 * @param {number} wide
 * @returns {[number, number][]} first and last of each row
 */
function wrappedRows(sizes, measures, wide) {
  /** @type {[number, number][]} */
  const rows = [];
  let x = 0;
  sizes.forEach((size, place) => {
    if (!rows.length || x + size.wide > wide) {
      rows.push([place, place]);
      x = 0;
    }
    rows[rows.length - 1][1] = place;
    x += size.wide + measures.between;
  });
  return rows;
}

/**
 * What stands above the headings of a row: lanes and labels of blocks.
 * @param {Measures} measures
 * @param {import("./lanes.js").Lanes} lanes
 * @param {number} depth
 * @param {number} first
 * @param {number} last
 */
function rowTop(measures, lanes, depth, first, last) {
  const used = lanesWithin(lanes, first, last);
  const bars = lanes.main.length ? (used + 1) * measures.lane + measures.lane / 2 + 2 : 0;
  const head = bars + (depth ? measures.bar + (depth - 1) * measures.innerBar : 0);
  return { used, bars, head };
}

/**
 * @param {Item[]} items
 * @param {import("./lanes.js").Lanes} lanes
 * @param {{depth: number}[]} blocks
 * @param {Measures} measures
 * @param {number} grid
 * @param {number} wide
 * @returns {Layout}
 */
function placedGroups(items, lanes, blocks, measures, grid, wide) {
  const depth = blocks.reduce((most, { depth: own }) => Math.max(most, own + 1), 0);
  const sizes = items.map((item) => groupSize(item, measures, grid));
  /** @type {Group[]} */
  const groups = [];
  let y = MARGIN;
  const rows = wrappedRows(sizes, measures, wide).map(([first, last], row) => {
    const top = rowTop(measures, lanes, depth, first, last);
    const body = y + top.head + measures.heading;
    let x = MARGIN;
    for (let place = first; place <= last; place++) {
      groups.push({ item: items[place], row, x, y: y + top.head, body, ...sizes[place] });
      x += sizes[place].wide + measures.between;
    }
    const found = { first, last, y, lanes: top.used, bars: y + top.bars, head: y + top.head, bottom: body + tallest(sizes, first, last) };
    y = found.bottom + measures.below;
    return found;
  });
  const right = groups.reduce((most, group) => Math.max(most, group.x + group.wide), 0);
  return { groups, rows, wide: right + MARGIN, tall: y - measures.below + MARGIN, measures };
}
