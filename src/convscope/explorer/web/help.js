import { el } from "./dom.js";
import { openDialog } from "./dialog.js";

/** @type {[string, string[][]][]} */
const KEYS = [
  ["Moving", [["← →", "the map before and after"], ["↑ ↓", "a row of maps up and down"], ["shift arrows", "the unit within the pinned map"], ["[ ]", "the layer before and after"], ["Escape", "back to what was before"]]],
  ["Seeing", [["1 2", "the sheet of all layers, one layer"], ["Enter", "open the layer from the sheet"], ["/", "find a layer"], [", .", "the slice of a volume before and after"], ["p", "volumes: the maximum along the depth, or slices"], ["< >", "the frame of a film before and after"], ["l", "signals: lines, or the heat strip"], ["t", "tables in place of pictures"], ["?", "this page"]]],
  ["Silencing", [["m", "mute the pinned map, or no longer"], ["s", "let only this map of its layer sound"]]],
  ["On the sheet", [["+ -", "closer, and further away"], ["0", "all of the sheet"], ["ctrl arrows", "move the view"], ["b", "show the blank maps of the layer, or put them away"], ["f", "fold the block around the layer, or unfold it"]]],
  ["In a lesson", [["n", "the next step"], ["shift n", "the step before"]]],
];

/** @type {[string, string, string][]} */
const MARKS = [
  ["cs-markhatch", "hatched", "a map on which nothing is to be seen, with the reason: zero here (all its units are zero on this image), constant (all have one value), muted; with a survey beside the network silent (zero here, though it fires on other images) or dead (zero on all of them) in place of zero here"],
  ["cs-markstrength", "bar beside a map", "its largest value against the largest of the layer, which the scale “channel” hides"],
  ["cs-markfor", "blue bar beneath", "what it contributes to the class: activation × gradient, summed over the map"],
  ["cs-markagainst", "red bar beneath", "what it contributes against the class"],
  ["cs-markpin", "orange frame", "what is pinned: a map, or one unit of it"],
];

/** @type {[string, string][]} */
const SCALES_SAID = [
  ["channel", "every map from its own smallest to its own largest value: shows structure, hides strength"],
  ["layer", "one scale for all maps of the layer: compares them"],
  ["shared", "one scale for the whole network on this image"],
  ["robust", "from the 1st to the 99th percentile of the layer: outliers do not flatten the rest"],
  ["sigma", "every map from two standard deviations below its mean to two above"],
  ["fixed(low,high)", "the ends that you give"],
];

/**
 * Say what keys do, what marks mean, and where data go.
 * @param {import("./scope.js").Scope} scope
 */
export function openHelp(scope) {
  if (scope.root.querySelector("dialog[open]")) return;
  const keys = KEYS.map(([title, rows]) => el("div", {}, el("h4", {}, title), el("dl", {}, ...rows.flatMap(([key, words]) => [
    el("dt", {}, ...key.split(" ").map((one) => el("kbd", {}, one))), el("dd", {}, words)]))));
  const marks = el("dl", { class: "cs-marks" }, ...MARKS.flatMap(([look, name, words]) => [el("dt", {}, el("i", { class: look, "aria-hidden": "true" }), name), el("dd", {}, words)]));
  const scales = el("dl", { class: "cs-marks" }, ...SCALES_SAID.flatMap(([name, words]) => [el("dt", {}, el("code", {}, name)), el("dd", {}, words)]));
  openDialog(scope, "What is what",
    el("div", { class: "cs-helpbody", tabindex: 0, role: "group", "aria-label": "help" },
      el("h3", {}, "With the mouse"),
      el("p", {}, "Hovering shows the value of a unit; a click pins the map and the unit; the wheel zooms the sheet. A click on a layer's name opens the layer."),
      el("h3", {}, "Keys"), el("div", { class: "cs-helpkeys" }, ...keys),
      el("h3", {}, "Marks"), marks,
      el("h3", {}, "Colours and scales"),
      el("p", {}, "Where a layer holds no negative values, zero has the colour of the paper, so what you see is what is there. Where it holds both signs, zero is white: blue is positive, red is negative, and both ends are equally far from zero. Other colours can be chosen above. A colour bar is true for every map beside which it stands."),
      scales,
      el("h3", {}, "The books"),
      el("p", {}, "The score of a class (its logit) is the sum of what the maps of a layer contribute, what the biases behind it add, and a remainder. The remainder is rounding where everything behind the layer is piecewise linear; where it is not, or where a part of the score passes beside the layer, the books say so."),
      el("h3", {}, "Where your images go"),
      el("p", {}, scope.host.kind === "report" ? "Nowhere. All that this page shows is inside the file." : "Nowhere. The network runs where convscope runs, which is this machine unless you started it elsewhere; nothing is sent to anybody else, and no page is fetched from the internet."),
      el("p", { class: "cs-soft" }, `convscope ${scope.network?.version ?? ""}`)));
}
