import { booksPanel, bookWords } from "./books.js";
import { comparePanel } from "./compare.js";
import { button, el } from "./dom.js";
import { listenToDownloads } from "./export.js";
import { imagesPanel } from "./images.js";
import { throughPanel } from "./through.js";

/** @typedef {{node: HTMLElement, wake: () => void}} Part a part of the strip, told when it comes in sight */

/** @type {[string, string][]} */
const PARTS = [["compare", "Compare"], ["images", "Over the images"], ["through", "Through the layers"], ["books", "The books"]];

/**
 * The strip at the bottom, which folds: comparing, one channel over the images, one index through
 * the layers, and the books.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function bottomPanel(scope) {
  /** @type {Object<string, Part>} */
  const parts = { compare: comparePanel(scope), images: imagesPanel(scope), through: throughPanel(scope), books: booksPanel(scope) };
  const tabs = PARTS.map(([name, words]) => {
    const tab = el("button", { type: "button", role: "tab", class: "cs-tab", "data-part": name }, words);
    tab.addEventListener("click", () => scope.change({ strip: scope.state.strip === name ? "" : name }));
    return tab;
  });
  const list = el("div", { role: "tablist", "aria-label": "at the bottom", class: "cs-tabs" }, ...tabs);
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const place = tabs.indexOf(/** @type {any} */ (event.target));
    if (!step || place < 0) return;
    event.preventDefault();
    const next = tabs[(place + step + tabs.length) % tabs.length];
    next.focus();
    scope.change({ strip: next.dataset.part ?? "" });
  });
  const sums = el("button", { type: "button", class: "cs-sums", title: "the books of this layer" });
  sums.addEventListener("click", () => scope.change({ strip: "books" }));
  const table = button("Table", () => scope.change({ table: !scope.state.table }), { "aria-pressed": "false", class: "cs-button cs-slim cs-tabletoggle", title: "numbers in place of pictures (t)" });
  const fold = button("", () => scope.change({ strip: scope.state.strip ? "" : "compare" }), { class: "cs-button cs-slim cs-foldstrip" });
  const panels = PARTS.map(([name, words]) => el("div", { role: "tabpanel", "aria-label": words, class: "cs-part", "data-part": name }, parts[name].node));
  const node = el("section", { class: "cs-bottom", "aria-label": "compare and books" },
    el("div", { class: "cs-stripbar" }, list, sums, table, fold), ...panels);

  const mark = () => {
    const { strip } = scope.state;
    const open = Boolean(parts[strip]);
    tabs.forEach((tab, place) => {
      const chosen = tab.dataset.part === strip;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen || (!open && place === 0) ? 0 : -1;
    });
    for (const panel of panels) panel.hidden = panel.dataset.part !== strip;
    node.dataset.open = String(open);
    fold.textContent = open ? "▾" : "▴";
    fold.setAttribute("aria-label", open ? "fold the strip" : "unfold the strip");
    fold.setAttribute("aria-expanded", String(open));
    table.setAttribute("aria-pressed", String(scope.state.table));
  };
  const say = () => {
    const words = bookWords(scope);
    sums.textContent = words;
    sums.hidden = !words;
  };
  scope.on("state", (changed) => {
    mark();
    say();
    if (changed.has("strip")) parts[scope.state.strip]?.wake();
  });
  for (const event of ["run", "books", "network"]) scope.on(event, say);
  mark();
  listenToDownloads(scope);
  sums.hidden = true;
  return node;
}
