import { cssOf } from "./colour.js";
import { el, figure, fill, sharp } from "./dom.js";

/**
 * A colour bar that is true for every map that it stands beside.
 * @param {import("./scope.js").Scope} scope
 * @returns {{node: HTMLElement, show: (layer: import("./types.js").LayerReply | null) => void}}
 */
export function colourBar(scope) {
  const canvas = el("canvas", { "aria-hidden": "true", width: 0, height: 0 });
  const low = el("span");
  const high = el("span");
  const node = el("span", { class: "cs-bar" }, low, canvas, high);
  return {
    node,
    show(layer) {
      if (!layer) {
        fill(node);
        return;
      }
      const lut = scope.lut(layer.signed);
      const pen = sharp(canvas, 140, 10);
      for (let at = 0; at < 140; at++) {
        pen.fillStyle = cssOf(lut, Math.round((at / 139) * 239));
        pen.fillRect(at, 0, 1, 10);
      }
      [low.textContent, high.textContent] = barWords(scope, layer);
      fill(node, low, canvas, high);
    },
  };
}

/**
 * What stands at the two ends of a colour bar.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @returns {[string, string]}
 */
export function barWords(scope, layer) {
  const span = scope.span(layer);
  switch (scope.state.scale) {
    case "channel": return span.signed ? ["− the larger end", "+ the larger end of each map"] : [layer.low.data.every((low) => low === 0) ? "0" : "low", "high of each map"];
    case "sigma": return ["mean − 2σ", "mean + 2σ of each map"];
    default: return [figure(span.low[0]), figure(span.high[0])];
  }
}
