/** @typedef {import("./sheet_sizes.js").Measures} Measures */
/** @typedef {import("./sheet_layout.js").Group} Group */

/**
 * Where the tile or cell of a place in a group lies.
 * @param {Group} group
 * @param {Measures} measures
 * @param {number} place
 * @returns {{x: number, y: number, wide: number, tall: number}}
 */
export function boxOf(group, measures, place) {
  const { item } = group;
  if (item.kind === "vector") {
    if (place < group.rows) return { x: group.x, y: group.body + place * measures.line, wide: measures.lineWide, tall: measures.line };
    const top = group.body + cellsTop(group, measures);
    const cell = place - group.rows;
    return { x: group.x + (cell % group.columns) * group.stepX, y: top + Math.floor(cell / group.columns) * group.stepY, wide: group.tileWide, tall: group.tileTall };
  }
  return {
    x: group.x + (place % group.columns) * group.stepX,
    y: group.body + Math.floor(place / group.columns) * group.stepY,
    wide: group.tileWide,
    tall: group.tileTall,
  };
}

/**
 * How far below the top of a vector's body its cells begin.
 * @param {Group} group
 * @param {Measures} measures
 */
export function cellsTop(group, measures) {
  return group.rows ? group.rows * measures.line + measures.line / 2 : 0;
}

/**
 * Which place of a group is at a point; -1 between tiles.
 * @param {Group} group
 * @param {Measures} measures
 * @param {number} x
 * @param {number} y
 */
export function placeAt(group, measures, x, y) {
  if (group.item.kind === "vector" && group.rows) {
    const line = Math.floor((y - group.body) / measures.line);
    if (line >= 0 && line < group.rows) return x >= group.x && x < group.x + measures.lineWide ? line : -1;
  }
  const vector = group.item.kind === "vector";
  const top = group.body + (vector ? cellsTop(group, measures) : 0);
  const column = Math.floor((x - group.x) / group.stepX);
  const line = Math.floor((y - top) / group.stepY);
  if (column < 0 || column >= group.columns || line < 0) return -1;
  const place = line * group.columns + column + (vector ? group.rows : 0);
  if (place >= group.item.count) return -1;
  // The bars beside and below a tile belong to it.
  return place;
}
