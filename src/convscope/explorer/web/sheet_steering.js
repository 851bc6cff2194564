// Pixels that a press may move and still be a click.
const STILL = 4;

/**
 * What a person does with the sheet, in pixels of the view from its top left corner.
 * @typedef {object} Steering
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, x: number, y: number) => void} zoom
 * @property {(x: number, y: number) => void} press
 * @property {(x: number, y: number) => void} enter twice pressed
 * @property {(x: number, y: number, event: PointerEvent) => void} point
 * @property {() => void} leave
 */

/**
 * Let wheel, mouse and fingers steer.
 * @param {HTMLElement} view
 * @param {Steering} to
 */
export function steer(view, to) {
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  let moved = 0;
  /** @param {MouseEvent} event */
  const place = (event) => {
    const box = view.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 400 : 1;
    const by = Math.max(-240, Math.min(240, event.deltaY * lines));
    const { x, y } = place(event);
    to.zoom(Math.exp(-by * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
  }, { passive: false });
  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    down.set(event.pointerId, place(event));
    view.setPointerCapture(event.pointerId);
    if (down.size === 1) moved = 0;
  });
  view.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = down.get(event.pointerId);
    if (!before) {
      to.point(now.x, now.y, event);
      return;
    }
    down.set(event.pointerId, now);
    moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (moved <= STILL) return;
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      to.zoom(distance(now, other) / Math.max(1, distance(before, other)), (now.x + other.x) / 2, (now.y + other.y) / 2);
      to.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else {
      view.dataset.dragging = "true";
      to.pan(now.x - before.x, now.y - before.y);
    }
  });
  /** @param {PointerEvent} event */
  const up = (event) => {
    const was = down.delete(event.pointerId);
    delete view.dataset.dragging;
    if (!was || event.type === "pointercancel" || moved > STILL || down.size) return;
    const { x, y } = place(event);
    to.press(x, y);
  };
  view.addEventListener("pointerup", up);
  view.addEventListener("pointercancel", up);
  view.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    to.enter(x, y);
  });
  view.addEventListener("pointerleave", () => to.leave());
}

/**
 * @param {{x: number, y: number}} one
 * @param {{x: number, y: number}} other
 */
function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
