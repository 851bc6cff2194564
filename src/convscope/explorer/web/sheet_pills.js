import { drawBlank } from "./blanks.js";
import { fittedText, fontOf } from "./sheet_text.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_layout.js").Group} Group */
/** @typedef {import("./sheet_maps.js").SheetLayer} SheetLayer */

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 */
export function paintPill(pen, scene, group, layer) {
  const pill = scene.pillOf(group);
  if (!pill || pill.tall * scene.camera.zoom < 3) return;
  const { x, y, wide, tall: whole } = scene.onScreen(pill);
  const tall = Math.min(whole, 40);
  if (x > scene.width || y > scene.height || y + tall < 0) return;
  pen.font = fontOf(Math.min(14, tall * 0.64), scene.inks.family);
  const words = tall < 11 ? "" : fittedText(pen, pillWords(scene, group, layer), wide - 10);
  pen.save();
  pen.beginPath();
  pen.roundRect(x, y, words ? pen.measureText(words).width + 12 : wide, tall, Math.min(5, tall / 3));
  pen.clip();
  drawBlank(pen, "", x, y, wide, tall, scene.inks);
  pen.restore();
  if (!words) return;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillStyle = scene.hover?.kind === "pill" && scene.hover.group === group ? scene.inks.accent : scene.inks.soft;
  pen.fillText(words, x + 6, y + tall / 2 + 0.5);
}

/**
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 */
function pillWords(scene, group, layer) {
  const blank = scene.order(group.item.name)?.blank ?? [];
  const { words } = scene.scope.network;
  const zero = words.indexOf("zero here");
  const all = group.item.kind === "vector" || blank.every((channel) => layer.codes[channel] === zero);
  const dead = blank.filter((channel) => scene.scope.surveys.isDead(group.item.name, channel)).length;
  if (dead === blank.length) return `${dead} dead ${scene.opened.has(group.item.name) ? "▾" : "▸"}`;
  return `${blank.length} ${all ? "zero here" : "blank"} ${scene.opened.has(group.item.name) ? "▾" : "▸"}`;
}
