/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */

/**
 * Do what a press on something means.
 * @param {SheetScene} scene
 * @param {import("./sheet_found.js").Found | null} found
 */
export function actOn(scene, found) {
  const { scope } = scene;
  const name = found?.group?.item.name ?? "";
  if (found?.kind === "tile" && found.channel !== undefined) scope.pin(name, found.channel, found.unit ?? null);
  else if (found?.kind === "heading") openFromSheet(scope, name);
  else if (found?.kind === "pill") toggleBlank(scene, name);
  else if ((found?.kind === "block" || found?.kind === "folded") && found.block) toggleFold(scope, found.block);
}

/**
 * @param {Scope} scope
 * @param {string} name
 */
export function openFromSheet(scope, name) {
  scope.change({ layer: name, mode: "layer", ...(name === scope.state.layer ? {} : { channel: -1, unit: null }) }, { back: true });
}

/**
 * Show the blank maps of a layer, or put them away.
 * @param {SheetScene} scene
 * @param {string} name
 */
export function toggleBlank(scene, name) {
  if (!scene.opened.delete(name)) scene.opened.add(name);
  scene.prepared.drop(name);
  scene.redraw();
}

/**
 * @param {Scope} scope
 * @param {string} block
 */
function toggleFold(scope, block) {
  const { folded } = scope.state;
  scope.change({ folded: folded.includes(block) ? folded.filter((one) => one !== block) : [...folded, block] }, { back: true });
}

/**
 * @param {Scope} scope
 * @param {boolean} fold
 */
export function foldAll(scope, fold) {
  scope.change({ folded: fold ? scope.network.blocks.map((block) => block.name) : [] });
}

/**
 * Fold the innermost block around the chosen layer, or unfold the one that hides it.
 * @param {Scope} scope
 */
export function foldAround(scope) {
  const index = scope.layers.get(scope.state.layer)?.index ?? -1;
  const around = scope.network.blocks.filter((block) => block.first <= index && index <= block.last);
  const block = around.find((one) => scope.state.folded.includes(one.name)) ?? around[around.length - 1];
  if (block) toggleFold(scope, block.name);
}
