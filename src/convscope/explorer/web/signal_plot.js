import { inks } from "./blanks.js";
import { el, figure, sharp } from "./dom.js";
import { axisWord, drawSignal } from "./signals.js";

const PLOT_TALL = 120;

/**
 * The pinned signal as a line above its strip: pointed at and pinned like the strip.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./mapview.js").Acts} act
 */
export function signalPlot(scope, act) {
  const canvas = el("canvas", { class: "cs-signalplot", role: "img" });
  const ends = el("span");
  const axis = el("span", { class: "cs-soft" });
  const node = el("div", { class: "cs-signalbox", hidden: true }, canvas, el("div", { class: "cs-signalends" }, axis, ends));
  /** @type {{values: ArrayLike<number>, low: number, high: number} | null} */
  let held = null;
  let due = 0;

  const draw = () => {
    if (!held || node.hidden) return;
    const wide = widthOf(node.clientWidth, held.values.length);
    const pen = sharp(canvas, wide, PLOT_TALL);
    const colours = inks(scope.root);
    pen.fillStyle = colours.ground;
    pen.fillRect(0, 0, wide, PLOT_TALL);
    const { layer, channel, unit } = scope.state;
    const hovered = scope.hover?.layer === layer && scope.hover.channel === channel ? scope.hover.unit : null;
    for (const [at, colour] of /** @type {[[number, number] | null, string][]} */ ([[unit, colours.pin], [hovered, colours.accent]])) {
      if (!at || at[1] >= held.values.length) continue;
      pen.fillStyle = colour;
      pen.fillRect(Math.round(((at[1] + 0.5) / held.values.length) * wide) - 1, 0, 2, PLOT_TALL);
    }
    drawSignal(pen, held.values, { x: 0, y: 0, wide, tall: PLOT_TALL }, { low: held.low, high: held.high, ink: colours.ink, line: colours.line });
  };
  const redraw = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(draw);
  };

  /** @param {MouseEvent} event @returns {[number, number] | null} */
  const under = (event) => {
    if (!held) return null;
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * held.values.length);
    return x >= 0 && x < held.values.length ? [0, x] : null;
  };
  canvas.addEventListener("pointermove", (event) => act.point(under(event)));
  canvas.addEventListener("pointerleave", () => act.point(null));
  canvas.addEventListener("click", (event) => {
    const unit = under(event);
    if (unit) act.pin(unit);
  });

  return {
    node, redraw,
    /** @param {import("./mapview.js").Large | null} large @param {string} layer */
    show(large, layer) {
      const flat = large && !(large.high > large.low);
      node.hidden = !large || !large.signal || !large.values || large.width < 2 || Boolean(flat);
      held = node.hidden || !large?.values ? null : { values: large.values, low: large.low, high: large.high };
      if (!held) return;
      const word = axisWord(scope, layer);
      ends.textContent = `from ${figure(held.low)} up to ${figure(held.high)}`;
      axis.textContent = `${word} 0 to ${held.values.length - 1}`;
      canvas.setAttribute("aria-label", `line of channel ${scope.state.channel} of ${layer}: ${word} from 0 to ${held.values.length - 1}, values from ${figure(held.low)} to ${figure(held.high)}`);
      redraw();
    },
  };
}

/**
 * As wide as the strip below it, whose units are whole pixels where they are large.
 * @param {number} room
 * @param {number} units
 */
function widthOf(room, units) {
  const exact = Math.max(80, room) / units;
  return Math.ceil((exact >= 6 ? Math.floor(Math.min(exact, 120)) : exact) * units);
}
