import { foldAround, openFromSheet, toggleBlank } from "./sheet_acts.js";

/** @typedef {import("./sheet_motion.js").SheetMotion} SheetMotion */
/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */

const SHEET_STEPS = /** @type {Object<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

/**
 * The keys of the sheet: arrows go from map to map, with shift from unit to unit, with control they
 * move the view.
 * @param {HTMLElement} view
 * @param {SheetMotion} motion
 */
export function listenToSheetKeys(view, motion) {
  view.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey || (event.ctrlKey && !event.key.startsWith("Arrow"))) return;
    const step = SHEET_STEPS[event.key];
    if (step) {
      if (event.ctrlKey || motion.scope.state.channel < 0 || !moveChosen(motion.scene, step, event.shiftKey)) motion.pan(-80 * step[0], -80 * step[1]);
    } else if (!pressed(motion, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/**
 * @param {SheetMotion} motion
 * @param {string} key
 * @returns {boolean} whether it means something
 */
function pressed(motion, key) {
  const { scene, scope } = motion;
  const { layer } = scope.state;
  if (key === "+" || key === "=") motion.zoom(1.4);
  else if (key === "-") motion.zoom(1 / 1.4);
  else if (key === "0") motion.fit();
  else if (key === "Enter") openFromSheet(scope, layer);
  else if (key === " ") choose(scene, layer, 0);
  else if (key === "b") toggleBlank(scene, layer);
  else if (key === "f") foldAround(scope);
  else return false;
  return true;
}

/**
 * Go to the next map, or with `units` to the next unit of the map.
 * @param {SheetScene} scene
 * @param {[number, number]} step
 * @param {boolean} units
 * @returns {boolean} whether there is a map to go from
 */
function moveChosen(scene, step, units) {
  const { scope } = scene;
  const { layer, channel, unit } = scope.state;
  const group = scene.groups.get(layer);
  const shape = scene.shapeOf(layer);
  if (!group || !shape) return false;
  if (units) {
    const [y, x] = unit ?? [shape[1] >> 1, shape[2] >> 1];
    scope.change({ unit: [Math.min(shape[1] - 1, Math.max(0, y + step[1])), Math.min(shape[2] - 1, Math.max(0, x + step[0]))] });
    return true;
  }
  const order = scene.tiled(layer);
  const place = order.indexOf(channel);
  const lines = place < group.rows && group.item.kind === "vector";
  const next = place + (step[0] && !lines ? step[0] : 0) + step[1] * (lines ? 1 : group.columns);
  if (place >= 0 && next >= 0 && next < order.length && next !== place) choose(scene, layer, next);
  else chooseBeside(scene, group, step[0] + step[1]);
  return true;
}

/**
 * Go to the nearest map of the next layer that has any.
 * @param {SheetScene} scene
 * @param {import("./sheet_layout.js").Group} group
 * @param {number} side above zero for a later layer
 */
function chooseBeside(scene, group, side) {
  const { groups } = scene.layout;
  const at = groups.indexOf(group);
  const others = (side > 0 ? groups.slice(at + 1) : groups.slice(0, at).reverse()).map((one) => one.item.name);
  const other = others.find((name) => scene.tiled(name).length);
  if (other !== undefined) choose(scene, other, side > 0 ? 0 : -1);
}

/**
 * @param {SheetScene} scene
 * @param {string} layer
 * @param {number} place of a tile; -1 is the last
 */
function choose(scene, layer, place) {
  const channel = scene.tiled(layer).at(place);
  if (channel !== undefined) scene.scope.change({ layer, channel, unit: null });
}
