import { inks } from "./blanks.js";
import { el, sharp } from "./dom.js";
import { blankDrawer } from "./drawer.js";
import { mapWords } from "./map_words.js";
import { drawRow, linePainter, mosaicGrid } from "./mosaic_grid.js";
import { mosaicHead } from "./mosaic_head.js";
import { mosaicTip } from "./mosaic_tip.js";
import { signalLook } from "./signals.js";
import { barEnds, boxInGrid, drawTile, tileAt } from "./tiles.js";

/** @typedef {import("./scope.js").Scope} Scope */

/**
 * The maps of a layer and where their tiles lie.
 * @typedef {{layer: import("./types.js").LayerReply, shown: number[], grid: import("./tiles.js").Grid}} Laid
 */

// Pixels above the first row of tiles.
const ABOVE = 4;

/**
 * The mosaic of the chosen layer: all channels, of which those in sight are drawn.
 * @param {Scope} scope
 * @returns {HTMLElement}
 */
export function mosaicPanel(scope) {
  const head = mosaicHead(scope);
  const canvas = el("canvas");
  const spacer = el("div", { class: "cs-spacer" });
  const scroll = el("div", { class: "cs-scroll", tabindex: 0, role: "application", "aria-roledescription": "mosaic of feature maps" }, canvas, spacer);
  const drawer = blankDrawer(scope);
  const tip = mosaicTip(scope);
  const node = el("section", { class: "cs-centre", "aria-label": "maps of the layer" }, ...head.nodes, scroll, drawer.node, tip.node);
  /** @type {Laid | null} */
  let laid = null;
  let due = 0;

  const redraw = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(() => paintMosaic(scope, scroll, canvas, laid));
  };

  const lay = () => {
    const info = scope.layers.get(scope.state.layer);
    const layer = scope.maps(scope.state.layer);
    node.hidden = scope.state.mode !== "layer";
    if (node.hidden || !info) return;
    head.name(info);
    if (layer) {
      const { shown, blank, by } = scope.ranking.order(layer);
      laid = { layer, shown, grid: mosaicGrid(scope, layer, shown.length, scroll.clientWidth) };
      head.show(layer, blank.length, shown.length, by);
      spacer.style.height = `${laid.grid.rows * laid.grid.stepY + 12}px`;
      drawer.show(layer, blank);
      scroll.setAttribute("aria-label", pinnedWords(scope));
    } else {
      laid = null;
      head.show(null, 0, 0, "");
    }
    redraw();
  };

  const rank = () => {
    const { mode, sort, layer } = scope.state;
    if (mode === "layer" && sort === "ablation" && !scope.live) scope.ranking.ablate(layer).catch((problem) => scope.fail(problem));
  };

  listenToPointer(scope, scroll, tip, () => laid);
  scroll.addEventListener("scroll", redraw);
  const watch = new ResizeObserver(() => lay());
  watch.observe(scroll);
  scope.signal.addEventListener("abort", () => watch.disconnect());
  for (const event of ["run", "books", "costs", "colours", "network", "survey"]) scope.on(event, lay);
  for (const event of ["run", "live"]) scope.on(event, rank);
  scope.on("maps", (name) => name === scope.state.layer && lay());
  scope.on("state", (changed) => {
    if (["sort", "layer", "mode"].some((key) => changed.has(key))) rank();
    if (changed.has("layer")) scroll.scrollTop = 0;
    lay();
    if (changed.has("channel") && laid) bringIntoSight(scroll, laid.grid, laid.shown.indexOf(scope.state.channel));
  });
  return node;
}

/**
 * @param {Scope} scope
 * @param {HTMLElement} scroll
 * @param {HTMLCanvasElement} canvas
 * @param {Laid | null} laid
 */
function paintMosaic(scope, scroll, canvas, laid) {
  const pen = sharp(canvas, scroll.clientWidth, scroll.clientHeight);
  const colours = inks(scope.root);
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, scroll.clientWidth, scroll.clientHeight);
  if (!laid) return;
  const { layer, shown, grid } = laid;
  const top = scroll.scrollTop;
  const { shares, strongest, most } = barEnds(scope, layer);
  const paint = linePainter(scope, layer, colours);
  const rows = signalLook(scope, layer) === "strip";
  const first = Math.max(0, Math.floor(top / grid.stepY));
  const last = Math.min(grid.rows, Math.ceil((top + scroll.clientHeight) / grid.stepY));
  for (let place = first * grid.columns; place < Math.min(shown.length, last * grid.columns); place++) {
    const channel = shown[place];
    if (rows) {
      drawRow(pen, scope, layer, channel, boxInGrid(grid, place, ABOVE - top), { pinned: channel === scope.state.channel, inks: colours });
      continue;
    }
    drawTile(pen, scope, layer, channel, boxInGrid(grid, place, ABOVE - top), { paint, strongest, share: shares?.[channel] ?? NaN, most, pinned: channel === scope.state.channel, inks: colours });
  }
}

/**
 * Say what is under the pointer, and pin it with a click.
 * @param {Scope} scope
 * @param {HTMLElement} scroll
 * @param {ReturnType<typeof mosaicTip>} tip
 * @param {() => Laid | null} laidNow
 */
function listenToPointer(scope, scroll, tip, laidNow) {
  /** @param {MouseEvent} event */
  const under = (event) => {
    const laid = laidNow();
    if (!laid) return null;
    const box = scroll.getBoundingClientRect();
    const found = tileAt(laid.grid, laid.shown, laid.layer.shape, event.clientX - box.left, event.clientY - box.top + scroll.scrollTop - ABOVE);
    if (!found) return null;
    const { layer, shape, values } = laid.layer;
    const value = found.unit && values ? values.data[(found.channel * shape[1] + found.unit[0]) * shape[2] + found.unit[1]] : NaN;
    return { ...found, layer, value };
  };
  const leave = () => {
    tip.hide();
    scope.point(null);
  };
  scroll.addEventListener("pointermove", (event) => {
    const found = under(event);
    if (!found) return leave();
    scope.point(found);
    tip.show(event, found);
  });
  scroll.addEventListener("pointerleave", leave);
  scroll.addEventListener("click", (event) => {
    const found = under(event);
    if (found) scope.pin(found.layer, found.channel, found.unit);
  });
}

/** @param {Scope} scope */
function pinnedWords(scope) {
  const { layer, channel } = scope.state;
  return channel >= 0 ? mapWords(scope, layer, channel) : `${layer}, no map chosen: arrow keys choose`;
}

/**
 * @param {HTMLElement} scroll
 * @param {import("./tiles.js").Grid} grid
 * @param {number} place -1 for none
 */
function bringIntoSight(scroll, grid, place) {
  if (place < 0) return;
  const y = Math.floor(place / grid.columns) * grid.stepY;
  if (y < scroll.scrollTop) scroll.scrollTop = y;
  else if (y + grid.stepY > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = y + grid.stepY - scroll.clientHeight;
}
