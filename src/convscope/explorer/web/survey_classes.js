import { el, figure, fill, signedFigure } from "./dom.js";

/**
 * By class: how many images, the mean and the spread of their means, d' and the area.
 * @typedef {{images: {data: ArrayLike<number>}, fired: {data: ArrayLike<number>}, mean: {data: ArrayLike<number>}, deviation: {data: ArrayLike<number>}, dprime: {data: ArrayLike<number>} | null, area: {data: ArrayLike<number>} | null}} Classes
 */

// Classes that are listed; of more, those that differ most from all others.
const LISTED = 12;

/**
 * The mean of a channel by class, as bars, with how far the images of the class spread.
 * @param {import("./scope.js").Scope} scope
 */
export function surveyClasses(scope) {
  const table = el("table", { class: "cs-classbars" });
  const note = el("p", { class: "cs-soft" });
  const node = el("div", {}, el("h4", {}, "Mean by class ", el("span", { class: "cs-soft" }, "± spread of the images’ means")), table, note);
  return {
    node,
    /** @param {Classes | null} classes @param {number} best the class that the channel tells; -1 for none */
    show(classes, best) {
      node.hidden = !classes;
      const { info } = scope.surveys;
      if (!classes || !info) return;
      const listed = chosenClasses(classes);
      const { low, high } = reachOf(classes, listed);
      const rows = listed.map((index) => meanRow(info.classes[index], classes, index, index === best, low, high));
      const heads = ["class", "", "mean", "±", ...(classes.dprime ? ["d′"] : [])];
      fill(table, el("thead", {}, el("tr", {}, ...heads.map((words) => (words ? el("th", { scope: "col" }, words) : el("td"))))), el("tbody", {}, ...rows));
      const left = classes.mean.data.length - listed.length;
      note.hidden = left <= 0;
      note.textContent = `and ${left.toLocaleString("en")} classes that it tells less`;
    },
  };
}

/**
 * @param {Classes} classes
 * @returns {number[]} in the order of the classes
 */
function chosenClasses({ images, mean, dprime }) {
  const all = Array.from(mean.data, (_, index) => index).filter((index) => images.data[index]);
  if (all.length <= LISTED || !dprime) return all.slice(0, LISTED);
  return all.sort((a, b) => Math.abs(dprime.data[b]) - Math.abs(dprime.data[a]) || a - b).slice(0, LISTED);
}

/**
 * What the bars reach to, zero among it.
 * @param {Classes} classes
 * @param {number[]} listed
 */
function reachOf({ mean, deviation }, listed) {
  const low = Math.min(0, ...listed.map((index) => mean.data[index] - deviation.data[index]).filter(Number.isFinite));
  const high = Math.max(0, ...listed.map((index) => mean.data[index] + deviation.data[index]).filter(Number.isFinite));
  // A spread may reach below zero where no value does.
  const least = listed.every((index) => mean.data[index] >= 0) ? 0 : low;
  return { low: least, high: high > least ? high : least + 1 };
}

/**
 * @param {string} name
 * @param {Classes} classes
 * @param {number} index
 * @param {boolean} chosen
 * @param {number} low
 * @param {number} high
 */
function meanRow(name, { images, fired, mean, deviation, dprime, area }, index, chosen, low, high) {
  const [value, spread] = [mean.data[index], deviation.data[index]];
  /** @param {number} one */
  const at = (one) => Math.min(100, Math.max(0, ((one - low) / (high - low)) * 100));
  const bar = el("i", { class: value >= 0 ? "cs-classbar" : "cs-classbar cs-below" });
  bar.style.left = `${at(Math.min(0, value))}%`;
  bar.style.width = `${at(Math.max(0, value)) - at(Math.min(0, value))}%`;
  const whisker = el("i", { class: "cs-whisker" });
  whisker.style.left = `${at(value - spread)}%`;
  whisker.style.width = `${at(value + spread) - at(value - spread)}%`;
  const words = [`${images.data[index].toLocaleString("en")} images`, `fires on ${fired.data[index].toLocaleString("en")}`, area ? `area under the ROC curve ${figure(area.data[index])}` : ""].filter(Boolean).join(", ");
  return el("tr", { class: chosen ? "cs-told" : null, title: words },
    el("th", { scope: "row" }, name), el("td", {}, el("span", { class: "cs-classtrack", "aria-hidden": "true" }, bar, whisker)),
    el("td", {}, figure(value)), el("td", {}, figure(spread, 2)), dprime ? el("td", {}, signedFigure(dprime.data[index])) : null);
}
