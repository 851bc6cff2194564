import { cssOf } from "./colour.js";
import { figure, signedFigure } from "./dom.js";
import { levelBetween } from "./levels.js";
import { commonSpan } from "./sheet_maps.js";
import { cellsTop } from "./sheet_places.js";
import { headValues } from "./sheet_shares.js";
import { fittedText, fontOf } from "./sheet_text.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_products.js").ScreenBox} ScreenBox */
/** @typedef {import("./sheet_layout.js").Group} Group */
/** @typedef {import("./sheet_maps.js").SheetLayer} SheetLayer */

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 */
export function paintVector(pen, scene, group, layer) {
  const channels = scene.tiled(layer.name);
  if (group.rows) paintLines(pen, scene, group, layer, channels);
  const rest = channels.slice(group.rows);
  if (rest.length) paintUnits(pen, scene, group, layer, rest);
}

/**
 * The first units of a vector, a line each.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 * @param {number[]} channels
 */
function paintLines(pen, scene, group, layer, channels) {
  const { measures } = scene.layout;
  const { zoom } = scene.camera;
  const line = measures.line * zoom;
  const [left, top] = [scene.screenX(group.x), scene.screenY(group.body)];
  const wide = measures.lineWide * zoom;
  const values = group.item.head ? headValues(scene.scope, layer) : layer.maximum;
  const shares = group.item.head ? undefined : scene.scope.shares.get(layer.name);
  const first = Math.max(0, Math.floor(-top / line));
  const last = Math.min(group.rows, channels.length, Math.ceil((scene.height - top) / line));
  for (let place = first; place < last; place++) {
    const channel = channels[place];
    const box = { x: left, y: top + place * line, wide, tall: line };
    pen.textBaseline = "middle";
    if (group.item.head) headLine(pen, scene, layer, channel, box, values[channel]);
    else unitLine(pen, scene, layer, channel, box, values[channel], shares?.[channel]);
  }
}

/** Whether a line is high enough to say what it shows. @param {number} tall */
const isWritten = (tall) => tall >= 8;

/** @param {number} tall */
const lineFont = (tall) => Math.min(20, Math.max(7, tall * 0.7));

/**
 * What the network says of one class: its name and a figure, or a bar where there is no room.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {SheetLayer} layer
 * @param {number} channel
 * @param {ScreenBox} box
 * @param {number} value
 */
function headLine(pen, { inks, scope }, layer, channel, { x, y, wide, tall }, value) {
  const chosen = channel === scope.classIndex;
  if (chosen) {
    pen.fillStyle = inks.chosen;
    pen.fillRect(x - 3, y, wide + 6, tall);
  }
  if (!isWritten(tall)) {
    pen.fillStyle = chosen ? inks.accent : inks.faint;
    pen.fillRect(x, y + tall * 0.2, wide * Math.min(1, Math.abs(layer.maximum[channel]) / Math.max(layer.strongest, 1e-9)), tall * 0.6);
    return;
  }
  const middle = y + tall / 2;
  pen.fillStyle = inks.ink;
  pen.font = fontOf(lineFont(tall), inks.family, chosen ? 650 : 400);
  pen.textAlign = "right";
  const words = signedFigure(value, 3);
  pen.fillText(words, x + wide, middle);
  pen.textAlign = "left";
  pen.fillText(fittedText(pen, scope.label(channel), wide - pen.measureText(words).width - 6), x, middle);
}

/**
 * One unit: its number, its colour, a bar, a figure.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {SheetLayer} layer
 * @param {number} channel
 * @param {ScreenBox} box
 * @param {number} value
 * @param {number | undefined} share
 */
function unitLine(pen, scene, layer, channel, { x, y, wide, tall }, value, share) {
  const { inks, scope, most } = scene;
  const middle = y + tall / 2;
  const span = commonSpan(scope, layer) ?? { low: 0, high: 0 };
  const chip = tall * 0.62;
  const start = x + wide * 0.2;
  pen.fillStyle = cssOf(scope.colours.lut(layer.signed), levelBetween(value, span.low, span.high));
  pen.fillRect(start, middle - chip / 2, chip, chip);
  pen.strokeStyle = inks.line;
  pen.lineWidth = 1;
  if (isWritten(tall)) pen.strokeRect(start, middle - chip / 2, chip, chip);
  const from = start + chip + tall * 0.3;
  const room = (wide - (from - x)) * 0.56;
  const long = share === undefined ? (layer.strongest ? Math.abs(value) / layer.strongest : 0) : Math.abs(share) / most;
  pen.fillStyle = share === undefined ? inks.faint : share >= 0 ? inks.for : inks.against;
  const bar = Math.max(1, Math.min(1, long) * room);
  pen.beginPath();
  pen.roundRect(from, middle - tall * 0.24, bar, tall * 0.48, Math.min(3, bar / 2));
  pen.fill();
  if (!isWritten(tall)) return;
  pen.font = fontOf(lineFont(tall), inks.family);
  pen.fillStyle = inks.soft;
  pen.textAlign = "right";
  pen.fillText(String(channel), start - tall * 0.3, middle);
  pen.fillStyle = inks.ink;
  pen.textAlign = "left";
  pen.fillText(share === undefined ? figure(value, 3) : signedFigure(share, 3), from + bar + tall * 0.3, middle);
}

/**
 * Units as coloured cells, with their numbers where the zoom allows.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 * @param {number[]} channels
 */
function paintUnits(pen, scene, group, layer, channels) {
  const { zoom } = scene.camera;
  const step = group.stepX * zoom;
  const [left, top] = [scene.screenX(group.x), scene.screenY(group.body + cellsTop(group, scene.layout.measures))];
  const lines = Math.ceil(channels.length / group.columns);
  const canvas = scene.prepared.cells(group, layer, channels);
  if (canvas && step < 7) {
    pen.imageSmoothingEnabled = step < 1;
    pen.imageSmoothingQuality = "low";
    pen.drawImage(canvas, left, top, group.columns * step, lines * step);
    return;
  }
  const span = commonSpan(scene.scope, layer) ?? { low: 0, high: 0 };
  const lut = scene.scope.colours.lut(layer.signed);
  const first = [Math.max(0, Math.floor(-left / step)), Math.max(0, Math.floor(-top / step))];
  const last = [Math.min(group.columns - 1, Math.floor((scene.width - left) / step)), Math.min(lines - 1, Math.floor((scene.height - top) / step))];
  const shares = scene.scope.shares.get(layer.name);
  const edge = Math.min(2, step * 0.1);
  for (let line = first[1]; line <= last[1]; line++) {
    for (let column = first[0]; column <= last[0]; column++) {
      const place = line * group.columns + column;
      if (place >= channels.length) break;
      const channel = channels[place];
      const level = levelBetween(layer.maximum[channel], span.low, span.high);
      const box = { x: left + column * step, y: top + line * step, wide: step - edge, tall: step - edge };
      if (step < 44) {
        pen.fillStyle = cssOf(lut, level);
        pen.fillRect(box.x, box.y, box.wide, box.tall);
      } else unitCell(pen, scene, layer, channel, box, cssOf(lut, level), shares?.[channel]);
    }
  }
}

/**
 * A unit of a vector with its number, value and contribution.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {SheetLayer} layer
 * @param {number} channel
 * @param {ScreenBox} box
 * @param {string} colour
 * @param {number | undefined} share
 */
function unitCell(pen, scene, layer, channel, box, colour, share) {
  const { inks } = scene;
  const { x, y, wide, tall } = box;
  pen.fillStyle = colour;
  pen.fillRect(x, y, wide, tall * 0.3);
  pen.strokeStyle = inks.line;
  pen.lineWidth = 1;
  pen.strokeRect(x + 0.5, y + 0.5, wide - 1, tall - 1);
  const size = Math.min(18, wide * 0.2);
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.font = fontOf(size * 0.85, inks.family);
  pen.fillStyle = inks.soft;
  pen.fillText(String(channel), x + wide * 0.08, y + tall * 0.44);
  pen.font = fontOf(size, inks.family, 650);
  pen.fillStyle = inks.ink;
  pen.fillText(figure(layer.maximum[channel], 3), x + wide * 0.08, y + tall * 0.66);
  if (!share) return;
  pen.fillStyle = share > 0 ? inks.for : inks.against;
  pen.fillRect(x + wide * 0.08, y + tall * 0.84, Math.max(1, Math.min(1, Math.abs(share) / scene.most) * wide * 0.84), Math.max(2, tall * 0.06));
}
