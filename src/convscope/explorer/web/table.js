import { button, el, figure, fill, signedFigure } from "./dom.js";
import { csvLines, fileName, keepFile, shortest } from "./files.js";
import { isFirstHead } from "./heads.js";
import { described } from "./map_words.js";
import { fetchPlane } from "./plane.js";
import { signalTable } from "./signal_table.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./types.js").LayerReply} LayerReply */

// So many rows and columns of a map are in sight.
const IN_SIGHT = 64;
// A page with more rows than this is slow; a flattened layer has more units.
const MOST_ROWS = 1000;

/**
 * One column: its name, what it is sorted by, and what is written.
 * @typedef {{name: string, key: (row: number) => number | string, words: (row: number) => string, falling?: boolean}} Column
 */

/**
 * Tables in the place of the pictures: the layers, the maps of a layer, the values of a map.
 * @param {Scope} scope
 * @returns {HTMLElement}
 */
export function tablesPanel(scope) {
  const layers = sortable("the layers");
  const maps = sortable("the maps of the layer");
  const values = valuesTable(scope);
  const signals = signalTable(scope);
  const node = el("section", { class: "cs-tables", "aria-label": "tables" }, layers.node, maps.node, values.node, signals.node);

  const draw = () => {
    const { table, mode, layer, channel } = scope.state;
    node.hidden = !table;
    if (!table || !scope.network) return;
    layers.node.hidden = mode !== "sheet";
    maps.node.hidden = mode !== "layer";
    if (mode === "sheet") showLayers(scope, layers);
    const found = scope.maps(layer);
    if (mode === "layer" && found) showMaps(scope, maps, found);
    const asSignals = signals.show();
    values.node.hidden = channel < 0 || asSignals;
    if (channel >= 0 && !asSignals) values.show().catch((problem) => scope.fail(problem));
  };
  for (const event of ["network", "run", "maps", "sheet", "books", "costs", "state", "survey"]) scope.on(event, draw);
  node.hidden = true;
  return node;
}

/**
 * A table that is sorted by its headers.
 * @param {string} label
 */
function sortable(label) {
  const caption = el("caption");
  const head = el("tr");
  const body = el("tbody");
  const node = el("div", { class: "cs-tablescroll", tabindex: 0, role: "region", "aria-label": label }, el("table", { class: "cs-table" }, caption, el("thead", {}, head), body));
  /** @type {{by: string, falling: boolean} | null} */
  let sorting = null;
  /** @type {{title: string, columns: Column[], count: number, press: (row: number) => void, chosen: number} | null} */
  let held = null;

  const draw = () => {
    if (!held) return;
    const { title, columns, count, press, chosen } = held;
    const rows = Array.from({ length: count }, (_, row) => row);
    const by = columns.find((column) => column.name === sorting?.by);
    if (by && sorting) {
      const way = sorting.falling ? -1 : 1;
      rows.sort((p, q) => way * ordered(by.key(p), by.key(q)) || p - q);
    }
    fill(head, ...columns.map((column) => {
      const chosenOne = sorting?.by === column.name;
      const turn = el("button", { type: "button", class: "cs-sorter" }, column.name, el("span", { "aria-hidden": "true" }, chosenOne ? (sorting?.falling ? " ▾" : " ▴") : ""));
      turn.addEventListener("click", () => {
        sorting = { by: column.name, falling: chosenOne ? !sorting?.falling : column.falling ?? true };
        draw();
        /** @type {HTMLElement | undefined} */ (head.querySelectorAll("button")[columns.indexOf(column)])?.focus();
      });
      return el("th", { scope: "col", "aria-sort": chosenOne ? (sorting?.falling ? "descending" : "ascending") : "none" }, turn);
    }));
    caption.textContent = count > MOST_ROWS ? `${title} · the first ${MOST_ROWS.toLocaleString("en")} of ${count.toLocaleString("en")} in this order` : title;
    fill(body, ...rows.slice(0, MOST_ROWS).map((row) => {
      const [first, ...rest] = columns;
      const pin = el("button", { type: "button", class: "cs-cellbutton", "aria-pressed": String(row === chosen) }, first.words(row));
      const line = el("tr", { class: row === chosen ? "cs-chosenrow" : null, "data-row": row }, el("th", { scope: "row" }, pin), ...rest.map((column) => el("td", {}, column.words(row))));
      line.addEventListener("click", () => press(row));
      return line;
    }));
  };
  return {
    node,
    /** @param {string} title @param {Column[]} columns @param {number} count @param {number} chosen @param {(row: number) => void} press */
    show(title, columns, count, chosen, press) {
      const focused = /** @type {HTMLElement | null} */ (body.contains(document.activeElement) ? document.activeElement?.closest("tr") ?? null : null)?.dataset.row;
      held = { title, columns, count, press, chosen };
      draw();
      if (focused !== undefined) /** @type {HTMLElement | null} */ (body.querySelector(`tr[data-row="${focused}"] button`))?.focus();
    },
  };
}

/** @param {number | string} a @param {number | string} b */
function ordered(a, b) {
  if (typeof a === "string" || typeof b === "string") return String(a).localeCompare(String(b));
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a - b;
}

/** @typedef {ReturnType<typeof sortable>} Sortable */

/** @param {Scope} scope @param {Sortable} table */
function showLayers(scope, table) {
  const { layers } = scope.network;
  const books = new Map(scope.books?.layers.map((layer) => [layer.name, layer]));
  /** @param {number} row */
  const sum = (row) => books.get(layers[row].name)?.maps ?? NaN;
  /** @type {Column[]} */
  const columns = [
    { name: "layer", falling: false, key: (row) => layers[row].index, words: (row) => layers[row].name },
    { name: "operation", falling: false, key: (row) => layers[row].operation, words: (row) => layers[row].operation },
    { name: "channels", key: (row) => layers[row].shape?.[0] ?? 0, words: (row) => String(layers[row].shape?.[0] ?? "any") },
    { name: "size", key: (row) => layers[row].space.reduce((/** @type {number} */ product, size) => product * (size ?? 1), 1), words: (row) => (layers[row].space.length ? layers[row].space.map((size) => size ?? "any").join(" × ") : "–") },
    { name: "parameters", key: (row) => layers[row].parameters, words: (row) => layers[row].parameters.toLocaleString("en") },
  ];
  if (books.size) columns.push({ name: `maps, of the ${scope.books?.words}`, key: sum, words: (row) => (Number.isNaN(sum(row)) ? "–" : signedFigure(sum(row), 4)) });
  const chosen = layers.findIndex((layer) => layer.name === scope.state.layer);
  table.show(`the layers of ${scope.network.name} on ${scope.run?.image ?? "no image"}`, columns, layers.length, chosen, (row) =>
    scope.change({ layer: layers[row].name, channel: -1, unit: null, mode: "layer" }, { back: true }));
}

/** @param {Scope} scope @param {Sortable} table @param {LayerReply} layer */
function showMaps(scope, table, layer) {
  const shares = scope.shares.get(layer.layer);
  const costs = scope.ranking.costs.get(layer.layer);
  const words = scope.network.words;
  /** @param {string} name @param {ArrayLike<number>} numbers @param {(value: number) => string} [write] @returns {Column} */
  const column = (name, numbers, write = (value) => figure(value)) => ({ name, key: (row) => numbers[row], words: (row) => write(numbers[row]) });
  /** @param {number} row */
  const word = (row) => (scope.isMuted(layer.layer, row) ? "muted" : scope.surveys.wordOf(layer.layer, row, words[layer.codes.data[row]]));
  /** @type {Column[]} */
  const columns = [
    { name: "channel", falling: false, key: (row) => row, words: (row) => channelName(scope, layer.layer, row) },
    { name: "word", falling: false, key: word, words: word },
    column("min", layer.low.data), column("max", layer.maximum.data), column("mean", layer.mean.data),
    column("share active", layer.positive.data, (value) => `${(100 * value).toFixed(1)} %`),
  ];
  if (shares) columns.push(column("contribution", shares, (value) => signedFigure(value)));
  if (costs) columns.push(column("ablation", costs, (value) => signedFigure(value)));
  columns.push(...surveyColumns(scope, layer.layer));
  const info = scope.layers.get(layer.layer);
  table.show(`${layer.layer}${info ? ` · ${described(info)}` : ""}`, columns, layer.shape[0], scope.state.channel, (row) => scope.pin(layer.layer, row));
}

/**
 * What a survey says of the channels of a layer.
 * @param {Scope} scope
 * @param {string} name
 * @returns {Column[]}
 */
function surveyColumns({ surveys }, name) {
  if (!surveys.has(name)) return [];
  /** @param {number} row */
  const fired = (row) => surveys.fired(name, row);
  /** @type {Column[]} */
  const columns = [{ name: `fires, of ${surveys.info?.images.toLocaleString("en")}`, key: fired, words: (row) => fired(row).toLocaleString("en") }];
  const told = surveys.selectivity(name);
  if (!told?.class || !told.dprime) return columns;
  const [best, dprime] = [told.class.data, told.dprime.data];
  /** @param {number} row */
  const size = (row) => (surveys.isDead(name, row) ? NaN : Math.abs(dprime[row]));
  /** @param {number} row */
  const label = (row) => (surveys.isDead(name, row) ? "–" : surveys.info?.classes[best[row]] ?? "");
  columns.push({ name: "tells class", falling: false, key: label, words: label }, { name: "d′", key: size, words: (row) => (Number.isNaN(size(row)) ? "–" : signedFigure(dprime[row])) });
  return columns;
}

/**
 * Units of the last layer have the names of the classes.
 * @param {Scope} scope
 * @param {string} layer
 * @param {number} channel
 */
function channelName(scope, layer, channel) {
  const label = isFirstHead(scope.network, layer) ? scope.network.labels[channel] : undefined;
  return label === undefined || label === String(channel) ? String(channel) : `${channel} ${label}`;
}

/**
 * The values of the pinned map: rows y, columns x.
 * @param {Scope} scope
 */
function valuesTable(scope) {
  const title = el("h3");
  const note = el("p", { class: "cs-soft" });
  const table = el("table", { class: "cs-values" });
  /** @type {{plane: import("./plane.js").Plane, layer: string, channel: number} | null} */
  let held = null;
  const all = button("CSV", () => {
    if (!held) return;
    const { plane, layer, channel } = held;
    keepFile(new Blob([`${csvLines(plane.values, [1, plane.height, plane.width], false).join("\n")}\n`], { type: "text/csv" }), fileName([scope.network.name, layer, `c${channel}`, scope.run?.image ?? ""], "csv"));
  }, { class: "cs-button cs-slim" });
  const scroll = el("div", { class: "cs-tablescroll", tabindex: 0, role: "region", "aria-label": "the values of the pinned map" }, table);
  const node = el("div", { class: "cs-valuespart" }, el("div", { class: "cs-partbar" }, title, all), note, scroll);
  let turn = 0;
  let drawn = "";

  const show = async () => {
    const { layer, channel, unit } = scope.state;
    const run = scope.run?.run;
    if (!run) return;
    const key = `${run} ${layer} ${channel}`;
    if (key !== drawn) {
      const mine = ++turn;
      const plane = await fetchPlane(scope, run, layer, channel);
      if (mine !== turn || scope.signal.aborted) return;
      drawn = key;
      held = { plane, layer, channel };
      draw(plane);
    }
    for (const cell of table.querySelectorAll("td[aria-current]")) cell.removeAttribute("aria-current");
    if (unit) table.rows[unit[0] + 1]?.cells[unit[1] + 1]?.setAttribute("aria-current", "true");
  };

  /** @param {import("./plane.js").Plane} plane */
  const draw = (plane) => {
    const { layer, channel } = scope.state;
    const [rows, columns] = [Math.min(IN_SIGHT, plane.height), Math.min(IN_SIGHT, plane.width)];
    title.textContent = `${layer} · channel ${channel}`;
    const depth = scope.maps(layer)?.depth;
    const slice = depth ? (depth.slice === null ? `the largest along z of ${depth.slices} slices: ` : `slice z ${depth.slice} of 0–${depth.slices - 1}: `) : "";
    note.textContent = slice + (rows < plane.height || columns < plane.width ? `the first ${rows} × ${columns} of ${plane.height} × ${plane.width} values; the CSV holds all` : `${plane.height} × ${plane.width} values, rows y, columns x`);
    const numbers = (/** @type {number} */ count) => Array.from({ length: count }, (_, at) => at);
    fill(table,
      el("caption", { class: "cs-unseen" }, `values of ${layer}, channel ${channel}: rows y, columns x`),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "y \\ x"), ...numbers(columns).map((x) => el("th", { scope: "col" }, String(x))))),
      el("tbody", {}, ...numbers(rows).map((y) => el("tr", {}, el("th", { scope: "row" }, String(y)), ...numbers(columns).map((x) => {
        const value = plane.values[y * plane.width + x];
        return el("td", { class: value > 0 ? "cs-positive" : value < 0 ? "cs-negative" : null, title: shortest(value) }, figure(value));
      })))));
  };
  table.addEventListener("click", (event) => {
    const cell = event.target;
    if (!(cell instanceof HTMLTableCellElement) || cell.tagName !== "TD") return;
    scope.change({ unit: [/** @type {HTMLTableRowElement} */ (cell.parentElement).rowIndex - 1, cell.cellIndex - 1] }, { back: true });
  });
  return { node, show };
}
