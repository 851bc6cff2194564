import { NUMBERS_FROM, PRODUCTS_FROM } from "./sheet_cells.js";

/** @typedef {import("./sheet_motion.js").SheetMotion} SheetMotion */

// Share of the view that a map fills which is flown to, and that a layer fills.
const MAP_ROOM = 0.86;
const LAYER_ROOM = 0.94;

/**
 * How near one is to a layer.
 * @param {SheetMotion} motion
 * @param {string} name
 */
export function depthOf(motion, name) {
  const { scene } = motion;
  const group = scene.groups.get(name);
  const shape = group && scene.shapeOf(name);
  if (!group || !shape || scene.camera.zoom <= motion.whole().zoom * 1.15) return "network";
  const tile = group.tileWide * scene.camera.zoom;
  if (group.item.kind === "vector") return tile < 44 ? "layer" : "numbers";
  const cell = tile / shape[2];
  return cell >= PRODUCTS_FROM ? "products" : cell >= NUMBERS_FROM ? "numbers" : tile > scene.width / 4 ? "map" : "layer";
}

/**
 * Fly as near to the chosen layer as is asked.
 * @param {SheetMotion} motion
 * @param {string} depth
 */
export function flyToDepth(motion, depth) {
  if (depth === "network") return motion.fit();
  const { scene, scope } = motion;
  const name = scope.state.layer;
  const index = scope.layers.get(name)?.index ?? 0;
  const group = scene.groups.get(name) ?? scene.layout.groups.find((one) => one.item.first <= index && one.item.last >= index);
  if (!group) return;
  if (depth === "layer") return motion.fly(motion.on(groupBox(group), LAYER_ROOM));
  const channel = scope.state.channel >= 0 ? scope.state.channel : scene.tiled(name)[0];
  const box = channel === undefined ? null : scene.boxFor(name, channel);
  const shape = scene.shapeOf(name);
  if (!box || !shape) return;
  const map = motion.on(box, MAP_ROOM);
  if (depth === "map") return motion.fly(map);
  const cell = unitBox(box, shape, scope.state.unit ?? [shape[1] >> 1, shape[2] >> 1]);
  const near = motion.on(cell, MAP_ROOM);
  motion.fly(depth === "numbers" ? { ...near, zoom: Math.max(48 / cell.wide, map.zoom) } : near);
}

/**
 * Fly into what is pointed at: its layer, then its map, then its unit.
 * @param {SheetMotion} motion
 * @param {import("./sheet_found.js").Found | null} found
 */
export function dive(motion, found) {
  const { scene } = motion;
  const { group } = found ?? {};
  if (!group || !found) return motion.fit();
  const whole = motion.on(groupBox(group), LAYER_ROOM);
  const near = group.wide * scene.camera.zoom > scene.width * 0.55 || whole.zoom < scene.camera.zoom * 1.3;
  const box = found.channel === undefined ? null : scene.boxFor(group.item.name, found.channel);
  if (!box || group.item.kind !== "maps" || !near) return motion.fly(whole);
  const map = motion.on(box, MAP_ROOM);
  if (!found.unit || map.zoom > scene.camera.zoom * 1.3) return motion.fly(map);
  motion.fly(motion.on(unitBox(box, scene.shapeOf(group.item.name) ?? [1, 1, 1], found.unit), MAP_ROOM));
}

/** @param {import("./sheet_layout.js").Group} group */
function groupBox(group) {
  return { x: group.x, y: group.y, wide: group.wide, tall: group.body + group.tall - group.y };
}

/**
 * @param {{x: number, y: number, wide: number, tall: number}} box of a map
 * @param {number[]} shape
 * @param {[number, number]} unit
 */
function unitBox(box, shape, [y, x]) {
  const [wide, tall] = [box.wide / shape[2], box.tall / shape[1]];
  return { x: box.x + x * wide, y: box.y + y * tall, wide, tall };
}
