import { Camera } from "./camera.js";
import { button, el, fill } from "./dom.js";
import { Drawing } from "./draw.js";
import { givenPanel } from "./given.js";
import { heatPanel } from "./heat.js";
import { predictionPanel } from "./prediction.js";
import { stage } from "./stage.js";
import { pictureStrip } from "./strip.js";
import { listenToFiles } from "./ways.js";

/**
 * The input as the network sees it, the ways to another one, and what the network says.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function inputPanel(scope) {
  /** @type {Drawing[]} */
  const drawings = [];
  const drawing = () => (scope.network?.draws ? drawings.find((one) => one.picture === scope.picture) ?? null : null);
  const heat = heatPanel(scope);
  const shown = stage(scope, heat, drawing);
  const warnings = el("ul", { class: "cs-warnings" });
  const camera = new Camera(scope, () => showWays());
  const files = listenToFiles(scope);

  const draw = button("Draw", () => {
    const [height, width] = /** @type {[number, number]} */ (scope.network.size);
    const made = new Drawing(`drawing ${drawings.length + 1}`, height, width);
    drawings.push(made);
    scope.add(made.picture).then(() => shown.surface.focus(), (problem) => scope.fail(problem));
  });
  const film = button("Camera", () => {
    if (camera.on) camera.stop();
    else camera.start().catch((problem) => scope.fail(problem));
  });
  const open = button("Open…", files.open, { title: "choose files; they can be dropped or pasted anywhere as well" });
  const hint = el("p", { class: "cs-ways-hint" });
  const ways = el("div", { class: "cs-ways" }, open, draw, film, files.node);
  /** @param {(one: Drawing) => void} change */
  const redo = (change) => {
    const own = drawing();
    if (!own) return;
    change(own);
    shown.redraw();
    scope.look().catch((problem) => scope.fail(problem));
  };
  const tools = el("div", { class: "cs-ways", role: "group", "aria-label": "drawing" },
    button("Undo", () => redo((one) => one.undo()), { title: "take the last stroke back (Backspace)" }),
    button("Clear", () => redo((one) => one.clear()), { title: "begin again (Delete)" }));

  const showWays = () => {
    const { network } = scope;
    if (!network) return;
    ways.hidden = !network.live || scope.unavailable("image") !== "";
    hint.hidden = network.live && drawing() !== null && !camera.on;
    draw.hidden = !network.draws;
    draw.title = drawing() ? "a new drawing" : `draw ${network.size?.join(" × ") ?? ""} pixels`;
    tools.hidden = !drawing();
    film.textContent = camera.on ? "Stop camera" : "Camera";
    film.setAttribute("aria-pressed", String(camera.on));
    film.hidden = scope.host.kind === "report" || !network.takes_images;
    if (ways.hidden) hint.textContent = scope.unavailable("image");
    else if (camera.on) hint.textContent = camera.rate ? `${camera.rate.toFixed(1)} frames/s` : "the camera starts …";
    else hint.textContent = network.takes_images ? "or drop, or paste a picture" : "or drop a .npy, .npz or .wav file";
    // A stroke on a drawing says by itself when it ends.
    if (camera.on || !drawing()) scope.setLive(camera.on);
  };

  const showRun = () => {
    const { run } = scope;
    if (!run) return;
    fill(warnings, ...run.warnings.map((words) => el("li", {}, words)));
    warnings.hidden = !run.warnings.length;
  };

  scope.on("network", showWays);
  scope.on("run", () => {
    showRun();
    showWays();
  });
  scope.on("state", (changed) => {
    if (!changed.has("image")) return;
    if (camera.on && camera.picture && scope.picture !== camera.picture) camera.stop();
    showWays();
  });
  return el("aside", { class: "cs-input", "aria-label": "input and prediction" },
    el("h2", { class: "cs-caption" }, "As the network sees it"),
    shown.node, givenPanel(scope), warnings, ways, tools, hint, pictureStrip(scope), predictionPanel(scope), heat.node);
}
