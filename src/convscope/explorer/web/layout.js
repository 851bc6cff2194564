import { bottomPanel } from "./bottom.js";
import { channelPanel } from "./channel.js";
import { el } from "./dom.js";
import { filmBar } from "./film_bar.js";
import { inputPanel } from "./input.js";
import { lessonBar } from "./lesson_bar.js";
import { mosaicPanel } from "./mosaic.js";
import { railPanel } from "./rail.js";
import { sheetPanel } from "./sheet.js";
import { tablesPanel } from "./table.js";
import { topPanel } from "./top.js";

/**
 * Put the panels in their places.
 * @param {import("./scope.js").Scope} scope
 */
export function layOut(scope) {
  const problem = el("p", { class: "cs-problem", role: "alert", hidden: true });
  const status = el("p", { class: "cs-status", role: "status", "aria-live": "polite" });
  const close = () => {
    problem.hidden = true;
  };
  scope.on("problem", (words) => {
    problem.textContent = words;
    problem.hidden = false;
  });
  problem.addEventListener("click", close);
  scope.on("run", close);
  scope.on("status", (words) => {
    status.textContent = words;
  });
  const main = el("div", { class: "cs-main" }, inputPanel(scope), railPanel(scope), mosaicPanel(scope), sheetPanel(scope), tablesPanel(scope), channelPanel(scope));
  scope.root.replaceChildren(topPanel(scope), lessonBar(scope), problem, filmBar(scope), main, bottomPanel(scope), status);
  const mark = () => {
    scope.root.dataset.mode = scope.state.mode;
    scope.root.dataset.table = String(scope.state.table);
    scope.root.dataset.pinned = String(scope.state.channel >= 0);
  };
  scope.on("state", mark);
  scope.on("network", mark);
  mark();
}
