import { el, figure, fill, signedFigure } from "./dom.js";
import { sumOfOthers } from "./scores.js";

/**
 * What muting did to the decision: before and after, in log-odds and per cent.
 * @param {import("./scope.js").Scope} scope
 */
export function effectPanel(scope) {
  const body = el("div", { class: "cs-effect" });
  const node = el("section", { "aria-label": "effect of muting", hidden: true }, el("h3", { class: "cs-caption" }, "Effect of muting"), body);
  return {
    node,
    show() {
      const { run } = scope;
      node.hidden = !run?.before;
      if (!run?.before) return;
      const index = run.score?.index ?? run.before.predictions[0]?.index ?? 0;
      const before = oddsOf(run.before.logits, run.activation, index) ?? oddsOfShare(run.before.predictions, index);
      const after = oddsOf(run.logits, run.activation, index) ?? oddsOfShare(run.predictions, index);
      const was = run.before.predictions[0];
      const now = run.predictions[0];
      fill(body,
        el("p", {}, `with ${silentWords(run.muted)}`),
        before && after ? el("table", {},
          el("tr", {}, el("th", {}), el("th", { scope: "col" }, "before"), el("th", { scope: "col" }, "after"), el("th", { scope: "col" }, "change")),
          effectRow(`log-odds of ${scope.label(index)}`, signedFigure(before.odds, 4), signedFigure(after.odds, 4), signedFigure(after.odds - before.odds)),
          effectRow("per cent", percent(before.share), percent(after.share), `${signedFigure((after.share - before.share) * 100)} points`),
          run.score && run.before.score ? effectRow("score", signedFigure(run.before.score.value, 4), signedFigure(run.score.value, 4), signedFigure(run.score.value - run.before.score.value)) : null) : null,
        was && now && was.index !== now.index ? el("p", { class: "cs-warned" }, `now ${now.label ?? now.index}, before ${was.label ?? was.index}`) : null);
    },
  };
}

/**
 * @param {string} words
 * @param {string} before
 * @param {string} after
 * @param {string} change
 */
function effectRow(words, before, after, change) {
  return el("tr", {}, el("th", { scope: "row" }, words), el("td", {}, before), el("td", {}, after), el("td", { class: change.startsWith("-") ? "cs-lost" : "cs-won" }, change));
}

/** @param {Object<string, number[]>} muted */
function silentWords(muted) {
  const parts = Object.entries(muted).map(([layer, channels]) => (channels.length > 4 ? `${channels.length} channels of ${layer}` : `${channels.join(", ")} of ${layer}`));
  return `${parts.join(" and ")} muted`;
}

/**
 * Log-odds and probability of a class.
 * @param {import("./types.js").Numbers | null} logits
 * @param {string} activation
 * @param {number} index
 * @returns {{odds: number, share: number} | null}
 */
function oddsOf(logits, activation, index) {
  if (!logits || index >= logits.data.length) return null;
  if (activation === "sigmoid") {
    const odds = logits.data[index];
    return { odds, share: 1 / (1 + Math.exp(-odds)) };
  }
  if (activation !== "softmax") return null;
  const odds = logits.data[index] - sumOfOthers(logits.data, index);
  return { odds, share: 1 / (1 + Math.exp(-odds)) };
}

/**
 * @param {import("./types.js").Prediction[]} predictions
 * @param {number} index
 */
function oddsOfShare(predictions, index) {
  const found = predictions.find((one) => one.index === index);
  if (!found || !(found.score > 0 && found.score < 1)) return null;
  return { odds: Math.log(found.score / (1 - found.score)), share: found.score };
}

/** @param {number} share */
function percent(share) {
  const value = share * 100;
  return `${value > 99.9 && value < 100 ? value.toFixed(Math.min(6, 2 + Math.ceil(-Math.log10(100 - value)))) : figure(value)} %`;
}
