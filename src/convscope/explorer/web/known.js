import { accountOf } from "./arithmetic.js";
import { truePosition } from "./places.js";
import { nearValue, shownValue } from "./shown.js";
import { accountFrom } from "./told.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./asked.js").Asked} Asked */
/** @typedef {import("./shown.js").Shown & {layer: import("./types.js").LayerReply}} There */

/**
 * The unit that is looked at: the one under the pointer, else the pinned one.
 * @param {Scope} scope
 * @param {import("./shown.js").Shown} shown
 * @returns {{unit: [number, number], pinned: boolean} | null}
 */
export function lookedAt({ hover, state }, shown) {
  const single = shown.height * shown.width === 1;
  const hovered = !single && hover?.layer === state.layer && hover.channel === state.channel ? hover.unit : null;
  const unit = hovered ?? state.unit ?? (single ? /** @type {[number, number]} */ ([0, 0]) : null);
  if (!unit || unit[0] >= shown.height || unit[1] >= shown.width) return null;
  return { unit, pinned: !hovered || String(hovered) === String(state.unit) };
}

/**
 * What is known of a unit: from the numbers that the page holds, else from Python.
 * @param {Scope} scope
 * @param {Asked} asked
 * @param {There} shown
 * @param {{unit: [number, number], pinned: boolean}} at
 * @returns {import("./waterfall.js").Known}
 */
export function knownOf(scope, asked, shown, { unit, pinned }) {
  const { name, channel, layer } = shown;
  const recipe = asked.recipe(name, channel);
  const own = recipe && ownAccount(scope, asked, recipe, shown, unit);
  const muted = scope.isMuted(name, channel);
  const ask = !muted && recipe !== null && (pinned ? !scope.live || !own : !own);
  const question = { layer: name, channel, unit };
  const answer = ask ? asked.find("unit", question) : asked.known("unit", question);
  const told = answer && !answer.problem ? answer : null;
  return {
    layer: name, channel, place: layer.depth && told?.unit ? told.unit : truePosition(unit, layer.space, layer.depth), pinned, told, muted,
    recorded: told?.recorded ?? (shown.values ? shownValue(shown, unit) : scope.hover?.value ?? NaN),
    near: nearValue(shown, unit),
    account: own ?? (told && recipe && accountFrom(told, recipe)),
    why: answer?.problem ?? (recipe && !recipe.understood ? recipe.reason : muted ? "this map is muted: nothing is computed for it" : "asking …"),
  };
}

/**
 * The unit taken apart here; null where what it takes is not at hand.
 * @param {Scope} scope
 * @param {Asked} asked
 * @param {import("./arithmetic.js").Recipe} recipe
 * @param {There} shown
 * @param {[number, number]} unit
 */
function ownAccount(scope, asked, recipe, { channel, layer }, unit) {
  if (layer.depth) return null;
  const inputs = [];
  for (const source of recipe.sources ?? []) {
    if (!scope.layers.has(source)) return null;
    const maps = scope.maps(source);
    if (!maps && !scope.live) scope.need(source).then(asked.arrived, () => {});
    // Of a volume one slice is held, and a sum runs over several.
    if (!maps?.values || maps.depth) return null;
    inputs.push({ values: maps.values.data, channels: maps.shape[0], space: maps.space });
  }
  const head = scope.network.outputs.length === 1 && !unit[0] && !unit[1] ? scope.run?.logits : null;
  const logits = head && head.data.length === layer.shape[0] ? head.data : null;
  return accountOf(recipe, inputs, channel, truePosition(unit, layer.space), logits);
}
