import { cssOf } from "./colour.js";
import { el, figure, fill, sharp } from "./dom.js";
import { TOP_LEVEL } from "./levels.js";

/**
 * Paint all colours of a palette side by side.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./colour.js").Lut} lut
 * @param {number} wide
 * @param {number} tall
 */
export function paintBar(canvas, lut, wide, tall) {
  const pen = sharp(canvas, wide, tall);
  for (let at = 0; at < wide; at++) {
    pen.fillStyle = cssOf(lut, Math.round((at / (wide - 1)) * TOP_LEVEL));
    pen.fillRect(at, 0, 1, tall);
  }
}

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
      paintBar(canvas, scope.colours.lut(layer.signed), 140, 10);
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
  const span = scope.colours.span(layer);
  switch (scope.state.scale) {
    case "channel": {
      const { low } = layer.ends ?? layer;
      const each = layer.ends ? "each map over all frames" : "each map";
      return span.signed ? ["− largest", `+ largest of ${each}`] : [low.data.every((one) => one === 0) ? "0" : "low", `high of ${each}`];
    }
    case "sigma": return ["mean − 2σ", "mean + 2σ of each map"];
    default: return [figure(span.low[0]), figure(span.high[0])];
  }
}

/**
 * A colour bar for ends that are known.
 * @param {string} [label]
 */
export function endsBar(label = "") {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const node = el("span", { class: "cs-bar" });
  return {
    node,
    /** @param {import("./plane.js").Ends | null} ends @param {import("./colour.js").Lut} lut */
    show(ends, lut) {
      fill(node);
      if (!ends) return;
      paintBar(canvas, lut, 96, 9);
      fill(node, label ? el("span", { class: "cs-soft" }, label) : null, el("span", {}, figure(ends.low)), canvas, el("span", {}, figure(ends.high)));
    },
  };
}

/** A colour bar that is true for the large map. */
export function mapBar() {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const low = el("span");
  const high = el("span");
  const words = el("span", { class: "cs-soft" });
  const node = el("div", { class: "cs-bar cs-mapbar" }, low, canvas, high, words);
  return {
    node,
    hide() {
      node.hidden = true;
    },
    /**
     * @param {import("./colour.js").Lut} lut
     * @param {number} first
     * @param {number} last
     * @param {string} said
     */
    show(lut, first, last, said) {
      node.hidden = false;
      paintBar(canvas, lut, 120, 9);
      low.textContent = figure(first);
      high.textContent = figure(last);
      words.textContent = said;
    },
  };
}
