import { paintBlocks, paintFolded } from "./sheet_blocks.js";
import { paintLanes } from "./sheet_branches.js";
import { paintChosen } from "./sheet_frames.js";
import { paintAwaited, paintMaps } from "./sheet_grid.js";
import { paintHeading, paintStuck } from "./sheet_headings.js";
import { paintPill } from "./sheet_pills.js";
import { fittedText, fontOf } from "./sheet_text.js";
import { paintVector } from "./sheet_vectors.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_layout.js").Group} Group */

/**
 * Paint what is in view.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 */
export function paintSheet(pen, scene) {
  const { layout, width, height, inks } = scene;
  scene.prepared.begin();
  pen.fillStyle = inks.paper;
  pen.fillRect(0, 0, width, height);
  const rows = layout.rows.filter((row) => scene.screenY(row.bottom + layout.measures.below) > 0 && scene.screenY(row.y) < height);
  for (const row of rows) paintBlocks(pen, scene, row);
  paintLanes(pen, scene);
  for (const row of rows) {
    for (let place = row.first; place <= row.last; place++) {
      const group = layout.groups[place];
      const left = scene.screenX(group.x);
      if (left > width || left + (group.wide + layout.measures.between) * scene.camera.zoom < 0) continue;
      paintGroup(pen, scene, group);
    }
  }
  paintChosen(pen, scene);
  paintStuck(pen, scene);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 */
function paintGroup(pen, scene, group) {
  if (group.item.kind === "block") return paintFolded(pen, scene, group);
  paintHeading(pen, scene, group);
  if (group.item.kind === "input") return paintInput(pen, scene, group);
  const layer = scene.layers.get(group.item.name);
  if (!layer) return paintAwaited(pen, scene, group);
  if (group.item.kind === "vector") paintVector(pen, scene, group, layer);
  else paintMaps(pen, scene, group, layer);
  paintPill(pen, scene, group, layer);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 */
function paintInput(pen, scene, group) {
  const { zoom } = scene.camera;
  const [x, y] = [Math.round(scene.screenX(group.x)), Math.round(scene.screenY(group.body))];
  const [wide, tall] = [Math.round(group.tileWide * zoom), Math.round(group.tileTall * zoom)];
  const picture = scene.inputPicture();
  if (picture) {
    pen.imageSmoothingEnabled = picture.width > wide;
    pen.imageSmoothingQuality = "medium";
    pen.drawImage(picture, x, y, wide, tall);
  } else {
    pen.fillStyle = scene.inks.ground;
    pen.fillRect(x, y, wide, tall);
    pen.fillStyle = scene.inks.soft;
    pen.font = fontOf(Math.min(14, tall * 0.36), scene.inks.family);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    if (scene.scope.run && tall > 20) pen.fillText(fittedText(pen, "no picture", wide - 8), x + 5, y + tall / 2);
  }
  pen.strokeStyle = scene.inks.line;
  pen.lineWidth = 1;
  pen.strokeRect(x - 0.5, y - 0.5, wide + 1, tall + 1);
}
