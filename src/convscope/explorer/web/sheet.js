import { el, sharp } from "./dom.js";
import { Later } from "./later.js";
import { actOn, foldAll } from "./sheet_acts.js";
import { depthOf, dive, flyToDepth } from "./sheet_depths.js";
import { sheetInks } from "./sheet_inks.js";
import { listenToSheetKeys } from "./sheet_keys.js";
import { sheetLegend } from "./sheet_legend.js";
import { SheetLoading } from "./sheet_loading.js";
import { SheetMotion } from "./sheet_motion.js";
import { paintSheet } from "./sheet_paint.js";
import { SheetPointer } from "./sheet_pointer.js";
import { SheetScene } from "./sheet_scene.js";
import { steer } from "./sheet_steering.js";
import { sheetWords } from "./sheet_words.js";

/** @typedef {import("./sheet_found.js").Found} Found */

// Runs that come faster than this, in milliseconds, are a picture being drawn.
const QUICK = 350;
// Milliseconds in which a second press is part of the first.
const TWICE = 400;

/**
 * The whole network at a glance: every map of every layer on one sheet that zooms from the network to
 * the products behind a number.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function sheetPanel(scope) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const heard = el("span", { class: "cs-sheet-heard", role: "status" });
  const view = el("div", { class: "cs-sheet-view", tabindex: 0, role: "application", "aria-roledescription": "sheet of all feature maps" }, canvas);
  let due = 0;
  let lastRun = -Infinity;
  // Whether what came has not been read yet: a run and its books are read once, when they are drawn.
  let stale = false;

  const redraw = () => {
    if (due || node.hidden) return;
    due = requestAnimationFrame(draw);
  };
  scope.signal.addEventListener("abort", () => cancelAnimationFrame(due));
  const scene = new SheetScene(scope, redraw, () => {
    redraw();
    if (!pointer.tip.hidden) pointer.showTip();
    describe();
  });
  const later = new Later(scope.signal);
  const loading = new SheetLoading(scene, later);
  const motion = new SheetMotion(scene, view, later, loading);
  const pointer = new SheetPointer(scene, view, later);
  const legend = sheetLegend(scope, { deeper: (depth) => flyToDepth(motion, depth), zoom: (factor) => motion.zoom(factor), foldAll: (fold) => foldAll(scope, fold) });
  const node = el("section", { class: "cs-sheet", "aria-label": "sheet of the whole network" }, view, legend.node, pointer.tip, heard);

  const draw = () => {
    due = 0;
    if (!scope.network || node.hidden || !scene.width) return;
    if (stale) {
      stale = false;
      scene.read();
      motion.place();
    }
    const pen = sharp(canvas, scene.width, scene.height);
    scene.values.begin();
    paintSheet(pen, scene);
    if (scene.prepared.owing) redraw();
    scene.values.pump();
    const item = scene.hover?.group?.item;
    const name = item?.kind === "maps" || item?.kind === "vector" ? item.name : scope.state.layer;
    legend.show(name, scene.layers.get(name), scene.order(name)?.by ?? "", depthOf(motion, name));
  };

  const describe = () => {
    if (!scope.network) return;
    const words = sheetWords(scene, scope.state.layer, scope.state.channel);
    view.setAttribute("aria-label", words);
    if (heard.textContent !== words && scope.state.channel >= 0 && !scene.moving) heard.textContent = words;
  };

  /** While pictures follow quickly the maps keep their places; they are sorted when it is calm. */
  const settle = () => {
    scene.moving = false;
    scene.sort();
    redraw();
    describe();
    loading.soon();
  };

  const onRun = () => {
    const now = performance.now();
    scene.moving = scope.live || now - lastRun < QUICK;
    lastRun = now;
    stale = true;
    redraw();
    if (!scene.moving) settle();
    else if (!scope.live) later.after("settle", QUICK + 50, settle);
  };

  const onBooks = () => {
    stale = true;
    if (!scene.moving) settle();
    redraw();
  };

  listenToView(view, motion, pointer);
  listenToSheetKeys(view, motion);
  const watch = new ResizeObserver(() => motion.lay());
  watch.observe(view);
  scope.signal.addEventListener("abort", () => watch.disconnect());
  // Whoever keeps the sheet as a picture paints it at another size than the screen's.
  scope.on("print", (wanted) => !node.hidden && scene.width && Object.assign(wanted, { width: scene.width, height: scene.height, paint: (/** @type {CanvasRenderingContext2D} */ pen) => paintSheet(pen, scene) }));
  scope.on("network", () => {
    scene.forget();
    scope.made.set("sheet scene", scene);
    motion.apply();
    describe();
  });
  scope.on("run", onRun);
  scope.on("live", (live) => !live && scene.moving && later.after("settle", QUICK, settle));
  for (const event of ["sheet", "books", "costs"]) scope.on(event, onBooks);
  scope.on("survey", (type) => type === "survey_layer" && onBooks());
  scope.on("maps", (name) => {
    if (!scope.sheet && !scene.layers.has(name)) stale = true;
    if (name === scope.state.layer) describe();
    redraw();
  });
  scope.on("colours", () => {
    scene.inks = sheetInks(scope.root);
    scene.prepared.clear();
    redraw();
  });
  scope.on("state", (changed) => {
    node.hidden = scope.state.mode !== "sheet";
    if (changed.has("mode")) motion.lay();
    if (changed.has("theme")) scene.inks = sheetInks(scope.root);
    if (changed.has("sort")) settle();
    if (changed.has("folded")) motion.refold();
    if (changed.has("view")) motion.follow();
    if (changed.has("layer") || changed.has("channel") || changed.has("unit")) {
      describe();
      // An address that says where the sheet is looked at is followed to the letter.
      if (scope.state.channel >= 0 && !changed.has("view")) later.after("reveal", 60, () => motion.reveal());
    }
    redraw();
  });
  node.hidden = scope.state.mode !== "sheet";
  return node;
}

/**
 * Let the pointer move the sheet, and press what lies on it.
 * @param {HTMLElement} view
 * @param {SheetMotion} motion
 * @param {SheetPointer} pointer
 */
function listenToView(view, motion, pointer) {
  /** @type {{found: Found | null, at: number}} */
  let pressed = { found: null, at: 0 };
  steer(view, {
    pan: (dx, dy) => motion.pan(dx, dy),
    zoom: (factor, x, y) => motion.zoom(factor, x, y),
    point: (x, y) => pointer.point(x, y),
    press: (x, y) => {
      // The first press of two may have moved what lies here: the panel of the channel opens.
      if (performance.now() - pressed.at < TWICE) return;
      pressed = { found: pointer.under(x, y), at: performance.now() };
      actOn(motion.scene, pressed.found);
    },
    enter: () => dive(motion, ["tile", "group", "input"].includes(pressed.found?.kind ?? "") ? pressed.found : null),
    leave: () => pointer.leave(),
  });
}
