import { button, el, figure, fill } from "./dom.js";
import { csvLines, fileName, keepFile, shortest } from "./files.js";
import { axisWord, isSignal } from "./signals.js";

// So many channels and positions are in sight.
const SEEN = 64;

/**
 * All signals of a layer as numbers: rows channels, columns time.
 * @param {import("./scope.js").Scope} scope
 */
export function signalTable(scope) {
  const title = el("h3");
  const note = el("p", { class: "cs-soft" });
  const table = el("table", { class: "cs-values" });
  /** @type {import("./types.js").LayerReply | null} */
  let held = null;
  let drawn = "";
  const all = button("CSV", () => {
    if (!held?.values) return;
    const [channels, , length] = held.shape;
    keepFile(new Blob([`${csvLines(held.values.data, [1, channels, length], false).join("\n")}\n`], { type: "text/csv" }), fileName([scope.network.name, held.layer, scope.run?.image ?? ""], "csv"));
  }, { class: "cs-button cs-slim" });
  const scroll = el("div", { class: "cs-tablescroll", tabindex: 0, role: "region", "aria-label": "the values of all channels" }, table);
  const node = el("div", { class: "cs-valuespart cs-signaltable" }, el("div", { class: "cs-partbar" }, title, all), note, scroll);

  /** @param {import("./types.js").LayerReply} layer */
  const draw = (layer) => {
    const [channels, , length] = layer.shape;
    const axis = axisWord(scope, layer.layer);
    const [rows, columns] = [Math.min(SEEN, channels), Math.min(SEEN, length)];
    title.textContent = `${layer.layer} · ${axis} × channel`;
    note.textContent = rows < channels || columns < length ? `the first ${rows} × ${columns} of ${channels} × ${length} values; the CSV holds all` : `${channels} × ${length} values, rows channels, columns ${axis}`;
    const numbers = (/** @type {number} */ count) => Array.from({ length: count }, (_, at) => at);
    const values = layer.values?.data ?? [];
    fill(table,
      el("caption", { class: "cs-unseen" }, `values of ${layer.layer}: rows channels, columns ${axis}`),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, `channel \\ ${axis}`), ...numbers(columns).map((x) => el("th", { scope: "col" }, String(x))))),
      el("tbody", {}, ...numbers(rows).map((channel) => el("tr", {}, el("th", { scope: "row" }, String(channel)), ...numbers(columns).map((x) => {
        const value = values[channel * length + x];
        return el("td", { class: value > 0 ? "cs-positive" : value < 0 ? "cs-negative" : null, title: shortest(value) }, figure(value));
      })))));
  };
  table.addEventListener("click", (event) => {
    const cell = event.target;
    if (!(cell instanceof HTMLTableCellElement) || cell.tagName !== "TD") return;
    scope.change({ channel: /** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, unit: [0, cell.cellIndex - 1] }, { back: true });
  });

  return {
    node,
    /** Show the chosen layer where it holds signals. @returns {boolean} */
    show() {
      const layer = scope.maps(scope.state.layer);
      node.hidden = !layer?.values || !isSignal(layer);
      if (!layer || node.hidden) return false;
      const key = `${scope.run?.run} ${layer.layer}`;
      if (key !== drawn) draw(layer);
      drawn = key;
      held = layer;
      const { channel, unit } = scope.state;
      for (const cell of table.querySelectorAll("td[aria-current]")) cell.removeAttribute("aria-current");
      if (unit && channel >= 0) table.rows[channel + 1]?.cells[unit[1] + 1]?.setAttribute("aria-current", "true");
      return true;
    },
  };
}
