import { el, figure, signedFigure } from "./dom.js";
import { largestSize } from "./levels.js";
import { perCent } from "./scores.js";

/** @typedef {import("./comparison.js").Comparison} Comparison */
/** @typedef {import("./scope.js").Scope} Scope */

const ROWS = 10;

/**
 * The units of a layer without space, those that differ most first.
 * @param {Scope} scope
 * @param {Comparison} found
 */
export function unitTable(scope, found) {
  const [{ a, b, difference, because, layer }] = found.pairs;
  if (!difference) return el("p", { class: "cs-soft" }, because);
  const most = largestSize(difference.values) || 1;
  const order = Array.from(difference.values, (_, unit) => unit).sort((p, q) => Math.abs(difference.values[q]) - Math.abs(difference.values[p]) || p - q).slice(0, ROWS);
  const { channel } = scope.state;
  if (channel >= 0 && channel < difference.values.length && !order.includes(channel)) order.unshift(channel);
  const rows = order.map((unit) => {
    const value = difference.values[unit];
    const press = el("button", { type: "button", class: "cs-cellbutton", "aria-pressed": String(unit === channel) }, found.names?.[unit] ?? String(unit));
    press.addEventListener("click", () => scope.pin(layer, unit));
    return el("tr", { class: unit === channel ? "cs-chosenrow" : null }, el("th", { scope: "row" }, press), el("td", {}, figure(a.values[unit])), el("td", {}, figure(b.values[unit])), el("td", {}, signedFigure(value)), el("td", {}, shareBar(value / most)));
  });
  const rest = difference.values.length - order.length;
  return el("div", { class: "cs-group" }, el("h3", {}, `${layer} · units that differ most`),
    el("table", { class: "cs-figures" }, el("thead", {}, el("tr", {}, ...["unit", "A", "B", "A − B", ""].map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, ...rows)),
    rest > 0 ? el("p", { class: "cs-soft" }, `and ${rest} that differ less`) : null);
}

/**
 * What both sides make of it.
 * @param {Scope} scope
 * @param {Comparison} found
 */
export function sideTable(scope, found) {
  const [a, b] = [found.a.predictions, found.b.predictions];
  const chosen = [...new Map([...a.slice(0, 3), ...b.slice(0, 3)].map((one) => [found.kind === "network" ? one.label ?? String(one.index) : String(one.index), one])).entries()];
  /** @param {import("./types.js").Prediction[]} side @param {string} key */
  const scoreOf = (side, key) => side.find((one) => (found.kind === "network" ? one.label ?? String(one.index) : String(one.index)) === key)?.score;
  const rows = found.kind === "class" ? [] : chosen.map(([key, one]) => {
    const [first, second] = [scoreOf(a, key), scoreOf(b, key)];
    return predictionRow(found, one.label ?? scope.label(one.index), first, second);
  });
  const { score: first } = found.a;
  const { score: second } = found.b;
  if (found.kind === "class") {
    rows.push(predictionRow(found, "prediction", a[0]?.score, b[0]?.score));
  }
  if (first && second) {
    const name = found.kind === "class" ? "logit" : first.words === second.words ? first.words : "score of its class";
    rows.push(el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, figure(first.value)), el("td", {}, figure(second.value)), el("td", {}, signedFigure(first.value - second.value))));
  }
  return el("table", { class: "cs-figures" }, el("caption", {}, "prediction"),
    el("thead", {}, el("tr", {}, ...["", "A", "B", "A − B"].map((words) => (words ? el("th", { scope: "col" }, words) : el("td"))))), el("tbody", {}, ...rows));
}

/**
 * One class on both sides; what is not among the best of a side is not known there.
 * @param {Comparison} found
 * @param {string} name
 * @param {number} [first]
 * @param {number} [second]
 */
function predictionRow(found, name, first, second) {
  const probable = found.a.probable && found.b.probable;
  /** @param {number} [value] */
  const words = (value) => (value === undefined ? "–" : probable ? perCent(value) : figure(value));
  const apart = first === undefined || second === undefined ? "" : probable ? `${first < second ? "−" : "+"}${(100 * Math.abs(first - second)).toFixed(1)} %` : signedFigure(first - second);
  return el("tr", {}, el("th", { scope: "row" }, name), el("td", { title: first }, words(first)), el("td", { title: second }, words(second)), el("td", {}, apart));
}

/**
 * A bar to the right for what is positive, to the left for what is not.
 * @param {number} share -1 to 1
 */
export function shareBar(share) {
  const bar = el("span", { class: share >= 0 ? "cs-forbar" : "cs-againstbar" });
  bar.style.width = `${Math.min(1, Math.abs(share)) * 50}%`;
  bar.style.left = share >= 0 ? "50%" : `${50 - Math.min(1, Math.abs(share)) * 50}%`;
  return el("span", { class: "cs-sharebar", "aria-hidden": "true" }, bar);
}
