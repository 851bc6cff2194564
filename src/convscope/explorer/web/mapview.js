import { inks } from "./blanks.js";
import { mapCanvas } from "./colour.js";
import { button, el, sharp } from "./dom.js";
import { MapFrame } from "./map_frame.js";
import { writeNumbers, WRITTEN_FROM } from "./numbers.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {{point: (unit: [number, number] | null) => void, pin: (unit: [number, number]) => void}} Acts */

/**
 * One map to be shown large. Where there is a `picture`, it lies under the map, which is then seen
 * through by what it holds.
 * @typedef {object} Large
 * @property {string} key what it is of: the same key keeps the zoom
 * @property {number} height
 * @property {number} width
 * @property {ArrayLike<number> | null} values
 * @property {Uint8Array} levels
 * @property {import("./colour.js").Lut} lut
 * @property {number} low
 * @property {number} high
 * @property {HTMLCanvasElement | null} picture
 * @property {boolean} signal one row alone
 * @property {boolean} points whether its cells are units of the map
 */

const MAP_STEPS = /** @type {Object<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });
// Pixels that a press may move and still be a click.
const STEADY = 4;

/**
 * A map, large: zoomed by wheel and buttons, dragged, pointed at, pinned by click and arrow keys.
 * @param {Scope} scope
 * @param {Acts} act
 */
export function largeMap(scope, act) {
  const canvas = el("canvas", { class: "cs-large", tabindex: 0, role: "application", "aria-roledescription": "feature map" });
  const closer = button("+", () => zoom(Math.SQRT2), { "aria-label": "zoom in", class: "cs-button cs-small" });
  const wider = button("−", () => zoom(Math.SQRT1_2), { "aria-label": "zoom out", class: "cs-button cs-small" });
  const whole = button("fit", () => fit(), { "aria-label": "show the whole map", class: "cs-button cs-small" });
  const node = el("div", { class: "cs-largebox" }, canvas);
  const zooms = el("span", { class: "cs-zooms" }, wider, closer, whole);
  const frame = new MapFrame(node);
  /** @type {HTMLCanvasElement | null} */
  let painted = null;
  let due = 0;

  const redraw = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(draw);
  };

  const draw = () => {
    const { large } = frame;
    if (!large) return;
    frame.clamp();
    painted ??= large.picture ? seenThrough(large) : mapCanvas(large.levels, large.width, large.height, large.lut);
    paintLarge(canvas, scope, frame, large, painted);
  };

  const moved = () => {
    wider.disabled = whole.disabled = frame.zoom <= 1;
    closer.disabled = frame.isLargest;
    canvas.dataset.zoomed = String(frame.zoom > 1);
    redraw();
  };

  /** @param {number} factor @param {{x: number, y: number}} [about] */
  const zoom = (factor, about) => {
    const zoomed = frame.zoomAt(factor, about);
    if (zoomed) moved();
    return zoomed;
  };

  const fit = () => {
    frame.fit();
    moved();
  };

  listenToPress(canvas, frame, redraw, act);
  canvas.addEventListener("wheel", (event) => {
    const box = canvas.getBoundingClientRect();
    if (zoom(Math.exp(-event.deltaY / 320), { x: event.clientX - box.left, y: event.clientY - box.top })) event.preventDefault();
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (!frame.large || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = MAP_STEPS[event.key];
    if (step && frame.large.points) {
      const next = steppedUnit(frame.large, scope.state.unit, step);
      frame.bringIntoSight(next);
      act.pin(next);
    } else if (event.key === "+" || event.key === "=") zoom(Math.SQRT2);
    else if (event.key === "-") zoom(Math.SQRT1_2);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return {
    node, zooms, canvas, redraw,
    /** @param {Large | null} next */
    show(next) {
      node.hidden = !next;
      frame.take(next);
      painted = null;
      if (next) moved();
    },
  };
}

/**
 * Drag the map, point at its units, and pin one with a click.
 * @param {HTMLCanvasElement} canvas
 * @param {MapFrame} frame
 * @param {() => void} redraw
 * @param {Acts} act
 */
function listenToPress(canvas, frame, redraw, act) {
  /** @type {{x: number, y: number, left: number, top: number, moved: boolean} | null} */
  let held = null;
  /** @param {MouseEvent} event */
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    return frame.unitAt(event.clientX - box.left, event.clientY - box.top);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = { x: event.clientX, y: event.clientY, left: frame.left, top: frame.top, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held && (held.moved || Math.hypot(event.clientX - held.x, event.clientY - held.y) > STEADY) && frame.zoom > 1) {
      held.moved = true;
      frame.left = held.left + event.clientX - held.x;
      frame.top = held.top + event.clientY - held.y;
      redraw();
      return;
    }
    act.point(under(event));
  });
  canvas.addEventListener("pointerup", (event) => {
    const unit = under(event);
    if (held && !held.moved && unit) act.pin(unit);
    held = null;
  });
  canvas.addEventListener("pointercancel", () => {
    held = null;
  });
  canvas.addEventListener("pointerleave", () => act.point(null));
}

/**
 * The unit a step away; without one that is pinned, the strongest.
 * @param {Large} large
 * @param {[number, number] | null} pinned
 * @param {[number, number]} step
 * @returns {[number, number]}
 */
function steppedUnit(large, pinned, step) {
  if (!pinned) return strongestUnit(large.values ?? large.levels, large.width);
  return [Math.max(0, Math.min(large.height - 1, pinned[0] + step[0])), Math.max(0, Math.min(large.width - 1, pinned[1] + step[1]))];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Scope} scope
 * @param {MapFrame} frame
 * @param {Large} large
 * @param {HTMLCanvasElement} painted the map in colours
 */
function paintLarge(canvas, scope, frame, large, painted) {
  const { left, top, size: { wide, tall, cell, cellTall } } = frame;
  const pen = sharp(canvas, wide, tall);
  const colours = inks(scope.root);
  pen.fillStyle = colours.ground;
  pen.fillRect(0, 0, wide, tall);
  const across = cell * large.width;
  const down = cellTall * large.height;
  if (large.picture) {
    pen.imageSmoothingEnabled = large.picture.width > across;
    pen.drawImage(large.picture, left, top, across, down);
  }
  pen.imageSmoothingEnabled = cell < 1;
  pen.drawImage(painted, left, top, across, down);
  if (cell >= WRITTEN_FROM && large.values && !large.picture) {
    writeNumbers(pen, { ...large, values: large.values }, { x: left, y: top, wide: cell, tall: cellTall }, {
      rows: [Math.max(0, Math.floor(-top / cellTall)), Math.min(large.height, Math.ceil((tall - top) / cellTall))],
      columns: [Math.max(0, Math.floor(-left / cell)), Math.min(large.width, Math.ceil((wide - left) / cell))],
    });
  }
  if (!large.points) return;
  const { hover, state: { unit, layer, channel } } = scope;
  if (unit) frameUnit(pen, frame, unit, colours.pin, 2.5);
  if (hover?.unit && hover.layer === layer && hover.channel === channel) frameUnit(pen, frame, hover.unit, colours.accent, 1.5);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {MapFrame} frame
 * @param {[number, number]} unit
 * @param {string} colour
 * @param {number} thick
 */
function frameUnit(pen, { left, top, size: { cell, cellTall } }, [y, x], colour, thick) {
  const wide = Math.max(cell, 5);
  const tall = Math.max(cellTall, 5);
  const from = { x: left + x * cell + (cell - wide) / 2, y: top + y * cellTall + (cellTall - tall) / 2 };
  for (const [stroke, across] of /** @type {[string, number][]} */ ([["#ffffffc0", thick + 1.5], [colour, thick]])) {
    pen.lineWidth = across;
    pen.strokeStyle = stroke;
    pen.strokeRect(from.x, from.y, wide, tall);
  }
}

/**
 * Make the colours of a map opaque by what it holds.
 * @param {Large} large
 */
function seenThrough(large) {
  const canvas = mapCanvas(large.levels, large.width, large.height, large.lut);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.getImageData(0, 0, large.width, large.height);
  const most = Math.max(Math.abs(large.low), Math.abs(large.high)) || 1;
  for (let at = 0; at < large.width * large.height; at++) {
    const strength = large.values ? Math.abs(large.values[at]) / most : large.levels[at] / 239;
    image.data[4 * at + 3] = Math.round(235 * Math.min(1, Number.isNaN(strength) ? 1 : strength) ** 0.8);
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} width
 * @returns {[number, number]}
 */
export function strongestUnit(values, width) {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (Math.abs(values[at]) > Math.abs(values[best])) best = at;
  return [Math.floor(best / width), best % width];
}
