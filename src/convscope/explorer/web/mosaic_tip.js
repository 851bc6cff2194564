import { el, figure, fill, signedFigure } from "./dom.js";
import { placeOfUnit } from "./places.js";

/**
 * What is said of the map and the unit under the pointer.
 * @param {import("./scope.js").Scope} scope
 */
export function mosaicTip(scope) {
  const node = el("div", { class: "cs-tip", hidden: true });
  return {
    node,
    /** @param {MouseEvent} event @param {import("./scope.js").Hover} at */
    show(event, { layer, channel, unit, value }) {
      const share = scope.shares.get(layer)?.[channel];
      fill(node, [`channel ${channel}`, unit ? placeOfUnit(scope, layer, unit) : "", Number.isNaN(value) ? "" : `= ${figure(value, 4)}`, share === undefined ? "" : `share ${signedFigure(share)}`].filter(Boolean).join("  "));
      const around = /** @type {HTMLElement} */ (node.parentElement);
      const box = around.getBoundingClientRect();
      node.hidden = false;
      node.style.left = `${Math.min(event.clientX - box.left + 14, around.clientWidth - node.offsetWidth - 4)}px`;
      node.style.top = `${event.clientY - box.top + 14}px`;
    },
    hide() {
      node.hidden = true;
    },
  };
}
