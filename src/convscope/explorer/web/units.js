import { inks } from "./blanks.js";
import { el, figure, sharp } from "./dom.js";

const HIGH = 96;

/**
 * All units of a layer without space as bars; the pinned one stands out.
 * @param {import("./scope.js").Scope} scope
 */
export function unitBars(scope) {
  const canvas = el("canvas", { class: "cs-large", tabindex: 0, role: "application", "aria-roledescription": "units of the layer" });
  const note = el("small", { class: "cs-soft" });
  const node = el("div", { class: "cs-largebox", hidden: true }, canvas, note);
  /** @type {ArrayLike<number>} */
  let values = [];
  let pointed = -1;

  const draw = () => {
    if (node.hidden || !values.length) return;
    const wide = Math.max(80, node.clientWidth);
    const pen = sharp(canvas, wide, HIGH);
    const colours = inks(scope.root);
    pen.fillStyle = colours.ground;
    pen.fillRect(0, 0, wide, HIGH);
    let low = 0;
    let high = 0;
    for (let at = 0; at < values.length; at++) {
      low = Math.min(low, values[at] || 0);
      high = Math.max(high, values[at] || 0);
    }
    const factor = (HIGH - 8) / (high - low || 1);
    const zero = 4 + high * factor;
    const step = wide / values.length;
    for (let at = 0; at < values.length; at++) {
      const chosen = at === scope.state.channel;
      if (chosen) {
        pen.fillStyle = colours.line;
        pen.fillRect(at * step, 0, Math.max(2, step), HIGH);
      }
      pen.fillStyle = chosen ? colours.pin : at === pointed ? colours.accent : colours.faint;
      const tall = Math.abs(values[at]) * factor;
      pen.fillRect(at * step, values[at] >= 0 ? zero - tall : zero, Math.max(chosen ? 2 : 0.6, step > 3 ? step - 1 : step), Math.max(0.5, tall));
    }
    pen.fillStyle = colours.soft;
    pen.fillRect(0, zero, wide, 1);
  };

  /** @param {MouseEvent} event */
  const under = (event) => Math.max(0, Math.min(values.length - 1, Math.floor((event.offsetX / canvas.clientWidth) * values.length)));
  /** @param {number} at */
  const tell = (at) => {
    pointed = at;
    note.textContent = at < 0 ? `${values.length} units, the pinned one marked` : `unit ${at}: ${figure(values[at], 4)}`;
    draw();
  };
  canvas.addEventListener("pointermove", (event) => {
    const at = under(event);
    tell(at);
    scope.point({ layer: scope.state.layer, channel: at, unit: [0, 0], value: values[at] });
  });
  canvas.addEventListener("pointerleave", () => {
    tell(-1);
    scope.point(null);
  });
  canvas.addEventListener("click", (event) => scope.pin(scope.state.layer, under(event)));
  canvas.addEventListener("keydown", (event) => {
    const step = /** @type {Object<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1 })[event.key];
    if (!step) return;
    scope.pin(scope.state.layer, Math.max(0, Math.min(values.length - 1, scope.state.channel + step)));
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    node, canvas,
    redraw: draw,
    /** @param {ArrayLike<number> | null} next */
    show(next) {
      node.hidden = !next;
      values = next ?? [];
      tell(-1);
    },
  };
}
