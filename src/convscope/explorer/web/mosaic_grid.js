import { planeOf } from "./plane.js";
import { drawSignal, signalLook } from "./signals.js";
import { gridOf } from "./tiles.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./types.js").LayerReply} LayerReply */
/** @typedef {import("./tiles.js").Grid} Grid */

// Pixels to the left of a strip for the numbers of the channels.
const NUMBERS_WIDE = 44;
// A line needs more room than a map, and less height.
const LINE_WIDER = 2.6;
const LINE_PROPORTION = 0.36;
const SMALLEST_NUMBER = 9;

/**
 * How the tiles of a layer lie: signals as wide plots, or as rows that touch.
 * @param {Scope} scope
 * @param {LayerReply} layer
 * @param {number} count
 * @param {number} width
 * @returns {Grid}
 */
export function mosaicGrid(scope, layer, count, width) {
  const { tile } = scope.state;
  switch (signalLook(scope, layer)) {
    case "lines": return gridOf(count, width, Math.max(40, Math.min(width - 30, Math.round(tile * LINE_WIDER))), LINE_PROPORTION);
    case "strip": {
      const wide = Math.max(60, width - NUMBERS_WIDE - 16);
      const tall = Math.max(3, Math.round(tile / 4));
      return { columns: 1, rows: count, wide, tall, stepX: wide, stepY: tall, left: NUMBERS_WIDE };
    }
    default: return gridOf(count, width, tile, layer.shape[1] / layer.shape[2]);
  }
}

/**
 * What paints a map of this layer into its tile, where that is no picture of levels.
 * @param {Scope} scope
 * @param {LayerReply} layer
 * @param {{ink: string, line: string}} inks
 * @returns {((pen: CanvasRenderingContext2D, channel: number, x: number, y: number, wide: number, tall: number) => void) | null}
 */
export function linePainter(scope, layer, inks) {
  if (signalLook(scope, layer) !== "lines" || !layer.values) return null;
  const span = scope.colours.span(layer);
  return (pen, channel, x, y, wide, tall) => {
    const plane = planeOf(layer, channel);
    if (plane) drawSignal(pen, plane.values, { x, y, wide, tall }, { low: span.low[channel], high: span.high[channel], ...inks });
  };
}

/**
 * Draw one row of a heat strip, with its channel to the left.
 * @param {CanvasRenderingContext2D} pen
 * @param {Scope} scope
 * @param {LayerReply} layer
 * @param {number} channel
 * @param {{x: number, y: number, wide: number, tall: number}} box
 * @param {{pinned: boolean, inks: ReturnType<typeof import("./blanks.js").inks>}} look
 */
export function drawRow(pen, scope, layer, channel, { x, y, wide, tall }, { pinned, inks }) {
  if (scope.isMuted(layer.layer, channel)) {
    pen.fillStyle = inks.muted;
    pen.fillRect(x, y, wide, tall);
  } else scope.colours.atlas(layer.layer)?.draw(pen, channel, x, y, wide, tall);
  if (pinned) {
    pen.lineWidth = 2;
    pen.strokeStyle = inks.pin;
    pen.strokeRect(x + 1, y + 1, wide - 2, Math.max(1, tall - 2));
  }
  if (tall < SMALLEST_NUMBER && !pinned) return;
  pen.font = `${Math.min(11, Math.max(9, tall))}px system-ui, sans-serif`;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillStyle = pinned ? inks.pin : inks.soft;
  pen.fillText(String(channel), x - 7, y + tall / 2);
}
