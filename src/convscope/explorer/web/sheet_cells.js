import { cssOf, isDark } from "./colour.js";
import { figure } from "./dom.js";
import { levelBetween } from "./levels.js";
import { paintProducts } from "./sheet_products.js";
import { fontOf } from "./sheet_text.js";

/** Pixels across a unit from which on its number is written into it. */
export const NUMBERS_FROM = 24;
/** Pixels across a unit from which on it says where its number comes from. */
export const PRODUCTS_FROM = 210;

/**
 * Write the numbers into the units that are large enough, and the products behind a number into
 * those that are larger still.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetScene} scene
 * @param {import("./sheet_layout.js").Group} group
 * @param {import("./sheet_maps.js").SheetLayer} layer
 * @param {number[]} channels
 * @param {{left: number, top: number, wide: number, tall: number, stepX: number, stepY: number, first: number[], last: number[]}} grid on the screen
 */
export function paintCells(pen, scene, group, layer, channels, grid) {
  const shape = scene.shapeOf(layer.name);
  if (!shape) return;
  const [cellX, cellY] = [grid.wide / shape[2], grid.tall / shape[1]];
  if (cellX < NUMBERS_FROM || cellY < 11) return;
  const blank = [scene.scope.network.words.indexOf("zero here")];
  for (let line = grid.first[1]; line <= grid.last[1]; line++) {
    for (let column = grid.first[0]; column <= grid.last[0]; column++) {
      const channel = channels[line * group.columns + column];
      if (channel === undefined || blank.includes(layer.codes[channel])) continue;
      const corner = { x: Math.round(grid.left + column * grid.stepX), y: Math.round(grid.top + line * grid.stepY) };
      mapNumbers(pen, scene, layer, channel, shape, corner, Math.round(grid.wide) / shape[2], Math.round(grid.tall) / shape[1]);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./sheet_scene.js").SheetScene} scene
 * @param {import("./sheet_maps.js").SheetLayer} layer
 * @param {number} channel
 * @param {number[]} shape
 * @param {{x: number, y: number}} corner
 * @param {number} cellX
 * @param {number} cellY
 */
function mapNumbers(pen, scene, layer, channel, shape, corner, cellX, cellY) {
  const first = [Math.max(0, Math.floor(-corner.y / cellY)), Math.max(0, Math.floor(-corner.x / cellX))];
  const last = [Math.min(shape[1], Math.ceil((scene.height - corner.y) / cellY)), Math.min(shape[2], Math.ceil((scene.width - corner.x) / cellX))];
  if (last[0] <= first[0] || last[1] <= first[1]) return;
  const values = scene.values.map(layer.name, channel);
  if (!values) return;
  const { scope } = scene;
  const lut = scope.colours.lut(layer.signed);
  const [low, high] = colourEnds(scene, layer, channel);
  const products = Math.min(cellX, cellY) >= PRODUCTS_FROM;
  const inks = [0, 255].map((_, dark) => (dark ? "#ffffff" : "#1d252c"));
  const size = Math.min(20, Math.max(8.5, Math.min(cellX * 0.27, cellY * 0.6)));
  pen.font = fontOf(size, scene.inks.family);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let y = first[0]; y < last[0]; y++) {
    for (let x = first[1]; x < last[1]; x++) {
      const value = values[y * shape[2] + x];
      const level = levelBetween(value, low, high);
      const [left, top] = [corner.x + x * cellX, corner.y + y * cellY];
      if (products) {
        paintProducts(pen, scene, { name: layer.name, channel, unit: [y, x], value, colour: cssOf(lut, level), ink: inks[isDark(lut, level) ? 1 : 0] }, { x: left, y: top, wide: cellX, tall: cellY });
        pen.font = fontOf(size, scene.inks.family);
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        continue;
      }
      pen.fillStyle = inks[isDark(lut, level) ? 1 : 0];
      pen.fillText(fittingFigure(value, (cellX - Math.min(8, cellX * 0.13)) / (size * 0.57)), left + cellX / 2, top + cellY / 2 + 0.5);
    }
  }
}

/**
 * What the colours of a map stand for.
 * @param {import("./sheet_scene.js").SheetScene} scene
 * @param {import("./sheet_maps.js").SheetLayer} layer
 * @param {number} channel
 * @returns {[number, number]}
 */
function colourEnds(scene, layer, channel) {
  const maps = scene.scope.maps(layer.name);
  if (maps) {
    const span = scene.scope.colours.span(maps);
    return [span.low[channel], span.high[channel]];
  }
  const high = layer.signed ? Math.max(Math.abs(layer.low[channel]), Math.abs(layer.high[channel])) : layer.high[channel];
  return [layer.signed ? -high : layer.low[channel], high];
}

/**
 * Write a number with as many digits as there is room for.
 * @param {number} value
 * @param {number} room in letters
 */
export function fittingFigure(value, room) {
  for (const digits of [4, 3, 2]) {
    const words = figure(value, digits);
    if (words.length <= room) return words;
  }
  const short = value.toFixed(Math.abs(value) < 10 ? 1 : 0);
  return short.replace(/^(-?)0\.(?=[1-9])/, room < short.length ? "$1." : "$10.");
}
