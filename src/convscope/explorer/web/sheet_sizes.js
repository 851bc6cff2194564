/** @typedef {import("./sheet_items.js").Item} Item */

/**
 * Sizes in the sheet's own units, which are pixels when the whole sheet is in view.
 * @typedef {ReturnType<typeof measuresOf>} Measures
 */

// A vector of at most this many units is written out as rows as far as they fit.
const WRITTEN = 160;

/**
 * @param {number} tile
 */
export function measuresOf(tile) {
  const scale = Math.min(1, tile / 22);
  return {
    tile,
    scale,
    gapX: tile * 0.25,
    gapY: tile / 3,
    heading: 48 * scale,
    bar: Math.max(9, 15 * scale),
    innerBar: 15 * scale,
    lane: Math.max(2.5, 8 * scale),
    pill: 22 * scale,
    line: 15 * scale,
    lineWide: 128 * scale,
    cell: Math.max(0.3, tile * 0.34),
    least: 104 * scale,
    between: 4 + 18 * scale,
    below: 4 + 10 * scale,
  };
}

/**
 * How large a tile of a map is: all cover the same area, whatever their proportion.
 * @param {number} tile
 * @param {number} proportion
 */
function tileSize(tile, proportion) {
  const tileWide = tile * Math.min(2.6, Math.max(0.45, proportion ** -0.5));
  return { tileWide, tileTall: Math.min(2.6 * tile, Math.max(tile / 4, tileWide * proportion)) };
}

/**
 * How large a group is when its grid may be so high.
 * @param {Item} item
 * @param {Measures} measures
 * @param {number} grid
 * @returns {{wide: number, tall: number, columns: number, rows: number, tileWide: number, tileTall: number, stepX: number, stepY: number}}
 */
export function groupSize(item, measures, grid) {
  const { tile, least, pill, line } = measures;
  if (item.kind === "input" && !item.count) {
    return { wide: least * 0.7, tall: line * 2, columns: 1, rows: 1, tileWide: least * 0.7, tileTall: line * 2, stepX: least, stepY: tile };
  }
  if (item.kind === "input") {
    const side = Math.min(grid, Math.max(3 * tile, Math.min(grid, 112)));
    const wide = Math.min(side, side / item.proportion);
    return { wide: Math.max(least, wide), tall: wide * item.proportion, columns: 1, rows: 1, tileWide: wide, tileTall: wide * item.proportion, stepX: wide, stepY: side };
  }
  if (item.kind === "block") {
    const wide = Math.max(24, least * 1.22);
    return { wide, tall: Math.max(14, 40 * measures.scale), columns: 1, rows: 1, tileWide: wide, tileTall: tile, stepX: wide, stepY: tile };
  }
  if (item.kind === "vector") return vectorSize(item, measures, grid);
  const { tileWide, tileTall } = tileSize(tile, item.proportion);
  const stepX = tileWide + measures.gapX;
  const stepY = tileTall + measures.gapY;
  const most = Math.max(1, Math.floor((grid - pill) / stepY));
  const columns = Math.max(1, Math.ceil(item.count / most), Math.min(item.count, Math.floor(least / stepX)));
  const rows = Math.ceil(item.count / columns);
  return { wide: Math.max(least, columns * stepX), tall: rows * stepY + pill, columns, rows, tileWide, tileTall, stepX, stepY };
}

/**
 * @param {Item} item
 * @param {Measures} measures
 * @param {number} grid
 */
function vectorSize(item, measures, grid) {
  const { line, lineWide, least } = measures;
  const cell = measures.cell * (item.count <= WRITTEN ? 1 : 0.66 * Math.max(0.4, Math.min(1, Math.sqrt(1024 / item.count))));
  const most = Math.max(1, Math.floor((grid - measures.pill) / line));
  const all = item.count <= Math.max(12, most) && item.count <= WRITTEN;
  const written = all ? item.count : item.count <= WRITTEN || item.head ? Math.min(item.head ? 10 : 24, Math.floor(most * 0.75)) : 0;
  const rest = item.count - written;
  const top = written ? written * line + (rest ? line / 2 : 0) : 0;
  const high = Math.max(1, Math.floor((Math.max(grid - top, cell * 4) - (rest ? measures.pill : 0)) / cell));
  const columns = Math.max(1, Math.ceil(rest / high), Math.min(rest, Math.floor((written ? lineWide : least) / cell)));
  const under = Math.ceil(rest / columns) * cell;
  const wide = Math.max(least, written ? lineWide : 0, rest ? columns * cell : 0);
  return { wide, tall: top + under + (rest ? measures.pill : 0), columns, rows: written, tileWide: cell, tileTall: cell, stepX: cell, stepY: cell };
}
