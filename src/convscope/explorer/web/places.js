/**
 * Turn a place on the page into the true position of a unit: signals are one row, of a volume one
 * slice is shown. Where its largest values are, y and x alone are known.
 * @param {[number, number]} unit
 * @param {number[]} space true sizes
 * @param {import("./types.js").Depth | null} [depth]
 * @returns {number[]}
 */
export function truePosition([y, x], space, depth = null) {
  switch (space.length) {
    case 0: return [];
    case 1: return [x];
    case 2: return [y, x];
    default: return depth && depth.slice !== null ? [depth.slice, y, x] : [y, x];
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
    default: return [place[1], place[2]];
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

/**
 * Write a true position as the axes of its layer are called.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name of the layer
 * @param {number[]} place
 */
export function trueWords(scope, name, place) {
  return place.length === 1 && scope.layers.get(name)?.kind === "recurrent" ? `time ${place[0]}` : placeWords(place);
}

/**
 * Write where a unit of a layer is, as its axes are called: `z 4, y 10, x 9`; `time 12`.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name of the layer
 * @param {[number, number]} unit
 */
export function placeOfUnit(scope, name, unit) {
  const layer = scope.maps(name);
  const info = scope.layers.get(name);
  const space = layer?.space ?? info?.space ?? [];
  if (space.length === 1) return trueWords(scope, name, [unit[1]]);
  return placeWords(truePosition(unit, space.length === 3 ? /** @type {number[]} */ (space) : [0, 0], layer?.depth));
}
