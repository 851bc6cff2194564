import { figure, signedFigure } from "./dom.js";
import { mapWords } from "./map_words.js";
import { placeOfUnit } from "./places.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_found.js").Found} Found */

/**
 * The value of a unit where it is known exactly, else null.
 * @param {SheetScene} scene
 * @param {string} name
 * @param {number} channel
 * @param {[number, number] | null} unit
 * @returns {number | null}
 */
export function valueOfUnit(scene, name, channel, unit) {
  const shape = scene.shapeOf(name);
  if (!shape || !unit) return null;
  if (shape[1] * shape[2] === 1) return scene.layers.get(name)?.maximum[channel] ?? null;
  const values = scene.values.map(name, channel);
  return values ? values[unit[0] * shape[2] + unit[1]] : null;
}

/**
 * What a screen reader hears of a map.
 * @param {SheetScene} scene
 * @param {string} name
 * @param {number} channel
 */
export function sheetWords(scene, name, channel) {
  const { scope } = scene;
  if (channel < 0) return `sheet of ${scope.network.name}: ${scope.network.layers.length} layers; ${name} is chosen, no map of it: space chooses one, plus and minus zoom`;
  if (scope.maps(name)) return mapWords(scope, name, channel);
  const layer = scene.layers.get(name);
  if (!layer || channel >= layer.channels) return `${name}, channel ${channel}`;
  const share = scope.shares.get(name)?.[channel];
  const said = [`${name}, channel ${channel}`, scope.surveys.wordOf(name, channel, scope.network.words[layer.codes[channel]]), `from ${figure(layer.low[channel])} to ${figure(layer.maximum[channel])}`];
  if (share !== undefined) said.push(`contributes ${signedFigure(share)} to ${scope.books?.words}`);
  const value = valueOfUnit(scene, name, channel, scope.state.unit);
  if (value !== null && scope.state.unit) said.push(`y ${scope.state.unit[0]}, x ${scope.state.unit[1]}: ${figure(value, 4)}`);
  return said.join(", ");
}

/**
 * What the tip says of what is pointed at; empty where there is nothing to say.
 * @param {SheetScene} scene
 * @param {Found | null} found
 */
export function tipWords(scene, found) {
  if (!found) return "";
  if (found.kind === "block") return `${found.block}: click to fold`;
  if (found.kind === "folded") return `${found.block}: click to unfold`;
  const name = found.group?.item.name ?? "";
  if (found.kind === "heading") return `${name}: click to open the layer`;
  if (found.kind === "pill") return `${name}: channels ${(scene.order(name)?.blank ?? []).slice(0, 12).join(", ")}${(scene.order(name)?.blank.length ?? 0) > 12 ? " …" : ""}`;
  if (found.kind === "group" && scene.layout.measures.heading * scene.camera.zoom < 11) return name;
  if (found.kind !== "tile" || found.channel === undefined) return "";
  return tileWords(scene, name, found.channel, found.unit ?? null).join("  ");
}

/**
 * @param {SheetScene} scene
 * @param {string} name
 * @param {number} channel
 * @param {[number, number] | null} unit
 */
function tileWords(scene, name, channel, unit) {
  const layer = scene.layers.get(name);
  const shape = scene.shapeOf(name);
  const share = scene.scope.shares.get(name)?.[channel];
  const words = [`${name}  channel ${channel}`];
  const value = valueOfUnit(scene, name, channel, unit);
  if (unit && shape && shape[1] * shape[2] > 1) words.push(placeOfUnit(scene.scope, name, unit));
  if (value !== null) words.push(`= ${figure(value, 4)}`);
  else if (layer) words.push(`${figure(layer.low[channel])} … ${figure(layer.high[channel])}`);
  if (share !== undefined) words.push(`share ${signedFigure(share)}`);
  const word = layer && shape && shape[1] * shape[2] > 1 ? scene.scope.network.words[layer.codes[channel]] : "";
  if (word && word !== "active") words.push(scene.scope.surveys.wordOf(name, channel, word));
  return words;
}
