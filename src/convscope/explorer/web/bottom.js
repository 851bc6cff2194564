import { el } from "./dom.js";

/**
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function bottomPanel(scope) {
  return el("section", { class: "cs-bottom", "aria-label": scope.state.mode });
}
