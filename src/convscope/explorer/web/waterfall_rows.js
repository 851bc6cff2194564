import { inks } from "./blanks.js";
import { columnOf } from "./columns.js";
import { el, figure } from "./dom.js";
import { powerFor } from "./numbers.js";
import { originOf } from "./origin.js";
import { drawPatch, endsFromZero } from "./patches.js";
import { placeWords } from "./places.js";
import { strongestOf } from "./sums.js";
import { sourceLabel } from "./waterfall_sources.js";

/** @typedef {import("./arithmetic.js").Account} Account */
/** @typedef {import("./waterfall.js").Known} Known */

const PATCHES = 4;
const SINGLES = 8;

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Known} known
 * @param {Account} account
 * @returns {HTMLElement[]}
 */
export function accountRows(scope, known, account) {
  const rows = account.style === "products" ? productRows(scope, account)
    : account.style === "window" ? windowRows(scope, account)
      : account.style === "terms" ? termRows(scope, account)
        : account.style === "scaled" ? scaledRows(scope, account)
          : takenRows(scope, account);
  return [...rows, ...lastRows(known, account)];
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Account} account
 */
function productRows(scope, account) {
  const single = account.part(0).patch.length === 1;
  const all = account.products.length;
  const { strongest, others, rest } = strongestOf(account, single ? (all <= SINGLES + 1 ? all : SINGLES) : (all <= PATCHES + 1 ? all : PATCHES));
  const exact = [...strongest.map((place) => account.products[place]), ...(others ? [rest] : []), account.bias];
  const column = columnOf(exact, account.sum);
  const parts = strongest.map((place) => account.part(place));
  const patches = endsFromZero(parts.map((part) => part.patch));
  const kernels = endsFromZero(parts.map((part) => part.kernel ?? []), true);
  const colours = inks(scope.root);
  const head = el("div", { class: `cs-row cs-columns ${single ? "cs-single" : "cs-patches"}`, "aria-hidden": "true" }, ...(single ? [originOf(scope, account.sources[0], 0)?.layer ?? "input", "value × weight", `product${powerWords(column.power)}`] : ["input", `patch${powerWords(powerFor(patches.low, patches.high))}`, "", `kernel${powerWords(powerFor(kernels.low, kernels.high))}`, `product${powerWords(column.power)}`]).map((word) => el("span", {}, word)));
  const rows = strongest.map((place, at) => {
    const part = parts[at];
    const label = sourceLabel(scope, account, place);
    const number = column.terms[at];
    if (single) {
      const text = `${figure(part.patch[0])} × ${figure(part.kernel?.[0] ?? NaN)}`;
      return rowOf([label, el("span", { class: "cs-times" }, text), number], exact[at], "cs-single");
    }
    const columns = part.shape[part.shape.length - 1];
    const wide = columns <= 3 ? 26 : Math.max(4, Math.floor(78 / columns));
    const tall = columns <= 3 ? 17 : wide;
    const patch = el("canvas", { role: "img", "aria-label": `patch ${numbersIn(part.patch)}` });
    const kernel = el("canvas", { role: "img", "aria-label": `kernel ${numbersIn(part.kernel ?? new Float64Array())}` });
    drawPatch(patch, part.patch, part.shape, { lut: scope.colours.lut(patches.signed), low: patches.low, high: patches.high, wide, tall, empty: colours.hatch, ink: colours.soft });
    drawPatch(kernel, part.kernel ?? [], part.shape, { lut: scope.colours.diverging, low: kernels.low, high: kernels.high, wide, tall, empty: colours.hatch, ink: colours.soft });
    return rowOf([label, patch, "×", kernel, number], exact[at], "cs-patches");
  });
  rows.unshift(head);
  if (others) rows.push(rowOf([el("span", {}, others === 1 ? "the other one" : `the other ${others.toLocaleString("en")}`), column.terms[strongest.length]], rest));
  rows.push(rowOf([el("span", {}, "bias"), column.terms[column.terms.length - 1]], account.bias));
  rows.push(rowOf([el("b", {}, `sum${powerWords(column.power)}`), el("b", {}, column.total)], account.sum, "cs-total"));
  return rows;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Account} account
 */
function windowRows(scope, account) {
  const values = Float64Array.from(account.products, (_, place) => account.part(place).patch[0]);
  const shape = account.positions.map((along) => along.length);
  const columns = shape[shape.length - 1] ?? 1;
  const ends = endsFromZero([values]);
  const colours = inks(scope.root);
  const largest = account.winner !== null;
  const won = largest ? (account.winner ?? []).reduce((flat, at, axis) => flat * shape[axis] + account.positions[axis].indexOf(at), 0) : -1;
  const canvas = el("canvas", { role: "img", "aria-label": `window ${numbersIn(values)}` });
  const wide = columns <= 8 ? 36 : Math.max(2, Math.floor(300 / columns));
  drawPatch(canvas, values, shape, { lut: scope.colours.lut(ends.signed), low: ends.low, high: ends.high, wide, tall: columns <= 8 ? 22 : wide, empty: colours.hatch, ink: largest ? colours.pin : colours.soft, mark: won });
  const count = Array.from(values).filter((value) => !Number.isNaN(value)).length;
  const words = largest ? `largest of ${count}, at ${placeWords(account.winner ?? [])}` : account.operation === "average pooling" ? `mean of ${count.toLocaleString("en")}` : `between ${count}`;
  return [
    el("div", { class: "cs-window" }, sourceLabel(scope, account, Math.max(0, won)), canvas),
    rowOf([el("span", {}, words), el("b", {}, figure(account.sum, 5))], NaN, "cs-total"),
  ];
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Account} account
 */
function termRows(scope, account) {
  const values = Array.from(account.products);
  const added = account.operation === "sum" || account.operation === "difference";
  const signed = account.operation === "difference" ? values.map((value, at) => (at ? -value : value)) : values;
  const column = columnOf(signed, account.sum, added);
  const rows = values.map((_, place) => rowOf([sourceLabel(scope, account, place), column.terms[place]], added ? signed[place] : NaN));
  rows.push(rowOf([el("b", {}, `${account.operation}${powerWords(column.power)}`), el("b", {}, column.total)], added ? account.sum : NaN, "cs-total"));
  return rows;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Account} account
 */
function scaledRows(scope, account) {
  const { centre = 0, factor = 1 } = account.details;
  const x = account.part(0).patch[0];
  const exact = [account.products[0], account.bias];
  const column = columnOf(exact, account.sum);
  return [
    rowOf([sourceLabel(scope, account, 0), figure(x, 4)], NaN),
    rowOf([el("span", { class: "cs-times" }, `(${figure(x, 4)} − ${figure(centre, 4)}) × ${figure(factor, 4)}`), column.terms[0]], exact[0]),
    rowOf([el("span", {}, "offset"), column.terms[1]], exact[1]),
    rowOf([el("b", {}, `sum${powerWords(column.power)}`), el("b", {}, column.total)], account.sum, "cs-total"),
  ];
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Account} account
 */
function takenRows(scope, account) {
  const value = account.part(0).patch[0];
  const at = account.positions.map((along) => along[0]);
  const padding = Number.isNaN(value) || at.some((one) => one < 0);
  return [
    el("div", { class: "cs-row cs-taken" }, sourceLabel(scope, account, 0), el("span", { class: "cs-soft" }, padding ? "padding" : placeWords(at)), el("span", { class: "cs-number" }, padding ? "0" : figure(value, 5))),
    ...(account.operation === "normalisation" ? [] : [rowOf([el("b", {}, account.operation), el("b", {}, figure(account.sum, 5))], NaN, "cs-total")]),
  ];
}

/**
 * Activation function, value, and what the framework has.
 * @param {Known} known
 * @param {Account} account
 */
function lastRows(known, account) {
  const rows = [];
  const details = Object.entries(account.details).filter(([name]) => !["centre", "factor", "offset", "values in the window"].includes(name) || account.operation === "normalisation");
  if (details.length) rows.push(el("p", { class: "cs-soft cs-details" }, details.map(([name, value]) => `${name} ${figure(value, 5)}`).join(" · ")));
  if (account.activation.name !== "linear" || account.operation === "normalisation") {
    const name = account.activation.name === "linear" ? account.operation : account.activation.name.replaceAll("_", " ");
    rows.push(rowOf([el("span", {}, `→ ${name} →`), el("b", { class: "cs-value" }, figure(account.value, 4))], NaN, "cs-end"));
  }
  const difference = known.told?.difference ?? known.recorded - account.value;
  if (known.muted) rows.push(el("p", { class: "cs-soft cs-details" }, `muted: the network goes on with ${figure(known.recorded, 4)} instead`));
  else if (!Number.isNaN(known.recorded)) {
    const within = known.told ? known.told.ok : difference === 0 || Math.abs(difference) <= account.tolerance * (Number.isNaN(account.scale) ? Math.abs(account.value) : account.scale);
    rows.push(el("p", { class: "cs-framework" }, `framework ${figure(known.recorded, 4)}  Δ ${difference === 0 ? "0" : difference.toExponential(0)} `,
      el("span", { class: within ? "cs-ok" : "cs-off" }, within ? "✓" : "✗ more than rounding explains"),
      known.told ? el("span", { class: "cs-soft" }, " checked in Python, float64") : null));
  }
  return rows;
}

/**
 * One row: words, number, and the place for its bar.
 * @param {(HTMLElement | string)[]} cells
 * @param {number} amount NaN for no bar
 * @param {string} [kind]
 */
function rowOf(cells, amount, kind = "") {
  const row = el("div", { class: `cs-row ${kind}` }, ...cells.map((cell, at) => (typeof cell === "string" ? el("span", { class: at === cells.length - 1 ? "cs-number" : "cs-times" }, cell) : cell)));
  row.lastElementChild?.classList.add("cs-number");
  if (!Number.isNaN(amount)) {
    row.dataset.amount = String(amount);
    row.append(el("span", { class: "cs-track", "aria-hidden": "true" }, el("i")));
  }
  return row;
}

/** @param {number} power */
function powerWords(power) {
  return power ? ` in 1e${power}` : "";
}

/** @param {Float64Array} values */
function numbersIn(values) {
  const written = Array.from(values.subarray(0, 49), (value) => (Number.isNaN(value) ? "padding" : figure(value)));
  return written.join(", ") + (values.length > 49 ? " …" : "");
}
