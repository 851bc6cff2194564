import { inks } from "./blanks.js";
import { pictureCanvas } from "./colour.js";
import { el, sharp } from "./dom.js";
import { listenToPen } from "./draw.js";
import { fieldOf } from "./fields.js";

/** @typedef {import("./types.js").Numbers} Numbers */

// Taller pictures are shown narrower.
const TALLEST = 300;
// A picture shown this many times larger keeps its pixels square and sharp.
const SQUARE_FROM = 1.5;

/**
 * The input as the network sees it, with a heat map and a receptive field on it; a drawing is drawn
 * here.
 * @param {import("./scope.js").Scope} scope
 * @param {ReturnType<typeof import("./heat.js").heatPanel>} heat
 * @param {() => import("./draw.js").Drawing | null} drawing the one that is drawn at present
 */
export function stage(scope, heat, drawing) {
  const picture = el("canvas", { class: "cs-stage-picture" });
  const marks = el("canvas", { class: "cs-stage-marks", "aria-hidden": "true" });
  const invite = el("span", { class: "cs-stage-invite" }, "draw here");
  const surface = el("div", { class: "cs-stage-surface", role: "img" }, picture, marks, invite);
  const none = el("p", { class: "cs-stage-none" }, "what this network takes is no picture");
  const sees = el("p", { class: "cs-stage-sees" });
  const node = el("div", { class: "cs-stage" }, surface, none, sees);

  /** @type {{box: [number, number, number, number], pinned: boolean} | null} */
  let field = null;
  let asked = 0;
  let due = 0;
  /** @type {Numbers | null} */
  let painted = null;

  const redraw = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(paint);
  };

  /** @returns {Numbers | null} */
  const beneath = () => {
    const own = drawing();
    return own ? /** @type {Numbers} */ (own.picture.thumbnail) : scope.run?.seen ?? null;
  };

  const paint = () => {
    const seen = beneath();
    surface.hidden = !seen;
    none.hidden = Boolean(seen) || !scope.run || Boolean(scope.run.given?.length);
    if (!seen) return;
    const [height, width] = seen.shape;
    const room = node.clientWidth;
    const scale = Math.min(room / width, TALLEST / height);
    const [wide, tall] = [Math.round(width * scale), Math.round(height * scale)];
    paintPicture(seen, scale);
    picture.style.width = `${wide}px`;
    picture.style.height = `${tall}px`;
    surface.style.width = `${wide}px`;
    surface.style.height = `${tall}px`;
    paintMarks(wide, tall, width, height);
  };

  /** @param {Numbers} seen @param {number} scale */
  const paintPicture = (seen, scale) => {
    const own = drawing();
    const shown = heat.over(seen);
    const source = shown ?? seen;
    // A drawing changes in place.
    if (own || painted !== source) {
      pictureCanvas(source, picture);
      painted = source;
    }
    picture.style.imageRendering = scale >= SQUARE_FROM ? "pixelated" : "auto";
    invite.hidden = !own || !own.blank;
  };

  /** @param {number} wide @param {number} tall @param {number} width @param {number} height */
  const paintMarks = (wide, tall, width, height) => {
    const pen = sharp(marks, wide, tall);
    pen.clearRect(0, 0, wide, tall);
    const colours = inks(scope.root);
    if (field) {
      const [top, left, bottom, right] = field.box;
      const inset = 1.5;
      const x = Math.max(inset, (left / width) * wide);
      const y = Math.max(inset, (top / height) * tall);
      const x2 = Math.min(wide - inset, (right / width) * wide);
      const y2 = Math.min(tall - inset, (bottom / height) * tall);
      // A light line beside a coloured one is seen on any picture.
      for (const [colour, line] of /** @type {[string, number][]} */ ([["rgb(255 255 255 / 75%)", 4], [field.pinned ? colours.pin : colours.accent, 2]])) {
        pen.strokeStyle = colour;
        pen.lineWidth = line;
        pen.strokeRect(x, y, Math.max(1, x2 - x), Math.max(1, y2 - y));
      }
    }
    const own = drawing();
    if (own && node.ownerDocument.activeElement === surface && surface.matches(":focus-visible")) {
      pen.strokeStyle = own.pen.down ? colours.pin : colours.accent;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc((own.pen.x / width) * wide, (own.pen.y / height) * tall, own.pen.down ? 5 : 8, 0, 2 * Math.PI);
      pen.stroke();
    }
  };

  const findField = async () => {
    const { hover, state } = scope;
    const pinned = !hover?.unit;
    const [layer, channel, unit] = hover?.unit ? [hover.layer, hover.channel, hover.unit] : [state.layer, state.channel, state.channel >= 0 ? state.unit : null];
    const turn = ++asked;
    const box = unit && scope.run?.seen && scope.layers.has(layer) ? await fieldOf(scope, layer, unit).catch(() => null) : null;
    if (turn !== asked) return;
    field = box && { box, pinned };
    sees.textContent = box && unit ? fieldWords(scope, layer, channel, unit, box) : scope.run?.fed || scope.network.preparation || "";
    sees.classList.toggle("cs-stage-pinned", Boolean(box) && pinned);
    redraw();
  };

  const describe = () => {
    const own = drawing();
    surface.setAttribute("role", own ? "application" : "img");
    surface.classList.toggle("cs-drawn", Boolean(own));
    if (own) {
      surface.tabIndex = 0;
      surface.setAttribute("aria-label", "drawing: draw with mouse, pen or finger, or with the keyboard: arrows move the pen, space sets it down or lifts it, Backspace takes a stroke back, Delete clears");
    } else {
      surface.removeAttribute("tabindex");
      surface.setAttribute("aria-label", `the input as the network sees it: ${scope.run?.image ?? ""}${scope.run?.seen ? `, ${scope.run.seen.shape.slice(0, 2).join(" × ")} pixels` : ""}`);
    }
  };

  listenToPen(surface, {
    drawing,
    began: () => scope.setLive(true),
    moved: () => {
      redraw();
      scope.look().catch((problem) => scope.fail(problem));
    },
    ended: () => scope.setLive(false),
    say: (words) => scope.emit("status", words),
  }, scope.signal);
  for (const event of ["focus", "blur"]) surface.addEventListener(event, redraw);

  const watch = new ResizeObserver(redraw);
  watch.observe(node);
  scope.signal.addEventListener("abort", () => watch.disconnect());
  scope.on("run", () => {
    describe();
    findField();
  });
  scope.on("hover", findField);
  scope.on("network", findField);
  scope.on("state", (changed) => {
    if (["layer", "channel", "unit"].some((key) => changed.has(key))) findField();
    if (changed.has("image")) describe();
    redraw();
  });
  for (const event of ["heat", "colours"]) scope.on(event, redraw);
  return { node, surface, redraw };
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {string} layer
 * @param {number} channel
 * @param {[number, number]} unit
 * @param {[number, number, number, number]} box
 */
function fieldWords(scope, layer, channel, [y, x], [top, left, bottom, right]) {
  const seen = scope.run?.seen?.shape ?? [];
  const all = top === 0 && left === 0 && bottom === seen[0] && right === seen[1];
  return `${layer} ${channel} (y ${y}, x ${x}) sees ${all ? "the whole input" : `y ${top}–${bottom - 1}, x ${left}–${right - 1}`}`;
}
