import { inks } from "./blanks.js";
import { el, figure, fill } from "./dom.js";
import { frameOf, frameWords, showFrame } from "./film_frames.js";
import { drawFilmLine, frameUnder } from "./film_line.js";

/** @typedef {import("./scope.js").Scope} Scope */

const TALL_LINE = 34;
// Pixels of a row that are not the line's.
const BESIDE = 194;
/** @type {[string, string, string][]} */
const FIGURES = [
  ["high", "largest value", "the largest value of the map"],
  ["change", "change of the map", "how far the map is from that of the frame before, relative to the latter"],
  ["gradient", "gradient", "the norm of the gradient of the channel's kernel that the last update used"],
  ["update", "update to weight", "how far the last update moved the channel's kernel, relative to the kernel"],
];

/**
 * What the pinned channel did over the frames of a film; a click looks at a frame.
 * @param {Scope} scope
 * @param {import("./asked.js").Asked} asked
 */
export function filmPanel(scope, asked) {
  const lines = el("div", { class: "cs-film-lines" });
  const node = el("section", { class: "cs-filmpanel", "aria-label": "over the training", hidden: true }, el("h3", { class: "cs-caption" }, "Over the training"), lines);
  /** @type {(() => void)[]} */
  let painters = [];

  const show = () => {
    const { film } = scope.network;
    const { layer, channel, image, network, training } = scope.state;
    const index = scope.pictures[image]?.index;
    node.hidden = !film || channel < 0 || index === undefined;
    if (!film || node.hidden) return;
    const found = asked.find("film_channel", { layer, channel, image: index, network, training, frames: film.steps.length });
    if (!found) return;
    painters = [];
    fill(lines, ...(found.problem ? [el("p", { class: "cs-soft" }, found.problem)] : FIGURES.map(([name, words, title]) => row(found[name].data, words, title))));
    redraw();
  };

  /**
   * @param {ArrayLike<number>} figures
   * @param {string} words
   * @param {string} title
   */
  const row = (figures, words, title) => {
    const known = Array.from(figures).filter(Number.isFinite);
    if (!known.length) return null;
    const canvas = el("canvas", { role: "img" });
    const value = el("span", { class: "cs-film-value" });
    const most = Math.max(...known);
    canvas.addEventListener("click", (event) => showFrame(scope, frameUnder(canvas, event, figures.length)));
    painters.push(() => {
      const colours = inks(scope.root);
      const frame = frameOf(scope);
      const now = figures[frame];
      value.textContent = Number.isFinite(now) ? figure(now) : now === Infinity ? "from nothing" : "–";
      canvas.setAttribute("aria-label", `${words} over ${figures.length} frames, at most ${figure(most)}; at ${frameWords(scope, frame)} ${value.textContent}`);
      drawFilmLine(canvas, figures, { wide: Math.max(80, lines.clientWidth - BESIDE), tall: TALL_LINE, most, frame, ink: colours.accent, line: colours.line, pin: colours.pin });
    });
    return el("div", { class: "cs-film-row", title }, el("span", {}, words), canvas, value);
  };

  const redraw = () => {
    if (!node.hidden) for (const paint of painters) paint();
  };
  return { node, show, redraw };
}
