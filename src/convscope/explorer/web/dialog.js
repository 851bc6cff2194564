import { button, el } from "./dom.js";

/**
 * A dialog over the page; Escape, its button and a press beside it close it, and what had the focus has it again.
 * @param {import("./scope.js").Scope} scope
 * @param {string} title
 * @param {...(Node | string)} content
 * @returns {HTMLDialogElement}
 */
export function openDialog(scope, title, ...content) {
  const close = button("×", () => node.close(), { class: "cs-button cs-dialogclose", "aria-label": "close" });
  const node = el("dialog", { class: "cs-dialog", "aria-label": title }, el("div", { class: "cs-dialoghead" }, el("h2", {}, title), close), ...content);
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  node.addEventListener("close", () => {
    node.remove();
    before?.focus?.();
  });
  node.addEventListener("click", (event) => event.target === node && node.close());
  // Escape closes the dialog, and does not go back on the page behind it.
  node.addEventListener("keydown", (event) => event.stopPropagation());
  scope.signal.addEventListener("abort", () => node.close());
  scope.root.append(node);
  node.showModal();
  return node;
}
