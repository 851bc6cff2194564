import { el } from "./dom.js";

/**
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function inputPanel(scope) {
  return el("section", { class: "cs-input", "aria-label": scope.state.mode });
}
