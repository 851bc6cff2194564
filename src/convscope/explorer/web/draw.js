/** @typedef {import("./types.js").Picture} Picture */

// Strokes that can be taken back.
const KEPT_STROKES = 50;
// Of a picture 28 pixels wide: half the width of the brush, and how far its edge is soft.
const BRUSH_RADIUS = 1.15;
const BRUSH_EDGE = 1.2;

/** A small grey picture that a person draws, white on black, as it is sent. */
export class Drawing {
  /**
   * @param {string} name
   * @param {number} height
   * @param {number} width
   */
  constructor(name, height, width) {
    this.height = height;
    this.width = width;
    this.ink = new Uint8Array(height * width);
    /** @type {Uint8Array[]} */
    this.before = [];
    /** Where the pen of the keyboard is: x and y in pixels. */
    this.pen = { x: width / 2, y: height / 2, down: false };
    const shape = /** @type {[number, number, number]} */ ([height, width, 1]);
    /** @type {Picture} */
    this.picture = { name, kind: "drawing", pixels: { data: this.ink, shape }, thumbnail: { data: this.ink, shape } };
  }

  get blank() {
    return this.ink.every((value) => value === 0);
  }

  /** Remember what is there, so that it can be had again. */
  mark() {
    this.before.push(this.ink.slice());
    if (this.before.length > KEPT_STROKES) this.before.shift();
  }

  undo() {
    const last = this.before.pop();
    if (last) this.ink.set(last);
  }

  clear() {
    if (this.blank) return;
    this.mark();
    this.ink.fill(0);
  }

  /**
   * Draw from one point to another; both in pixels, where a pixel's middle is at a half.
   * @param {{x: number, y: number}} from
   * @param {{x: number, y: number}} to
   */
  line(from, to) {
    const unit = this.width / 28;
    const reach = (BRUSH_RADIUS + BRUSH_EDGE / 2) * unit;
    const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
    const right = Math.min(this.width, Math.ceil(Math.max(from.x, to.x) + reach));
    const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
    const bottom = Math.min(this.height, Math.ceil(Math.max(from.y, to.y) + reach));
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const away = distanceToLine(x + 0.5, y + 0.5, from, to);
        const share = Math.min(1, Math.max(0, (BRUSH_RADIUS * unit - away) / (BRUSH_EDGE * unit) + 0.5));
        const at = y * this.width + x;
        this.ink[at] = Math.max(this.ink[at], Math.round(255 * share));
      }
    }
  }
}

/**
 * @param {number} x
 * @param {number} y
 * @param {{x: number, y: number}} from
 * @param {{x: number, y: number}} to
 */
function distanceToLine(x, y, from, to) {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const long = dx * dx + dy * dy;
  const along = long ? Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / long)) : 0;
  return Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
}

/**
 * Let a canvas be drawn on: with mouse, pen or finger, and with the keyboard (arrows move the pen,
 * space sets it down or lifts it, Backspace takes a stroke back, Delete clears).
 * @param {HTMLElement} surface the element that lies exactly over the picture
 * @param {{drawing: () => Drawing | null, began: () => void, moved: () => void, ended: () => void, say: (words: string) => void}} on
 * @param {AbortSignal} signal
 */
export function listenToPen(surface, on, signal) {
  /** @type {{x: number, y: number} | null} */
  let last = null;
  /** @param {MouseEvent} event @param {Drawing} drawing */
  const place = (event, drawing) => {
    const box = surface.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * drawing.width, y: ((event.clientY - box.top) / box.height) * drawing.height };
  };
  surface.addEventListener("pointerdown", (event) => {
    const drawing = on.drawing();
    if (!drawing || event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    last = place(event, drawing);
    drawing.mark();
    drawing.line(last, last);
    on.began();
    on.moved();
  }, { signal });
  surface.addEventListener("pointermove", (event) => {
    const drawing = on.drawing();
    if (!drawing || !last) return;
    // What the pen did between two frames of the screen counts as well.
    const between = event.getCoalescedEvents?.() ?? [];
    for (const one of between.length ? between : [event]) {
      const next = place(one, drawing);
      drawing.line(last, next);
      last = next;
    }
    on.moved();
  }, { signal });
  for (const end of ["pointerup", "pointercancel"]) {
    surface.addEventListener(end, () => {
      if (!last) return;
      last = null;
      on.ended();
    }, { signal });
  }
  surface.addEventListener("keydown", (event) => {
    const drawing = on.drawing();
    if (!drawing || event.ctrlKey && event.key !== "z" || event.metaKey || event.altKey) return;
    if (!pressPen(drawing, event, on)) return;
    event.preventDefault();
    event.stopPropagation();
    const { x, y, down } = drawing.pen;
    on.say(`pen ${down ? "down" : "up"}, y ${Math.floor(y)}, x ${Math.floor(x)}`);
  }, { signal });
  surface.addEventListener("blur", () => {
    const drawing = on.drawing();
    if (!drawing?.pen.down) return;
    drawing.pen.down = false;
    on.ended();
  }, { signal });
}

const PEN_STEPS = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, -1]], ["ArrowDown", [0, 1]]]);

/**
 * Do what a key means to the pen.
 * @param {Drawing} drawing
 * @param {KeyboardEvent} event
 * @param {{began: () => void, moved: () => void, ended: () => void}} on
 * @returns {boolean} whether it means something
 */
function pressPen(drawing, event, on) {
  const { pen } = drawing;
  const step = PEN_STEPS.get(event.key);
  if (step) {
    const from = { x: pen.x, y: pen.y };
    const far = event.shiftKey ? 4 : 1;
    pen.x = Math.min(drawing.width - 0.5, Math.max(0.5, pen.x + far * step[0]));
    pen.y = Math.min(drawing.height - 0.5, Math.max(0.5, pen.y + far * step[1]));
    if (pen.down) drawing.line(from, pen);
  } else if (event.key === " " || event.key === "Enter") {
    pen.down = !pen.down;
    if (pen.down) {
      drawing.mark();
      drawing.line(pen, pen);
      on.began();
    }
    if (!pen.down) {
      on.moved();
      on.ended();
      return true;
    }
  } else if (event.key === "Backspace" || event.key === "z") drawing.undo();
  else if (event.key === "Delete") drawing.clear();
  else return false;
  on.moved();
  return true;
}
