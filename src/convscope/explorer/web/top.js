import { el } from "./dom.js";

/**
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function topPanel(scope) {
  return el("section", { class: "cs-top", "aria-label": scope.state.mode });
}
