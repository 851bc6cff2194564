import { figure, signedFigure } from "./dom.js";
import { fittedText, fontOf } from "./sheet_text.js";

/**
 * @typedef {{name: string, channel: number, unit: [number, number], value: number, colour: string, ink: string}} ShownUnit
 * @typedef {{x: number, y: number, wide: number, tall: number}} ScreenBox
 */

/**
 * Write into a unit where its number comes from: patch × kernel of the strongest inputs, bias,
 * activation function, value, and how far the framework's is from that.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetScene} scene
 * @param {ShownUnit} unit
 * @param {ScreenBox} box
 */
export function paintProducts(pen, scene, unit, box) {
  const { inks } = scene;
  const rim = Math.max(3, box.wide * 0.02);
  const card = { x: box.x + rim, y: box.y + rim, wide: box.wide - 2 * rim, tall: box.tall - 2 * rim };
  pen.fillStyle = inks.paper;
  pen.fillRect(card.x, card.y, card.wide, card.tall);
  pen.strokeStyle = inks.line;
  pen.lineWidth = 1;
  pen.strokeRect(box.x + 0.5, box.y + 0.5, box.wide - 1, box.tall - 1);
  const size = Math.min(16, Math.max(8.5, Math.min(card.wide / 27, card.tall / 17)));
  const pad = size * 0.7;
  const head = size * 2.1;
  pen.fillStyle = unit.colour;
  pen.fillRect(box.x, box.y, box.wide, head);
  pen.textBaseline = "middle";
  pen.fillStyle = unit.ink;
  pen.textAlign = "left";
  pen.font = fontOf(size, inks.family);
  pen.fillText(`y ${unit.unit[0]}, x ${unit.unit[1]}`, card.x + pad - rim, box.y + head / 2 + 0.5);
  pen.textAlign = "right";
  pen.font = fontOf(size * 1.2, inks.family, 650);
  pen.fillText(figure(unit.value, 4), card.x + card.wide - pad + rim, box.y + head / 2 + 0.5);
  const said = scene.values.unit(unit.name, unit.channel, unit.unit);
  const inside = { x: card.x + pad, y: box.y + head + pad * 0.5, wide: card.wide - 2 * pad, tall: box.y + box.tall - rim - pad * 0.5 - (box.y + head + pad * 0.5) };
  pen.font = fontOf(size, inks.family);
  pen.textAlign = "left";
  if (!said?.products) {
    pen.fillStyle = inks.soft;
    pen.textBaseline = "top";
    pen.fillText(fittedText(pen, said?.refused ?? "…", inside.wide), inside.x, inside.y);
    return;
  }
  paintSumOf(pen, scene, said, inside, size);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetScene} scene
 * @param {any} explanation
 * @param {ScreenBox} box
 * @param {number} size of the letters
 */
function paintSumOf(pen, scene, explanation, box, size) {
  const { inks } = scene;
  const line = size * 1.45;
  const foot = explanation.kernel || explanation.bias ? 4 : 3;
  const rows = explanation.kernel ? planesOf(explanation) : [];
  const side = rows[0]?.kernel.length ?? 1;
  const room = box.tall - foot * line;
  // Cells large enough for their numbers, unless not even three inputs have room then.
  const [roomy, least] = side > 1 ? [side * size * 1.75 + size * 0.5, Math.max(side * size * 0.9, line * 1.3)] : [line, line];
  const fitting = Math.max(Math.floor(room / roomy), Math.min(3, Math.floor(room / least)));
  const count = Math.max(1, Math.min(rows.length || explanation.products.length, fitting));
  const high = Math.min(room / count, side > 1 ? size * 7.5 : line);
  let y = box.y;
  let sum = 0;
  const products = explanation.products;
  for (let place = 0; place < count; place++) {
    const { from, product } = products[place];
    sum += product;
    const found = rows.find((one) => String(one.from) === String(from));
    if (found && side > 1) planeRow(pen, inks, found, product, { ...box, y, tall: high - size * 0.35 }, size);
    else productRow(pen, inks, explanation, found, from, product, { ...box, y, tall: high }, size);
    y += high;
  }
  y = Math.min(y + size * 0.3, box.y + box.tall - foot * line);
  pen.fillStyle = inks.line;
  pen.fillRect(box.x, y, box.wide, 1);
  /** @type {[string, string, boolean][]} */
  const words = [];
  const picks = explanation.winner !== null && explanation.winner !== undefined;
  const more = products.length - count;
  if (more > 0 && !picks) words.push([`the other ${more}`, signedFigure(explanation.sum - explanation.bias - sum, 4), false]);
  if (explanation.bias) words.push(["bias", signedFigure(explanation.bias, 4), false]);
  words.push([`= ${figure(explanation.sum, 4)} → ${explanation.activation || "linear"}`, figure(explanation.value, 4), true]);
  words.push([`framework ${figure(explanation.recorded, 4)}`, `${explanation.ok ? "✓" : "✗"} Δ ${Math.abs(explanation.difference).toExponential(0)}`, false]);
  words.forEach(([left, right, strong], place) => {
    const middle = y + (place + 0.6) * line;
    pen.textBaseline = "middle";
    pen.font = fontOf(size, inks.family, strong ? 650 : 400);
    pen.fillStyle = strong ? inks.ink : inks.soft;
    pen.textAlign = "right";
    pen.fillText(right, box.x + box.wide, middle);
    pen.textAlign = "left";
    pen.fillText(fittedText(pen, left, box.wide - pen.measureText(right).width - 6), box.x, middle);
  });
}

/**
 * Patch and kernel of every input, as rows of numbers.
 * @param {any} explanation
 * @returns {{from: any, patch: (number | null)[][], kernel: number[][]}[]}
 */
function planesOf(explanation) {
  const { patch, kernel, products } = explanation;
  const names = products.map((/** @type {any} */ one) => one.from);
  if (names.some((/** @type {any} */ name) => typeof name !== "number") || patch.length !== names.length) return [];
  const sorted = [...names].sort((a, b) => a - b);
  return sorted.map((from, place) => ({ from, patch: plane(patch[place]), kernel: plane(kernel[place]) }));
}

/**
 * A list of numbers, a plane or a volume as rows.
 * @param {any} values
 * @returns {any[][]}
 */
function plane(values) {
  if (!Array.isArray(values)) return [[values]];
  if (!Array.isArray(values[0])) return [values];
  return Array.isArray(values[0][0]) ? values.flatMap(plane) : values;
}

/**
 * One input: its patch, the kernel, their product.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetInks} inks
 * @param {{from: any, patch: (number | null)[][], kernel: number[][]}} row
 * @param {number} product
 * @param {ScreenBox} box
 * @param {number} size
 */
function planeRow(pen, inks, row, product, box, size) {
  const label = size * 4.6;
  const result = size * 4.8;
  const columns = row.kernel[0].length;
  const cell = Math.min(box.tall / row.kernel.length, (box.wide - label - result - size * 1.6) / (2 * columns), size * 2.6);
  const middle = box.y + box.tall / 2;
  const top = middle - (cell * row.kernel.length) / 2;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.font = fontOf(size * 0.95, inks.family);
  pen.fillStyle = inks.soft;
  pen.fillText(`input ${row.from}`, box.x, middle);
  const numbers = /** @type {number[]} */ (row.patch.flat().filter((value) => value !== null));
  const patchMost = Math.max(1e-12, ...numbers.map(Math.abs));
  const kernelMost = Math.max(1e-12, ...row.kernel.flat().map(Math.abs));
  const left = box.x + label;
  planeCells(pen, inks, row.patch, left, top, cell, patchMost);
  pen.fillStyle = inks.soft;
  pen.textAlign = "center";
  pen.font = fontOf(size, inks.family);
  pen.fillText("×", left + columns * cell + size * 0.8, middle);
  planeCells(pen, inks, row.kernel, left + columns * cell + size * 1.6, top, cell, kernelMost);
  pen.textAlign = "right";
  pen.font = fontOf(size, inks.family, 650);
  pen.fillStyle = product >= 0 ? inks.for : inks.against;
  pen.fillText(`= ${signedFigure(product, 3)}`, box.x + box.wide, middle);
}

/**
 * Numbers as cells, blue above zero and red below; padding is hatched by a stroke.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetInks} inks
 * @param {(number | null)[][]} rows
 * @param {number} x
 * @param {number} y
 * @param {number} cell
 * @param {number} most
 */
function planeCells(pen, inks, rows, x, y, cell, most) {
  const size = Math.min(12, cell * 0.36);
  pen.textAlign = "center";
  pen.lineWidth = 1;
  rows.forEach((row, line) => row.forEach((value, column) => {
    const [left, top] = [x + column * cell, y + line * cell];
    pen.fillStyle = inks.ground;
    if (value === null) pen.fillRect(left, top, cell, cell);
    else if (value) {
      pen.globalAlpha = 0.08 + 0.5 * Math.min(1, Math.abs(value) / most);
      pen.fillStyle = value > 0 ? inks.for : inks.against;
      pen.fillRect(left, top, cell, cell);
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = inks.line;
    pen.strokeRect(left, top, cell, cell);
    if (size < 7) return;
    pen.font = fontOf(size, inks.family);
    pen.fillStyle = value === null ? inks.soft : inks.ink;
    pen.fillText(value === null ? "pad" : shortNumber(value), left + cell / 2, top + cell / 2 + 0.5);
  }));
}

/** @param {number} value */
function shortNumber(value) {
  return value === 0 ? "0" : Math.abs(value) >= 100 ? figure(value, 2) : value.toFixed(2);
}

/**
 * One input of one number: value × weight = product.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetInks} inks
 * @param {any} explanation
 * @param {{patch: (number | null)[][], kernel: number[][]} | undefined} row
 * @param {any} from
 * @param {number} product
 * @param {ScreenBox} box
 * @param {number} size
 */
function productRow(pen, inks, explanation, row, from, product, box, size) {
  const middle = box.y + box.tall / 2;
  const wins = explanation.winner && String(explanation.winner) === String(from);
  pen.textBaseline = "middle";
  pen.font = fontOf(size, inks.family, wins ? 650 : 400);
  pen.textAlign = "right";
  pen.fillStyle = row ? (product >= 0 ? inks.for : inks.against) : inks.ink;
  const right = row ? signedFigure(product, 3) : figure(product, 4);
  pen.fillText(right, box.x + box.wide, middle);
  pen.textAlign = "left";
  pen.fillStyle = wins ? inks.ink : inks.soft;
  const name = Array.isArray(from) ? `y ${from[0]}, x ${from[1]}` : typeof from === "number" ? `input ${from}` : String(from);
  const sum = row ? `${name}: ${figure(row.patch[0][0] ?? 0, 3)} × ${figure(row.kernel[0][0], 3)}` : `${name}${wins ? " is the largest" : ""}`;
  pen.fillText(fittedText(pen, sum, box.wide - pen.measureText(right).width - 8), box.x, middle);
}
