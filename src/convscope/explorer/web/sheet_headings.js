import { signedFigure } from "./dom.js";
import { fittedText, fontOf } from "./sheet_text.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_layout.js").Group} Group */

/**
 * Name, kind and shape, and the layer's line in the books, as far as there is room.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 */
export function paintHeading(pen, scene, group) {
  const { inks, camera, layout } = scene;
  const room = layout.measures.heading * camera.zoom;
  const wide = (group.wide + layout.measures.between * 0.7) * camera.zoom;
  const left = scene.screenX(group.x);
  const bottom = scene.screenY(group.body);
  if (bottom < -4 || bottom - room > scene.height) return;
  if (room < 11 || wide < 24) return paintSum(pen, scene, group);
  const lines = room >= 42 ? 3 : room >= 28 ? 2 : 1;
  const scale = lines === 3 ? Math.min(1.5, room / 47) : Math.min(1, room / (lines === 2 ? 28 : 14));
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  const steps = { books: 7 * scale, about: 22 * scale, name: 37 * scale };
  const hovered = scene.hover?.kind === "heading" && scene.hover.group === group;
  pen.font = fontOf(12.5 * scale, inks.family, 650);
  pen.fillStyle = hovered ? inks.accent : inks.ink;
  const name = fittedText(pen, pen.measureText(group.item.name).width <= wide ? group.item.name : scene.shortName(group), wide);
  const nameAt = bottom - (lines === 3 ? steps.name : lines === 2 ? steps.about : 4);
  pen.fillText(name, left, nameAt);
  if (hovered && name) pen.fillRect(left, nameAt + 2, pen.measureText(name).width, 1);
  if (lines === 3) {
    pen.font = fontOf(10.5 * scale, inks.family);
    pen.fillStyle = inks.soft;
    const about = aboutGroup(scene, group);
    const short = about.slice(about.indexOf("· ") + 1).trim();
    pen.fillText(pen.measureText(about).width <= wide ? about : fittedText(pen, short, wide), left, bottom - steps.about);
  }
  if (lines >= 2) paintBooks(pen, scene, group, left, bottom - steps.books, wide, scale);
}

/**
 * @param {SheetScene} scene
 * @param {Group} group
 */
function aboutGroup(scene, group) {
  const { scope } = scene;
  if (group.item.kind === "input") {
    const seen = scope.run?.seen?.shape ?? [...(scope.network.size ?? []), scope.network.colours];
    return seen.filter(Boolean).join(" × ");
  }
  const info = scope.layers.get(group.item.name);
  const shape = scene.shapeOf(group.item.name) ?? info?.shape ?? [];
  const space = scene.scope.maps(group.item.name)?.space ?? info?.space ?? shape.slice(1);
  const sizes = [shape[0], ...(group.item.kind === "maps" ? space : [])].map((size) => size ?? "?");
  return `${info?.operation ?? ""} · ${sizes.join(" × ")}`;
}

/**
 * The line of a layer in the books: its maps and the biases behind it.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} scale
 */
function paintBooks(pen, scene, group, x, y, wide, scale) {
  const parts = booksParts(scene, group);
  if (!parts) return;
  const { inks } = scene;
  const soft = fontOf(10.5 * scale, inks.family);
  const bold = fontOf(10.5 * scale, inks.family, 650);
  for (const variant of parts) {
    let long = 0;
    for (const [word, strong] of variant) {
      pen.font = strong ? bold : soft;
      long += pen.measureText(word).width + (strong ? 7 : 3) * scale;
    }
    if (long - 7 * scale > wide) continue;
    for (const [word, strong] of variant) {
      pen.font = strong ? bold : soft;
      pen.fillStyle = strong ? inks.ink : inks.soft;
      pen.fillText(word, x, y);
      x += pen.measureText(word).width + (strong ? 7 : 3) * scale;
    }
    return;
  }
}

/**
 * The words of a layer's line in the books, the longest first; the second of a pair says whether it
 * is a figure.
 * @param {SheetScene} scene
 * @param {Group} group
 * @returns {[string, boolean][][] | null}
 */
function booksParts(scene, group) {
  const { scope } = scene;
  if (group.item.head && scope.run?.score) {
    const figureOf = signedFigure(scope.run.score.value);
    return [[[scope.run.score.words, false], [figureOf, true]], [[figureOf, true]]];
  }
  const line = scope.books?.layers.find((one) => one.name === group.item.name);
  if (!line) return null;
  if (!line.crossed) return [[["maps", false], [signedFigure(line.maps), true], ["some passes beside", false]], [["maps", false], [signedFigure(line.maps), true]], [[signedFigure(line.maps), true]]];
  const [sum, biases] = [signedFigure(line.maps), signedFigure(line.biases)];
  const what = group.item.kind === "vector" ? "units" : "maps";
  const rest = Math.abs(line.remainder) > 0.005 * Math.max(Math.abs(scope.books?.score ?? 1), 1e-6) ? signedFigure(line.remainder, 2) : "";
  /** @type {[string, boolean][]} */
  const tail = rest ? [["rest", false], [rest, true]] : [];
  return [
    [[what, false], [sum, true], ["later biases", false], [biases, true], ...tail],
    [[what, false], [sum, true], ["biases", false], [biases, true], ...tail],
    [[what, false], [sum, true], [biases, true], ...tail],
    [[sum, true], [biases, true], ...tail],
    [[sum, true]],
  ];
}

/**
 * What speaks for and against in a layer, in place of a heading that has no room.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 */
function paintSum(pen, scene, group) {
  const sums = scene.sumsOf(group.item.name);
  if (!sums) return;
  const wide = group.columns * group.stepX * scene.camera.zoom - 1;
  const left = scene.screenX(group.x);
  const y = scene.screenY(group.body) - 3;
  pen.fillStyle = scene.inks.for;
  pen.fillRect(left, y, sums.for * wide, 2);
  pen.fillStyle = scene.inks.against;
  pen.fillRect(left + sums.for * wide, y, sums.against * wide, 2);
}

/**
 * The names of layers whose heading has left the view.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 */
export function paintStuck(pen, scene) {
  const { inks, camera } = scene;
  for (const group of scene.stuck()) {
    const left = Math.max(0, scene.screenX(group.x) - 4);
    const wide = Math.min(scene.width, scene.screenX(group.x) + group.wide * camera.zoom) - left;
    pen.fillStyle = inks.paper;
    pen.globalAlpha = 0.96;
    pen.fillRect(left, 0, wide, 23);
    pen.globalAlpha = 1;
    pen.fillStyle = inks.line;
    pen.fillRect(left, 23, wide, 1);
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.font = fontOf(12, inks.family, 650);
    pen.fillStyle = inks.ink;
    const name = fittedText(pen, group.item.name, wide - 10);
    pen.fillText(name, left + 5, 12);
    const after = pen.measureText(name).width + 15;
    pen.font = fontOf(11, inks.family);
    pen.fillStyle = inks.soft;
    if (name === group.item.name) pen.fillText(fittedText(pen, aboutGroup(scene, group), wide - after - 6), left + after, 12);
  }
}
