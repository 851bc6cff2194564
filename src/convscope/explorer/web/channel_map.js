import { mapBar } from "./bar.js";
import { button, el, figure } from "./dom.js";
import { largeLook, LOOKS, usableLooks } from "./looks.js";
import { largeMap } from "./mapview.js";
import { powerFor } from "./numbers.js";
import { placeOfUnit } from "./places.js";
import { shownValue } from "./shown.js";
import { signalPlot } from "./signal_plot.js";
import { sliceTools, slicesOf } from "./slices.js";
import { unitBars } from "./units.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./shown.js").Shown} Shown */

/**
 * The pinned map, large, and the ways to look at it; the units of a layer without space as bars.
 * @param {Scope} scope
 * @param {import("./asked.js").Asked} asked
 */
export function channelMap(scope, asked) {
  const map = largeMap(scope, { point: (unit) => point(unit), pin: (unit) => pin(unit) });
  const bars = unitBars(scope);
  const plot = signalPlot(scope, { point: (unit) => point(unit), pin: (unit) => pin(unit) });
  const slices = sliceTools(scope, () => scope.state.channel >= 0 && slicesOf(scope.maps(scope.state.layer)) > 1);
  slices.classList.add("cs-channelslices");
  const bar = mapBar();
  const looks = LOOKS.map(([name, words, title]) => button(words, () => scope.change({ look: name }), { title, class: "cs-button cs-small", "data-look": name }));
  const tools = el("div", { class: "cs-looks" }, el("span", { class: "cs-segments", role: "group", "aria-label": "what of the map is shown" }, ...looks), map.zooms);
  const said = el("p", { class: "cs-said", "aria-live": "polite" });
  /** @type {Shown | null} */
  let held = null;

  /** @param {[number, number] | null} unit */
  const point = (unit) => {
    const { layer, channel } = scope.state;
    scope.point(unit && { layer, channel, unit, value: shownValue(held, unit) });
  };

  /** @param {[number, number]} unit */
  const pin = (unit) => {
    scope.change({ unit });
    said.textContent = mapSpoken(scope, held);
    map.canvas.setAttribute("aria-label", mapSpoken(scope, held));
  };

  /**
   * @param {string[]} open
   * @param {string} chosen
   */
  const showLooks = (open, chosen) => {
    for (const one of looks) {
      one.hidden = !open.includes(one.dataset.look ?? "");
      one.setAttribute("aria-pressed", String(one.dataset.look === chosen));
    }
  };

  return {
    nodes: [tools, slices, plot.node, map.node, bars.node, bar.node], said,
    redraw() {
      map.redraw();
      plot.redraw();
      bars.redraw();
    },
    redrawMap() {
      map.redraw();
      plot.redraw();
    },
    /** @param {Shown | null} shown */
    show(shown) {
      held = shown;
      const layer = shown?.layer;
      if (!shown || !layer) {
        map.show(null);
        plot.show(null, "");
        bars.show(null);
        bar.hide();
        return;
      }
      const vector = shown.height * shown.width === 1;
      const open = usableLooks(scope, vector);
      const chosen = open.includes(scope.state.look) ? scope.state.look : "values";
      showLooks(open, chosen);
      tools.hidden = open.length < 2 && vector;
      const there = { ...shown, layer };
      const found = largeLook(scope, asked, there, chosen);
      const large = found ?? largeLook(scope, asked, there, "values");
      const asBars = vector && !large?.picture;
      bars.show(asBars ? layer.values?.data ?? null : null);
      map.zooms.hidden = asBars;
      map.show(asBars ? null : large);
      plot.show(asBars ? null : large, layer.layer);
      if (large && !asBars) bar.show(large.lut, large.low, large.high, barSays(scope, found ? chosen : "values", large));
      else bar.hide();
      map.canvas.setAttribute("aria-label", mapSpoken(scope, shown));
    },
  };
}

/**
 * What the numbers beside the colour bar are.
 * @param {Scope} scope
 * @param {string} look
 * @param {import("./mapview.js").Large} large
 */
function barSays(scope, look, { low, high, values }) {
  if (look === "shares") return `contribution to ${scope.books?.words ?? "the score"}`;
  if (look === "field") return "effective field";
  return powerFor(low, high) && values ? `cells in units of 1e${powerFor(low, high)}` : "";
}

/**
 * What a screen reader hears of the large map.
 * @param {Scope} scope
 * @param {Shown | null} shown
 */
function mapSpoken(scope, shown) {
  const { layer, channel, unit } = scope.state;
  const words = [layer, `channel ${channel}`];
  if (unit && shown?.layer) {
    words.push(placeOfUnit(scope, layer, unit));
    if (shown.values) words.push(figure(shownValue(shown, unit), 4));
  } else words.push("arrow keys pin a unit");
  return words.join(", ");
}
