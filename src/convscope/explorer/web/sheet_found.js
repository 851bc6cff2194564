import { boxOf, placeAt } from "./sheet_places.js";

/** @typedef {import("./sheet_layout.js").Group} Group */
/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */

/**
 * What lies at a point of the sheet.
 * @typedef {object} Found
 * @property {"tile" | "heading" | "pill" | "block" | "folded" | "input" | "group"} kind
 * @property {Group} [group]
 * @property {number} [channel]
 * @property {[number, number] | null} [unit]
 * @property {string} [block]
 */

/**
 * Find what lies at a point of the view.
 * @param {SheetScene} scene
 * @param {number} viewX
 * @param {number} viewY
 * @returns {Found | null}
 */
export function foundAt(scene, viewX, viewY) {
  const { camera, layout } = scene;
  const x = (viewX - scene.width / 2) / camera.zoom + camera.x;
  const y = (viewY - scene.height / 2) / camera.zoom + camera.y;
  const sticky = viewY < 24 ? scene.stuck().find((group) => x >= group.x && x < group.x + group.wide) : undefined;
  if (sticky) return { kind: "heading", group: sticky };
  const row = layout.rows.find((one) => y >= one.y && y < one.bottom + layout.measures.below);
  if (!row) return null;
  const bar = scene.barsOf(row).reverse().find((one) => isInside(one, x, y));
  if (bar) return { kind: "block", block: bar.name };
  const group = layout.groups.slice(row.first, row.last + 1).find((one) => x >= one.x - 1 && x < one.x + one.wide + layout.measures.between);
  if (!group || y < group.y) return null;
  if (group.item.kind === "block") return { kind: "folded", group, block: group.item.name };
  if (y < group.body) return { kind: group.item.kind === "input" ? "group" : "heading", group };
  return foundInBody(scene, group, x, y);
}

/**
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {number} x on the sheet
 * @param {number} y
 * @returns {Found}
 */
function foundInBody(scene, group, x, y) {
  if (group.item.kind === "input") return { kind: "input", group };
  const { measures } = scene.layout;
  const pill = scene.pillOf(group);
  if (pill && isInside(pill, x, y)) return { kind: "pill", group };
  const place = placeAt(group, measures, x, y);
  const channel = place < 0 ? undefined : scene.tiled(group.item.name)[place];
  if (channel === undefined) return { kind: "group", group };
  if (group.item.kind === "vector") return { kind: "tile", group, channel, unit: [0, 0] };
  const box = boxOf(group, measures, place);
  const shape = scene.shapeOf(group.item.name) ?? [1, 1, 1];
  const unit = /** @type {[number, number]} */ ([Math.floor(((y - box.y) / box.tall) * shape[1]), Math.floor(((x - box.x) / box.wide) * shape[2])]);
  return { kind: "tile", group, channel, unit: isInside(box, x, y) ? unit : null };
}

/**
 * @param {{x: number, y: number, wide: number, tall: number}} box
 * @param {number} x
 * @param {number} y
 */
function isInside(box, x, y) {
  return x >= box.x && x < box.x + box.wide && y >= box.y && y < box.y + box.tall;
}
