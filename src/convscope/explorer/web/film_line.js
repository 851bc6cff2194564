import { sharp } from "./dom.js";

const LINE_MARGIN = 2;

/**
 * Draw figures over the frames as a line; what is not known is left out.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} figures
 * @param {{wide: number, tall: number, most: number, frame: number, ink: string, line: string, pin: string}} look `most`: what the top stands for; `frame`: which is marked
 */
export function drawFilmLine(canvas, figures, { wide, tall, most, frame, ink, line, pin }) {
  const pen = sharp(canvas, wide, tall);
  pen.clearRect(0, 0, wide, tall);
  const across = wide - 2 * LINE_MARGIN;
  /** @param {number} at */
  const x = (at) => LINE_MARGIN + (figures.length > 1 ? (at / (figures.length - 1)) * across : across / 2);
  /** @param {number} value */
  const y = (value) => tall - LINE_MARGIN - (most > 0 ? Math.min(1, value / most) : 0) * (tall - 2 * LINE_MARGIN - 2);
  pen.fillStyle = line;
  pen.fillRect(0, tall - 1, wide, 1);
  if (frame >= 0) {
    pen.fillStyle = pin;
    pen.fillRect(Math.round(x(frame)) - 1, 0, 2, tall);
  }
  pen.strokeStyle = ink;
  pen.fillStyle = ink;
  pen.lineWidth = 1.4;
  pen.lineJoin = "round";
  pen.beginPath();
  let down = false;
  for (let at = 0; at < figures.length; at++) {
    const value = figures[at];
    if (!Number.isFinite(value)) {
      down = false;
      continue;
    }
    if (down) pen.lineTo(x(at), y(value));
    else pen.moveTo(x(at), y(value));
    const alone = !down && !Number.isFinite(figures[at + 1] ?? NaN);
    if (alone) pen.fillRect(x(at) - 1.5, y(value) - 1.5, 3, 3);
    down = true;
  }
  pen.stroke();
}

/**
 * The frame under the pointer.
 * @param {HTMLCanvasElement} canvas
 * @param {MouseEvent} event
 * @param {number} count
 */
export function frameUnder(canvas, event, count) {
  const box = canvas.getBoundingClientRect();
  const share = (event.clientX - box.left - LINE_MARGIN) / Math.max(1, box.width - 2 * LINE_MARGIN);
  return Math.max(0, Math.min(count - 1, Math.round(share * (count - 1))));
}
