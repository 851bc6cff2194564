import { fittedText, fontOf } from "./sheet_text.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_layout.js").Group} Group */

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {import("./sheet_layout.js").Row} row
 */
export function paintBlocks(pen, scene, row) {
  const bottom = scene.screenY(row.bottom) + 3;
  for (const bar of scene.barsOf(row)) {
    const { x, y, wide, tall } = scene.onScreen(bar);
    if (x > scene.width || x + wide < 0) continue;
    pen.fillStyle = scene.inks.block;
    pen.beginPath();
    pen.roundRect(x, y, wide, bottom - y, Math.min(5, wide / 6));
    pen.fill();
    if (tall < 8.5) continue;
    const size = Math.min(13, tall * 0.78);
    pen.font = fontOf(size, scene.inks.family, 500);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillStyle = scene.inks.soft;
    const from = Math.max(x + 4, 4);
    const words = bar.continues ? `… ${bar.name}` : `▾ ${bar.name} · ${bar.count} layers`;
    pen.fillText(fittedText(pen, words, x + wide - from - 4), from, y + Math.min(tall, 30) / 2 + 0.5);
  }
}

/**
 * A block that is folded: its name, how many layers and maps it holds.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 */
export function paintFolded(pen, scene, group) {
  const { inks, layout, scope } = scene;
  const { x, y, wide, tall } = scene.onScreen({ x: group.x, y: group.y, wide: group.wide, tall: layout.measures.heading + group.tall });
  const hovered = scene.hover?.kind === "folded" && scene.hover.group === group;
  pen.fillStyle = inks.block;
  pen.strokeStyle = hovered ? inks.accent : inks.line;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.roundRect(x + 0.5, y + 0.5, wide - 1, tall - 1, Math.min(6, wide / 8));
  pen.fill();
  pen.stroke();
  const scale = Math.min(1.5, tall / 84, wide / 100);
  if (scale < 0.55) return;
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  pen.font = fontOf(11.5 * scale, inks.family, 650);
  pen.fillStyle = inks.ink;
  pen.fillText(fittedText(pen, `▸ ${group.item.name}`, wide - 12 * scale), x + 7 * scale, y + 20 * scale);
  pen.font = fontOf(10.5 * scale, inks.family);
  pen.fillStyle = inks.soft;
  let maps = 0;
  for (let index = group.item.first; index <= group.item.last; index++) maps += scope.network.layers[index]?.shape[0] ?? 0;
  pen.fillText(fittedText(pen, `${group.item.count} layers`, wide - 12 * scale), x + 7 * scale, y + 37 * scale);
  pen.fillText(fittedText(pen, `${maps.toLocaleString("en")} maps`, wide - 12 * scale), x + 7 * scale, y + 52 * scale);
}
