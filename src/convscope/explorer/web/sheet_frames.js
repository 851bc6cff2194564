/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */

/**
 * Frames around the pinned map and its unit, and around what is pointed at.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 */
export function paintChosen(pen, scene) {
  const { hover, inks, scope } = scene;
  if (hover?.kind === "tile" && hover.group && hover.channel !== undefined) frame(pen, scene, hover.group.item.name, hover.channel, hover.unit ?? null, inks.accent, 1);
  const { layer, channel, unit } = scope.state;
  if (channel >= 0) frame(pen, scene, layer, channel, unit, inks.pin, 2.5);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {string} name
 * @param {number} channel
 * @param {[number, number] | null} unit
 * @param {string} colour
 * @param {number} thick
 */
function frame(pen, scene, name, channel, unit, colour, thick) {
  const box = scene.boxFor(name, channel);
  if (!box) return;
  const { x, y, wide, tall } = wholePixels(scene.onScreen(box));
  if (x > scene.width || y > scene.height || x + wide < 0 || y + tall < 0) return;
  pen.strokeStyle = colour;
  pen.lineWidth = thick;
  const out = thick / 2;
  pen.strokeRect(x - out, y - out, Math.max(3, wide) + 2 * out, Math.max(3, tall) + 2 * out);
  const shape = scene.shapeOf(name);
  if (!unit || !shape || shape[1] * shape[2] === 1 || wide / shape[2] < 5) return;
  pen.lineWidth = Math.max(1, thick * 0.8);
  pen.strokeRect(x + (unit[1] * wide) / shape[2], y + (unit[0] * tall) / shape[1], wide / shape[2], tall / shape[1]);
}

/** @param {{x: number, y: number, wide: number, tall: number}} box */
function wholePixels({ x, y, wide, tall }) {
  return { x: Math.round(x), y: Math.round(y), wide: Math.round(wide), tall: Math.round(tall) };
}
