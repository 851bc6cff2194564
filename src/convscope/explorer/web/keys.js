import { moveFrame } from "./film_frames.js";
import { openHelp } from "./help.js";
import { standOf } from "./lessons.js";
import { mosaicGrid } from "./mosaic_grid.js";
import { toggleMute, toggleSolo } from "./muting.js";
import { turnSignals } from "./signals.js";
import { moveSlice, turnFlat } from "./slices.js";

/** @typedef {import("./scope.js").Scope} Scope */

const ARROWS = /** @type {Object<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });

/**
 * The keys of the whole page. On a page of its own they work wherever the focus is, in a notebook
 * while it is inside the explorer.
 * @param {Scope} scope
 */
export function listenToKeys(scope) {
  const alone = scope.host.kind !== "widget";
  if (!alone) {
    scope.root.tabIndex = -1;
    // JupyterLab would take single letters for its own commands.
    scope.root.dataset.lmSuppressShortcuts = "true";
  }
  scope.on("help", () => openHelp(scope));
  const place = /** @type {HTMLElement} */ (alone ? document : scope.root);
  place.addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !scope.network) return;
    if (alone && target !== document.body && !scope.root.contains(target)) return;
    // While a dialog is open the focus may rest on the page behind it.
    if (isTyping(target) || target.closest("[role=menu]") || scope.root.querySelector("dialog[open]")) return;
    if (press(scope, event, target)) event.preventDefault();
  }, { signal: scope.signal });
}

/**
 * Whether keys belong to the field that has the focus.
 * @param {Element} target
 */
function isTyping(target) {
  if (target instanceof HTMLInputElement) return !["checkbox", "button", "submit", "reset"].includes(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}

/**
 * @param {Scope} scope
 * @param {KeyboardEvent} event
 * @param {Element} target
 * @returns {boolean} whether the key means something here
 */
function press(scope, event, target) {
  const arrow = ARROWS[event.key];
  if (arrow) {
    // A table and a strip of pictures scroll.
    if (target.closest(".cs-tables, .cs-scrollrow")) return false;
    return event.shiftKey ? moveUnit(scope, arrow) : moveMap(scope, arrow);
  }
  const pressed = target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement;
  switch (event.key) {
    case "[": return moveLayer(scope, -1);
    case "]": return moveLayer(scope, 1);
    case ",": return moveSlice(scope, -1);
    case ".": return moveSlice(scope, 1);
    case "<": return moveFrame(scope, -1);
    case ">": return moveFrame(scope, 1);
    case "p": return turnFlat(scope);
    case "l": return turnSignals(scope);
    case "Enter": return !pressed && openLayer(scope);
    case "m": return silence(scope, toggleMute);
    case "s": return silence(scope, toggleSolo);
    case "/": return findLayer(scope);
    case "n": return goOn(scope, 1);
    case "N": return goOn(scope, -1);
    case "t": return did(scope.change({ table: !scope.state.table }));
    case "?": return did(openHelp(scope));
    case "1": return did(scope.change({ mode: "sheet" }, { back: true }));
    case "2": return did(scope.change({ mode: "layer" }, { back: true }));
    case "Escape": return did(scope.back());
    default: return false;
  }
}

/** @param {void} _ */
function did(_) {
  return true;
}

/**
 * @param {Scope} scope
 * @param {[number, number]} step
 */
function moveMap(scope, [down, right]) {
  const layer = scope.maps(scope.state.layer);
  if (!layer) return false;
  const { shown, blank } = scope.ranking.order(layer);
  const all = [...shown, ...blank];
  const place = all.indexOf(scope.state.channel);
  const next = place < 0 ? 0 : Math.max(0, Math.min(all.length - 1, place + right + down * columnsOf(scope, layer, shown.length)));
  scope.change({ channel: all[next], unit: null });
  return true;
}

/**
 * How many maps stand side by side.
 * @param {Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @param {number} count
 */
function columnsOf(scope, layer, count) {
  const scroll = scope.root.querySelector(".cs-centre .cs-scroll");
  if (scope.state.mode !== "layer" || scope.state.table || !scroll?.clientWidth) return 1;
  return mosaicGrid(scope, layer, count, scroll.clientWidth).columns;
}

/**
 * @param {Scope} scope
 * @param {[number, number]} step
 */
function moveUnit(scope, [down, right]) {
  const { layer: name, channel, unit } = scope.state;
  const layer = scope.maps(name);
  if (!layer || channel < 0) return false;
  const [, height, width] = layer.shape;
  /** @type {[number, number]} */
  const next = unit ? [Math.max(0, Math.min(height - 1, unit[0] + down)), Math.max(0, Math.min(width - 1, unit[1] + right))] : [height >> 1, width >> 1];
  scope.change({ unit: next });
  return true;
}

/**
 * @param {Scope} scope
 * @param {number} step
 */
function moveLayer(scope, step) {
  const { layers } = scope.network;
  const index = scope.layers.get(scope.state.layer)?.index ?? 0;
  const next = layers[Math.max(0, Math.min(layers.length - 1, index + step))];
  if (next && next.name !== scope.state.layer) scope.change({ layer: next.name, channel: -1, unit: null }, { back: true });
  return true;
}

/** @param {Scope} scope */
function openLayer(scope) {
  if (scope.state.mode !== "sheet") return false;
  scope.change({ mode: "layer" }, { back: true });
  return true;
}

/**
 * Of the pinned map, else of the one under the pointer.
 * @param {Scope} scope
 * @param {(scope: Scope, layer: string, channel: number) => void} toggle
 */
function silence(scope, toggle) {
  const { layer, channel } = scope.state;
  if (channel >= 0) toggle(scope, layer, channel);
  else if (scope.hover) toggle(scope, scope.hover.layer, scope.hover.channel);
  else scope.emit("status", "pin a map first: arrow keys or a click");
  return true;
}

/**
 * To the next step of the lesson, or the one before.
 * @param {Scope} scope
 * @param {number} by
 */
function goOn(scope, by) {
  if (!standOf(scope)) return false;
  scope.emit("lesson", by);
  return true;
}

/** @param {Scope} scope */
function findLayer(scope) {
  scope.change({ mode: "layer" }, { back: true });
  const search = scope.root.querySelector(".cs-rail input[type=search]");
  if (search instanceof HTMLInputElement) search.focus();
  return true;
}
