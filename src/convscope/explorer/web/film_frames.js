/** @typedef {import("./scope.js").Scope} Scope */

/**
 * Which frame of the film is shown.
 * @param {Scope} scope
 * @returns {number} from 0; -1 where there is no film
 */
export function frameOf(scope) {
  const last = (scope.network.film?.steps.length ?? 0) - 1;
  const { frame } = scope.state;
  return frame < 0 ? last : Math.min(frame, last);
}

/**
 * When a frame was recorded.
 * @param {Scope} scope
 * @param {number} frame
 */
export function frameWords(scope, frame) {
  return `step ${(scope.network.film?.steps[frame] ?? 0).toLocaleString("en")}`;
}

/**
 * Look at a frame; at the last one the page goes on to those that come.
 * @param {Scope} scope
 * @param {number} frame
 */
export function showFrame(scope, frame) {
  const last = (scope.network.film?.steps.length ?? 0) - 1;
  scope.change({ frame: frame >= last ? -1 : Math.max(0, frame) });
}

/**
 * Look at the frame before or after.
 * @param {Scope} scope
 * @param {number} by
 * @returns {boolean} whether there is a film
 */
export function moveFrame(scope, by) {
  if (!scope.network.film) return false;
  showFrame(scope, frameOf(scope) + by);
  return true;
}
