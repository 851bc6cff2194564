import { button, el, figure, fill, signedFigure } from "./dom.js";
import { surveyClasses } from "./survey_classes.js";
import { surveyHistogram } from "./survey_histogram.js";
import { surveyLeaders } from "./survey_leaders.js";

/** @typedef {import("./scope.js").Scope} Scope */

/**
 * What a survey knows of the pinned channel: how often it fires, the images that excite it most,
 * how its largest values spread, and which class it tells from the others.
 * @param {Scope} scope
 */
export function surveyPanel(scope) {
  const of = el("span", { class: "cs-soft" });
  const told = el("p", { class: "cs-surveytold" });
  const leaders = surveyLeaders(scope);
  const histogram = surveyHistogram(scope);
  const classes = surveyClasses(scope);
  const twins = el("p", { class: "cs-twins" });
  const node = el("section", { class: "cs-survey", "aria-label": "survey", hidden: true },
    el("h3", { class: "cs-caption" }, "Survey ", of), told, leaders.node, histogram.node, classes.node, twins);
  // Pictures take as long as their files do: the figures come first.
  let held = "";

  const show = () => {
    const { layer, channel, mode } = scope.state;
    const { info } = scope.surveys;
    node.hidden = !info || channel < 0 || (mode !== "layer" && mode !== "sheet");
    if (!info || node.hidden) return;
    of.textContent = surveyWords(info);
    const found = scope.surveys.has(layer) ? scope.surveys.find("survey_channel", { layer, channel }) : null;
    const problem = scope.surveys.has(layer) ? found?.problem : `${layer} was not surveyed: survey again with --layers`;
    for (const part of [leaders.node, histogram.node, classes.node, twins]) part.hidden = !found || Boolean(problem);
    told.setAttribute("aria-busy", String(!found && !problem));
    if (!found || problem) {
      const key = `${layer} ${channel}`;
      // What was said of another channel does not stay.
      if (problem || key !== held) fill(told, problem ?? "asking …");
      held = key;
      return;
    }
    held = `${layer} ${channel}`;
    const best = bestClass(found.classes);
    fill(told, ...toldWords(scope, found, best));
    const pictures = scope.surveys.find("survey_pictures", { layer, channel });
    leaders.show(found.leaders, pictures?.problem ? { pictures: [], missing: pictures.problem } : pictures);
    const { low, high, counts } = found.histogram;
    histogram.show({ low: low.data, high: high.data, counts: counts.data }, scope.maps(layer)?.maximum.data[channel] ?? NaN);
    classes.show(found.classes, best);
    showTwins(scope, twins, layer, found.alike);
  };

  return {
    node,
    show,
    redraw() {
      if (!node.hidden) histogram.redraw();
    },
  };
}

/**
 * What was surveyed; of one that is not finished, how far it is.
 * @param {import("./types.js").SurveyInfo} info
 */
export function surveyWords(info) {
  const images = info.images.toLocaleString("en");
  const of = info.finished ? `${images} images` : `not finished: ${images} of ${info.planned.toLocaleString("en")} images`;
  return `${of} of ${info.dataset}${info.skipped ? `, ${info.skipped.toLocaleString("en")} skipped` : ""}`;
}

/**
 * The class of the largest |d'|; -1 without.
 * @param {import("./survey_classes.js").Classes | null} classes
 */
function bestClass(classes) {
  if (!classes?.dprime) return -1;
  const size = Array.from(classes.dprime.data, (one) => (Number.isNaN(one) ? -1 : Math.abs(one)));
  return size.reduce((best, one, index) => (one > size[best] ? index : best), 0);
}

/**
 * @param {Scope} scope
 * @param {any} found
 * @param {number} best
 * @returns {(string | HTMLElement)[]}
 */
function toldWords(scope, found, best) {
  const share = found.images ? found.fired / found.images : 0;
  const dead = found.word === "dead";
  const words = [el("span", { class: "cs-word", "data-word": found.word }, found.word), ` ${scope.surveys.firedWords(found.layer, found.channel)}${share === 0 || share === 1 ? "" : ` (${(100 * share).toFixed(1)} %)`}`];
  const { minimum, mean, maximum } = found.figures;
  if (!dead) words.push(`, from ${figure(minimum ?? NaN)} to ${figure(maximum ?? NaN)}, mean ${figure(mean ?? NaN)}`);
  const value = best >= 0 ? found.classes.dprime.data[best] : NaN;
  if (best >= 0 && !dead && value) {
    const area = found.classes.area ? `, area under the ROC curve ${figure(found.classes.area.data[best])}` : "";
    words.push(". Tells ", el("b", {}, scope.surveys.info?.classes[best] ?? ""), ` from the other classes: ${value > 0 ? "higher" : "lower"} there, d′ ${signedFigure(value)}${area}`);
  }
  return [...words, "."];
}

/**
 * Channels that duplicate this one, each a click away.
 * @param {Scope} scope
 * @param {HTMLElement} node
 * @param {string} layer
 * @param {{channel: number, correlation: number}[]} alike
 */
function showTwins(scope, node, layer, alike) {
  node.hidden = !alike.length;
  fill(node, "Much like ", ...alike.flatMap(({ channel, correlation }, place) => [
    place ? ", " : "", button(`channel ${channel}`, () => scope.pin(layer, channel), { class: "cs-follow" }), ` (correlation ${figure(correlation)})`]));
}
