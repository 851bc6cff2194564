import { activate, spreadOf } from "./activate.js";
import { affineParts, enlargedParts, joinedParts, linearParts, mergedParts, paddedParts, takenParts, windowParts } from "./parts.js";

/** @typedef {import("./parts.js").Parts} Parts */

/**
 * What a layer computes for one channel, as the message `weights` answers.
 * @typedef {object} Recipe
 * @property {string} layer
 * @property {number} channel
 * @property {boolean} understood
 * @property {string} reason
 * @property {string} operation
 * @property {string[]} sources
 * @property {{kernel: number[], stride: number[], dilation: number[], padding: [number, number][], transposed: boolean, padding_name: string} | null} geometry
 * @property {number} [groups]
 * @property {number} [first] first input channel that the kernel sees
 * @property {import("./types.js").Numbers | null} [kernel] inputs, space
 * @property {number | null} [bias]
 * @property {{name: string, parameters: Object<string, any>}} activation
 * @property {number | null} [centre]
 * @property {number | null} [factor]
 * @property {number | null} [offset]
 * @property {number | null} [slope] of the negative side, where that is a weight
 * @property {number} [axis] of a concatenation; 0 is channel
 * @property {string} [interpolation]
 * @property {string} [dtype]
 */

/**
 * The values that a layer takes: channels first.
 * @typedef {{values: ArrayLike<number>, channels: number, space: number[]}} Volume
 */

/**
 * A patch and what it is multiplied by; NaN marks the padding.
 * @typedef {{patch: Float64Array, kernel: Float64Array | null, shape: number[]}} Part
 */

/**
 * One unit taken apart, in float64.
 * @typedef {object} Account
 * @property {string} operation
 * @property {"products" | "window" | "terms" | "scaled" | "taken"} style how its parts are put together
 * @property {string[]} sources
 * @property {ArrayLike<number>} products what is added: one an input channel, a place of the window or an input
 * @property {(place: number) => number} source which of the sources a product is from
 * @property {(place: number) => number} from which channel of that source
 * @property {(place: number) => Part} part
 * @property {number[][]} positions of the patch in the input, axis by axis
 * @property {number} bias
 * @property {number} sum
 * @property {{name: string, parameters: Object<string, any>}} activation
 * @property {number} value
 * @property {number} scale to what a rounding error is relative
 * @property {number} tolerance
 * @property {number[] | null} winner position of the largest value of a maximum pooling
 * @property {Object<string, number>} details other numbers that enter
 * @property {{count: number, sum: number}} [unlisted] products that did not come by themselves
 */

const ROUNDOFFS = /** @type {Object<string, number>} */ ({ float32: 32 * 2 ** -24, float16: 4 * 2 ** -11, bfloat16: 4 * 2 ** -8 });

/**
 * Take one unit apart: the rules of convscope.analysis.parts.
 * @param {Recipe} recipe
 * @param {Volume[]} inputs the values of its sources
 * @param {number} channel
 * @param {number[]} unit true position: z, y, x
 * @param {ArrayLike<number> | null} [logits] of all channels at this position, which a softmax needs
 * @returns {Account | null} null where only Python knows
 */
export function accountOf(recipe, inputs, channel, unit, logits = null) {
  if (!recipe.understood || inputs.length !== recipe.sources.length || !inputs.length) return null;
  switch (recipe.operation) {
    case "convolution": case "transposed convolution": case "separable convolution": case "dense":
      return ended(recipe, linearParts(recipe, inputs[0], unit), logits);
    case "maximum pooling": case "average pooling":
      return ended(recipe, windowParts(recipe, inputs[0], channel, unit), logits);
    case "sum": case "difference": case "product": case "quotient": case "mean": case "maximum": case "minimum":
      return ended(recipe, mergedParts(recipe, inputs, channel, unit), logits);
    case "affine": return ended(recipe, affineParts(recipe, inputs[0], channel, unit), logits);
    case "activation":
      if (typeof recipe.slope === "number") return ended({ ...recipe, activation: { name: "leaky_relu", parameters: { negative_slope: recipe.slope } } }, takenParts(inputs, 0, channel, unit), logits);
      // A slope for every unit did not come along.
      return recipe.activation.name === "linear" ? null : ended(recipe, takenParts(inputs, 0, channel, unit), logits);
    case "identity":
      return ended(recipe, takenParts(inputs, 0, channel, unit), logits);
    case "concatenation": return ended(recipe, joinedParts(recipe, inputs, channel, unit), logits);
    case "padding": return ended(recipe, paddedParts(recipe, inputs, channel, unit), logits);
    case "upsampling": return ended(recipe, enlargedParts(recipe, inputs, channel, unit), logits);
    default: return null;
  }
}

/**
 * Apply the activation function.
 * @param {Recipe} recipe
 * @param {Parts | null} parts
 * @param {ArrayLike<number> | null} logits
 * @returns {Account | null}
 */
function ended(recipe, parts, logits) {
  if (!parts) return null;
  const { activation } = recipe;
  const tolerance = ROUNDOFFS[recipe.dtype ?? "float32"] ?? ROUNDOFFS.float32;
  const common = { ...parts, operation: recipe.operation, sources: recipe.sources, activation, tolerance };
  if (activation.name === "softmax" || activation.name === "log_softmax") {
    if (!logits) return null;
    const largest = Array.from(logits).reduce((most, one) => Math.max(most, one), -Infinity);
    const denominator = Array.from(logits).reduce((sum, one) => sum + Math.exp(one - largest), 0);
    const share = Math.exp(parts.sum - largest) / denominator;
    const below = largest + Math.log(denominator);
    const value = activation.name === "softmax" ? share : parts.sum - below;
    const scale = activation.name === "softmax" ? share * (1 + Math.abs(parts.sum - largest) + 2 * parts.scale) : 2 * parts.scale + Math.abs(parts.sum) + Math.abs(below);
    return { ...common, value, scale, details: { "largest logit": largest, denominator } };
  }
  const value = activate(activation.name, activation.parameters, parts.sum);
  if (value === null) return null;
  return { ...common, value, scale: spreadOf(activation.name, activation.parameters, parts.sum, parts.scale, tolerance) };
}
