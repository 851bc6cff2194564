import { Asked } from "./asked.js";
import { channelHeading } from "./channel_heading.js";
import { channelMap } from "./channel_map.js";
import { el } from "./dom.js";
import { effectPanel } from "./effect.js";
import { factsPanel } from "./facts.js";
import { filmPanel } from "./film_panel.js";
import { histogramPanel } from "./histogram.js";
import { kernelPanel } from "./kernel.js";
import { knownOf, lookedAt } from "./known.js";
import { lineagePanel } from "./lineage.js";
import { shownOf, shownValue } from "./shown.js";
import { surveyPanel } from "./survey_panel.js";
import { waterfallPanel } from "./waterfall.js";

/**
 * The pinned channel: its map, large, and where its values come from and go to; the facts of the
 * layer while none is pinned.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function channelPanel(scope) {
  const asked = new Asked(scope, () => refreshSoon());
  const heading = channelHeading(scope);
  const map = channelMap(scope, asked);
  const histogram = histogramPanel(scope);
  const effect = effectPanel(scope);
  const waterfall = waterfallPanel(scope);
  const kernel = kernelPanel(scope);
  const lineage = lineagePanel(scope);
  const survey = surveyPanel(scope);
  const film = filmPanel(scope, asked);
  const facts = factsPanel(scope);
  const pinned = el("div", { class: "cs-pinned" },
    el("div", { class: "cs-first" }, heading.node, effect.node, ...map.nodes, histogram.node, survey.node, film.node),
    el("div", { class: "cs-second" }, waterfall.node, kernel.node, lineage.node));
  const node = el("section", { class: "cs-channel", "aria-label": "channel", tabindex: -1 }, facts.node, pinned, map.said);

  let due = 0;
  let hoverDue = 0;
  /** @type {import("./shown.js").Shown | null} */
  let shown = null;

  const refreshSoon = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(refresh);
  };

  const refresh = () => {
    if (!scope.network) return;
    const { mode, layer, channel } = scope.state;
    const isPinned = channel >= 0 && scope.layers.has(layer);
    node.hidden = mode === "sheet" && !isPinned;
    if (node.hidden) return;
    const held = node.contains(document.activeElement);
    pinned.hidden = !isPinned;
    node.setAttribute("aria-label", isPinned ? `channel ${channel} of ${layer}` : `layer ${layer}`);
    if (!isPinned) {
      facts.show(asked.recipe(layer, 0));
      shown = null;
      return;
    }
    facts.node.hidden = true;
    showPinned(layer, channel);
    if (held) keepFocus(node);
  };

  /**
   * @param {string} layer
   * @param {number} channel
   */
  const showPinned = (layer, channel) => {
    shown = shownOf(scope, asked);
    heading.show(shown);
    effect.show();
    survey.show();
    film.show();
    map.show(shown);
    histogram.show(shown && shown.height * shown.width > 1 ? shown.values : null);
    kernel.show(asked.recipe(layer, channel));
    lineage.show(scope.live ? null : kinOf(asked.find("lineage", { layer, channel, count: 6 })));
    showUnit();
  };

  const showUnit = () => {
    const layer = shown?.layer;
    const at = shown && layer && lookedAt(scope, shown);
    if (!shown || !layer || !at) {
      histogram.mark(NaN);
      waterfall.show(null, layer ? "Point at a unit of the map to see where its value comes from; click to pin it." : "running …");
      return;
    }
    histogram.mark(shown.values ? shownValue(shown, at.unit) : scope.hover?.value ?? NaN);
    waterfall.show(knownOf(scope, asked, { ...shown, layer }, at));
  };

  node.addEventListener("keydown", (event) => {
    if (event.key !== "Backspace" || event.target instanceof HTMLInputElement) return;
    scope.back();
    event.preventDefault();
    event.stopPropagation();
  });
  const watch = new ResizeObserver(() => {
    map.redraw();
    histogram.redraw();
    survey.redraw();
    film.redraw();
  });
  watch.observe(node);
  scope.signal.addEventListener("abort", () => watch.disconnect());
  scope.on("network", () => {
    asked.forget();
    refreshSoon();
  });
  for (const event of ["state", "run", "maps", "books", "colours", "sheet", "live", "survey", "film"]) scope.on(event, refreshSoon);
  scope.on("hover", () => {
    cancelAnimationFrame(hoverDue);
    hoverDue = requestAnimationFrame(() => {
      if (node.hidden || !shown) return;
      map.redrawMap();
      showUnit();
    });
  });
  return node;
}

/**
 * What was pressed may be gone, such as a thumbnail that was followed: keys stay in the panel.
 * @param {HTMLElement} node
 */
function keepFocus(node) {
  const focused = document.activeElement;
  if (!node.contains(focused) || (focused instanceof HTMLElement && focused !== node && !focused.offsetParent)) node.focus({ preventScroll: true });
}

/**
 * An answer about lineage; where it failed, the reason alone.
 * @param {any} reply
 * @returns {import("./lineage.js").Kin | null}
 */
function kinOf(reply) {
  return reply?.problem ? { fed_by: [], feeds: [], fed_total: NaN, fed_more: 0, feeds_more: 0, reason: reply.problem } : reply;
}
