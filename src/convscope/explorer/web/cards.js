import { el, figure } from "./dom.js";
import { planeView } from "./plane.js";

const CARD = { wide: 96, tall: 96 };

/**
 * A map with its name, to be pressed.
 * @param {import("./scope.js").Scope} scope
 * @param {string} title
 * @param {HTMLElement | null} picture beside the title
 * @param {() => void} press
 */
export function mapCard(scope, title, picture, press) {
  const view = planeView(scope, CARD);
  const note = el("small", {}, "…");
  const node = el("button", { type: "button", class: "cs-card" }, el("span", { class: "cs-cardmap" }, view.node), el("span", { class: "cs-cardtitle" }, picture, el("span", {}, title)), note);
  node.addEventListener("click", press);
  view.node.setAttribute("aria-hidden", "true");
  return {
    node,
    /** @param {import("./plane.js").Plane} plane @param {import("./plane.js").Ends} ends @param {import("./colour.js").Lut} lut */
    show(plane, ends, lut) {
      view.show(plane, ends, lut, title);
      const [low, high] = extremes(plane.values);
      note.textContent = plane.values.length === 1 ? figure(high) : `${figure(low)} … ${figure(high)}`;
    },
    /** @param {string} words */
    say(words) {
      note.textContent = words;
    },
  };
}

/** @param {Float32Array} values @returns {[number, number]} */
function extremes(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [NaN, NaN];
}
