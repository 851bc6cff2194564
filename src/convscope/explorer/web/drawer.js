import { inks } from "./blanks.js";
import { button, el, sharp } from "./dom.js";
import { boxInGrid, drawTile, gridOf } from "./tiles.js";

/** @typedef {import("./types.js").LayerReply} LayerReply */

/**
 * The blank maps of a layer in a drawer that says how many they are, and why.
 * @param {import("./scope.js").Scope} scope
 */
export function blankDrawer(scope) {
  const canvas = el("canvas", { role: "img", width: 0, height: 0 });
  let open = false;
  /** @type {[LayerReply, number[]] | null} */
  let held = null;
  const toggle = button("", () => {
    open = !open;
    show();
  }, { "aria-expanded": "false" });
  const node = el("div", { class: "cs-drawer", hidden: true }, toggle, canvas);
  const show = () => {
    node.hidden = !held || !held[1].length;
    if (!held || node.hidden) return;
    const [layer, blank] = held;
    const counts = new Map();
    for (const channel of blank) {
      const word = scope.surveys.wordOf(layer.layer, channel, scope.network.words[layer.codes.data[channel]]);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const words = [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
    toggle.textContent = `${words} ${open ? "▾" : "▸"}`;
    toggle.setAttribute("aria-expanded", String(open));
    canvas.hidden = !open;
    if (!open) return;
    const most = blank.slice(0, 400);
    canvas.setAttribute("aria-label", `${words}: channels ${most.join(", ")}${blank.length > 400 ? " and more" : ""}`);
    const grid = gridOf(most.length, node.clientWidth - 20, 64, layer.shape[1] / layer.shape[2]);
    const pen = sharp(canvas, node.clientWidth - 28, grid.rows * grid.stepY);
    const colours = inks(scope.root);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    most.forEach((channel, place) => {
      drawTile(pen, scope, layer, channel, boxInGrid(grid, place, 2), { strongest: 1, share: NaN, most: 1, pinned: channel === scope.state.channel, inks: colours });
    });
  };
  return {
    node,
    /** @param {LayerReply} layer @param {number[]} blank */
    show(layer, blank) {
      held = [layer, blank];
      show();
    },
  };
}
