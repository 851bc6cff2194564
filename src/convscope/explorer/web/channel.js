import { el } from "./dom.js";

/**
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function channelPanel(scope) {
  return el("section", { class: "cs-channel", "aria-label": scope.state.mode });
}
