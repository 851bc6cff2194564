/**
 * Turn a place on the page into the true position of a unit: signals are one row, the slices of a
 * volume are stacked.
 * @param {[number, number]} unit
 * @param {number[]} space true sizes
 * @returns {number[]}
 */
export function truePosition([y, x], space) {
  switch (space.length) {
    case 0: return [];
    case 1: return [x];
    case 2: return [y, x];
    default: return [Math.floor(y / Math.max(1, space[1])), y % Math.max(1, space[1]), x];
  }
}

/**
 * Turn a true position into the place on the page.
 * @param {number[]} place
 * @param {number[]} space
 * @returns {[number, number]}
 */
export function pagePlace(place, space) {
  switch (space.length) {
    case 0: return [0, 0];
    case 1: return [0, place[0]];
    case 2: return [place[0], place[1]];
    default: return [place[0] * space[1] + place[1], place[2]];
  }
}

/**
 * Write a position: `y 10, x 9`.
 * @param {number[]} place true position
 */
export function placeWords(place) {
  const axes = ["z", "y", "x"].slice(3 - place.length);
  return place.map((at, axis) => `${axes[axis]} ${at}`).join(", ");
}
