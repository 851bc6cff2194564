import { el } from "./dom.js";

/**
 * Lay the still picture over an explorer that nobody answers: of a saved notebook whose kernel is
 * gone, or a page made of one. It goes when the network is known.
 * @param {import("./scope.js").Scope} scope
 * @param {string | undefined} picture a PNG file in base64; empty where there is none
 */
export function layStill(scope, picture) {
  if (!picture || scope.network) return;
  const laid = el("img", { class: "cs-still", src: `data:image/png;base64,${picture}`, alt: "the input and the strongest maps of some layers, when the cell ran" });
  scope.root.append(laid);
  scope.on("network", () => laid.remove());
}
