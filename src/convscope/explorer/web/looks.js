import { lutOf, pictureCanvas } from "./colour.js";
import { levelsBetween } from "./levels.js";
import { strongestUnit } from "./mapview.js";
import { endsFromZero } from "./patches.js";

/** @typedef {import("./asked.js").Asked} Asked */
/** @typedef {import("./mapview.js").Large} Large */
/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./shown.js").Shown & {layer: import("./types.js").LayerReply}} There */

/** Ways to look at the pinned map. */
export const LOOKS = /** @type {[string, string, string][]} */ ([
  ["values", "values", "the values of the map"],
  ["shares", "shares", "what every unit contributes to the score of the class"],
  ["photo", "on input", "the map laid over the input"],
  ["field", "field", "which pixels the unit listens to, laid over the input"],
]);

/**
 * @param {Scope} scope
 * @param {boolean} vector
 */
export function usableLooks(scope, vector) {
  const { differentiable, outputs, takes_images: pictures } = scope.network;
  const seen = pictures && Boolean(scope.run?.seen);
  return LOOKS.map(([name]) => name).filter((name) => name === "values" || (name === "shares" && differentiable && outputs.length && !vector)
    || (name === "photo" && seen && !vector) || (name === "field" && seen && differentiable));
}

/**
 * The pinned map as it is looked at; null while what that takes is not there.
 * @param {Scope} scope
 * @param {Asked} asked
 * @param {There} shown
 * @param {string} look
 * @returns {Large | null}
 */
export function largeLook(scope, asked, shown, look) {
  switch (look) {
    case "shares": return sharesLook(scope, asked, shown);
    case "field": return fieldLook(scope, asked, shown);
    case "photo": return photoLook(scope, shown) ?? valuesLook(scope, shown);
    default: return valuesLook(scope, shown);
  }
}

/**
 * What all looks have in common.
 * @param {Scope} scope
 * @param {There} shown
 */
function common(scope, { name, layer, height, width }) {
  return { key: `${scope.state.network} ${name}`, height, width, signal: layer.space.length === 1, points: true, picture: null };
}

/**
 * @param {Scope} scope
 * @param {There} shown
 * @returns {Large}
 */
function valuesLook(scope, shown) {
  const { channel, layer, values } = shown;
  const span = scope.colours.span(layer);
  return { ...common(scope, shown), values, low: span.low[channel], high: span.high[channel], lut: scope.colours.lut(layer.signed), levels: scope.colours.levelsOfMap(layer, channel, values) };
}

/**
 * @param {Scope} scope
 * @param {Asked} asked
 * @param {There} shown
 * @returns {Large | null}
 */
function sharesLook(scope, asked, shown) {
  const { name, channel } = shown;
  const found = asked.find("shares", { layer: name, channel, target: scope.state.target })?.values;
  if (!found) return null;
  const { low, high } = endsFromZero([found.data], true);
  return { ...common(scope, shown), values: found.data, low, high, lut: scope.colours.diverging, levels: levelsBetween(found.data, low, high) };
}

/**
 * @param {Scope} scope
 * @param {Asked} asked
 * @param {There} shown
 * @returns {Large | null}
 */
function fieldLook(scope, asked, shown) {
  const { name, channel, height, width, values } = shown;
  const unit = scope.state.unit ?? (height * width === 1 ? [0, 0] : values ? strongestUnit(values, width) : null);
  const found = unit && asked.find("field", { layer: name, channel, unit })?.effective;
  const seen = scope.run?.seen;
  if (!found || !seen) return null;
  const sizes = Float32Array.from(found.data, Math.abs);
  const { low, high } = endsFromZero([sizes]);
  const { key } = common(scope, shown);
  return { key: `${key} field`, height: found.shape[0], width: found.shape[1], signal: false, points: false, values: sizes, low, high, lut: overlayColours(scope), levels: levelsBetween(sizes, low, high), picture: dimmed(scope, seen) };
}

/**
 * @param {Scope} scope
 * @param {There} shown
 * @returns {Large | null}
 */
function photoLook(scope, shown) {
  const { height, width, values } = shown;
  const seen = scope.run?.seen;
  if (!seen) return null;
  const { low, high } = endsFromZero([values ?? []]);
  const known = values ?? new Float32Array(height * width);
  return { ...common(scope, shown), values: known, low, high, lut: low < 0 ? scope.colours.diverging : overlayColours(scope), levels: levelsBetween(known, low, high), picture: dimmed(scope, seen) };
}

/** @param {Scope} scope */
function overlayColours({ made, network: { palettes } }) {
  return made.once("lut overlay", () => lutOf(palettes.inferno ?? Object.values(palettes)[0], false));
}

/**
 * @param {Scope} scope
 * @param {import("./types.js").Numbers} seen
 */
function dimmed({ made, run }, seen) {
  return made.once(`span dimmed ${run?.run} `, () => {
    const canvas = pictureCanvas(seen);
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.fillStyle = "rgb(0 0 0 / 45%)";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    return canvas;
  });
}
