import { el } from "./dom.js";

/**
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function sheetPanel(scope) {
  return el("section", { class: "cs-sheet", "aria-label": scope.state.mode });
}
