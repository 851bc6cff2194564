/** @typedef {import("./types.js").RunInfo} RunInfo */
/** @typedef {import("./types.js").Prediction} Prediction */

/**
 * What a network says of one class.
 * @typedef {object} ClassScore
 * @property {number} index
 * @property {number} score
 * @property {number | null} share as a probability, 0 to 1; null where the output is none
 * @property {number | null} logit
 * @property {number | null} odds logarithm of probability over the rest
 */

/**
 * One output with its classes, best first.
 * @typedef {object} Output
 * @property {string} name empty where there is one output alone
 * @property {boolean} first whether it is the one that is explained
 * @property {ClassScore[]} classes
 * @property {string} note how per cent came about, where that is not plain
 */

/**
 * Read the outputs of a run; of the first one all classes where its logits are known.
 * @param {import("./types.js").NetworkInfo} network
 * @param {{predictions: Prediction[], logits: import("./types.js").Numbers | null, activation?: string | null}} run
 * @param {string | null} activation of the first head
 * @returns {Output[]}
 */
export function outputsOf(network, run, activation) {
  /** @type {Map<string, Prediction[]>} */
  const groups = new Map();
  for (const one of run.predictions) groups.set(one.output ?? "", [...(groups.get(one.output ?? "") ?? []), one]);
  const head = network.outputs[0];
  return [...groups].map(([name, rows], place) => {
    const first = head ? name === "" || name === head.name : place === 0;
    const how = network.outputs.find((one) => one.name === name)?.activation ?? (first ? activation : null);
    const classes = first && run.logits ? fromLogits(run.logits.data, how, network.labels.length) : null;
    if (classes) return { name, first, classes: classes.sort((a, b) => b.score - a.score || a.index - b.index), note: how === "linear" && classes[0]?.share !== null ? "per cent: softmax of the logits" : "" };
    const probable = how === "softmax" || how === "sigmoid";
    return { name, first, note: "", classes: rows.map((row) => ({ index: row.index, score: row.score, share: probable ? row.score : null, logit: null, odds: null })) };
  });
}

/**
 * @param {ArrayLike<number>} logits
 * @param {string | null} activation
 * @param {number} labels how many names of classes there are
 * @returns {ClassScore[] | null}
 */
function fromLogits(logits, activation, labels) {
  const all = Array.from(logits);
  if (activation === "sigmoid") {
    // One unit and two names: the unit speaks of the second.
    const values = all.length === 1 && labels === 2 ? [-all[0], all[0]] : all;
    return values.map((logit, index) => ({ index, logit, odds: logit, share: 1 / (1 + Math.exp(-logit)), score: logit }));
  }
  if (activation === "softmax" || (activation === "linear" && all.length > 1 && labels === all.length)) {
    const most = Math.max(...all);
    const total = all.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    return all.map((logit, index) => {
      const own = Math.exp(logit - most);
      // Where one class takes nearly all, what the others take is lost in the total.
      const rest = own > 0.9 * total ? sumOfOthers(all, index) : most + Math.log(total - own);
      return { index, logit, odds: logit - rest, share: own / total, score: logit };
    });
  }
  return null;
}

/**
 * Logarithm of the sum of exponentials of all but one, exact also where that one takes nearly all.
 * @param {ArrayLike<number>} logits
 * @param {number} index
 */
export function sumOfOthers(logits, index) {
  let most = -Infinity;
  for (let at = 0; at < logits.length; at++) if (at !== index && logits[at] > most) most = logits[at];
  let sum = 0;
  for (let at = 0; at < logits.length; at++) if (at !== index) sum += Math.exp(logits[at] - most);
  return most + Math.log(sum);
}

/**
 * Write a probability so that it fits its column.
 * @param {number | null} share
 */
export function perCent(share) {
  if (share === null) return "";
  const hundred = 100 * share;
  if (hundred > 0 && hundred < 0.05) return "<0.1 %";
  if (hundred < 100 && hundred >= 99.95) return ">99.9 %";
  return `${hundred.toFixed(1)} %`;
}
