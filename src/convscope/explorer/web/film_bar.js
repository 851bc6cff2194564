import { inks } from "./blanks.js";
import { button, el, withhold } from "./dom.js";
import { frameOf, frameWords, showFrame } from "./film_frames.js";
import { drawFilmLine } from "./film_line.js";

/** @typedef {import("./scope.js").Scope} Scope */

const TALL_CHART = 22;
// Milliseconds between two frames that are played, and between two looks at what was recorded
// meanwhile: a film that does not grow is looked at less and less often.
const PLAYED = 350;
const SOON = 2000;
const LATE = 30000;

/**
 * A film's slider over time, with the count of dead channels of the layer above it; the newest frame
 * is shown as the training goes on. Hidden for a network that is no film.
 * @param {Scope} scope
 */
export function filmBar(scope) {
  const play = button("▶", () => (playing ? stop() : start()), { class: "cs-button cs-small", "aria-label": "play the film" });
  const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "frame of the film" });
  const chart = el("canvas", { "aria-hidden": "true" });
  const said = el("output", { class: "cs-film-words" });
  const dead = el("span", { class: "cs-soft" });
  const modes = [["false", "inference", "the maps as the network gives them in use"], ["true", "training", "the maps as in a step of the training: batch normalization takes the statistics of the film's images, dropout drops"]].map(([training, words, title]) =>
    button(words, () => scope.change({ training: training === "true" }), { class: "cs-button cs-small", "data-training": training, title }));
  const mode = el("span", { class: "cs-segments", role: "group", "aria-label": "mode" }, ...modes);
  const node = el("section", { class: "cs-film", "aria-label": "film", hidden: true }, play, el("span", { class: "cs-film-track" }, chart, slider), said, dead, mode);

  let playing = 0;
  let looking = 0;
  let wait = SOON;
  /** @type {{layer: string, channels: number, dead: ArrayLike<number>} | null} */
  let told = null;

  const start = () => {
    if (frameOf(scope) >= frames() - 1) showFrame(scope, 0);
    playing = window.setInterval(() => {
      const next = frameOf(scope) + 1;
      showFrame(scope, next);
      if (next >= frames() - 1) stop();
    }, PLAYED);
    show();
  };
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    show();
  };
  const frames = () => scope.network.film?.steps.length ?? 0;

  const show = () => {
    const film = scope.network?.film;
    node.hidden = !film;
    if (!film) return;
    const at = frameOf(scope);
    slider.max = String(frames() - 1);
    slider.value = String(at);
    const words = `${frameWords(scope, at)} · frame ${at + 1} of ${frames()}`;
    slider.setAttribute("aria-valuetext", words);
    said.textContent = scope.state.frame < 0 ? `${words}, the newest` : words;
    const own = told?.layer === scope.state.layer ? told : null;
    dead.textContent = own ? `${own.dead[at] ?? 0} of ${own.channels} dead in ${own.layer}` : "";
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? "stop the film" : "play the film");
    withhold(play, frames() > 1 ? "" : "there is one frame yet");
    mode.hidden = !film.training.length;
    const other = film.training.includes(scope.state.layer);
    for (const one of modes) one.setAttribute("aria-pressed", String(one.dataset.training === String(scope.state.training)));
    modes[1].title = other ? "the maps as in a step of the training" : `${scope.state.layer} gives the same in training: the first layers that do not are ${film.training.slice(0, 3).join(", ")}`;
    draw();
  };

  const draw = () => {
    if (node.hidden) return;
    const colours = inks(scope.root);
    const own = told?.layer === scope.state.layer ? told : null;
    const some = own?.dead && Array.from(own.dead).some((count) => count > 0);
    chart.hidden = !some;
    if (own && some) drawFilmLine(chart, own.dead, { wide: Math.max(60, slider.clientWidth), tall: TALL_CHART, most: own.channels, frame: -1, ink: colours.against, line: colours.line, pin: colours.pin });
  };

  /** Ask for the frames that came meanwhile, and for the dead channels of the layer. */
  const look = async () => {
    clearTimeout(looking);
    if (!scope.network?.film || scope.signal.aborted) return;
    const { network, layer } = scope.state;
    try {
      const reply = document.hidden ? null : await scope.client.latest("film", { type: "film", network, layer });
      if (scope.signal.aborted) return;
      if (reply && scope.network.film) {
        const grown = reply.steps.length > scope.network.film.steps.length;
        told = { layer: reply.layer, channels: reply.channels, dead: reply.dead.data };
        scope.network.film = { steps: reply.steps, training: reply.training };
        wait = grown ? SOON : Math.min(LATE, wait * 1.5);
        if (grown) {
          scope.emit("film");
          // Whoever looks at the newest frame sees the newest.
          if (scope.state.frame < 0) await scope.look();
        }
        show();
      }
    } catch (problem) {
      wait = LATE;
      scope.fail(problem);
    }
    looking = window.setTimeout(look, wait);
  };

  slider.addEventListener("input", () => showFrame(scope, Number(slider.value)));
  document.addEventListener("visibilitychange", () => !document.hidden && look(), { signal: scope.signal });
  scope.signal.addEventListener("abort", () => {
    stop();
    clearTimeout(looking);
  });
  scope.on("network", () => {
    stop();
    told = null;
    look();
  });
  scope.on("state", (changed) => {
    if (changed.has("layer")) look();
    show();
  });
  for (const event of ["run", "colours"]) scope.on(event, show);
  new ResizeObserver(draw).observe(slider);
  return node;
}
