import { drawBlank, inks } from "./blanks.js";
import { mapCanvas } from "./colour.js";
import { el, sharp } from "./dom.js";
import { finiteEnds, levelsBetween } from "./levels.js";

/**
 * The values of one map.
 * @typedef {{values: Float32Array, height: number, width: number}} Plane
 */

/**
 * What the first and the last colour stand for.
 * @typedef {{low: number, high: number, signed: boolean}} Ends
 */

/**
 * One map of a layer whose values are at hand.
 * @param {import("./types.js").LayerReply} layer
 * @param {number} channel
 * @returns {Plane | null}
 */
export function planeOf(layer, channel) {
  const [channels, height, width] = layer.shape;
  if (!layer.values || channel >= channels) return null;
  const size = height * width;
  return { values: /** @type {Float32Array} */ (layer.values.data.subarray(channel * size, (channel + 1) * size)), height, width };
}

/**
 * One map on a run, from what the page holds or from the session.
 * @param {import("./scope.js").Scope} scope
 * @param {string} run
 * @param {string} layer
 * @param {number} channel
 * @returns {Promise<Plane>}
 */
export async function fetchPlane(scope, run, layer, channel) {
  const kept = scope.kept.of(run, layer);
  return (kept && planeOf(kept, channel)) ?? planeOfReply(await scope.client.ask({ type: "channel", run, layer, channel }));
}

/**
 * @param {{values: import("./types.js").Numbers}} reply
 * @returns {Plane}
 */
export function planeOfReply(reply) {
  const [height, width] = reply.values.shape;
  return { values: /** @type {Float32Array} */ (reply.values.data), height, width };
}

/**
 * Find ends that hold for several maps: zero in the middle where they take both signs.
 * @param {Plane[]} planes
 * @returns {Ends}
 */
export function planeEnds(planes) {
  const pairs = planes.map((plane) => finiteEnds(plane.values, plane.values));
  const [low, high] = finiteEnds(pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1]));
  const most = Math.max(-low, high);
  return low < 0 && high > 0 ? { low: -most, high: most, signed: true } : { low, high, signed: false };
}

/**
 * A - B, unit by unit.
 * @param {Plane} a
 * @param {Plane} b of the same size
 * @returns {Plane}
 */
export function differenceOf(a, b) {
  return { ...a, values: a.values.map((value, at) => value - b.values[at]) };
}

/**
 * A map in colours on a canvas of its own size.
 * @param {Plane} plane
 * @param {Ends} ends
 * @param {import("./colour.js").Lut} lut
 */
export function planeCanvas(plane, ends, lut) {
  return mapCanvas(levelsBetween(plane.values, ends.low, ends.high), plane.width, plane.height, lut);
}

/**
 * Why nothing is seen on a map; empty where something is.
 * @param {Plane} plane
 */
export function blankWord(plane) {
  if (plane.values.length < 2 || plane.values.some((value) => value !== plane.values[0])) return "";
  return plane.values[0] === 0 ? "zero here" : "constant";
}

/**
 * How large a map is drawn in a box: a whole number of pixels a unit where it is enlarged enough.
 * @param {{height: number, width: number}} plane
 * @param {number} wide
 * @param {number} tall
 * @returns {{wide: number, tall: number}}
 */
export function fittedPlane(plane, wide, tall) {
  const factor = Math.min(wide / plane.width, tall / plane.height);
  const whole = factor >= 2 ? Math.floor(factor) : factor;
  return { wide: Math.max(1, Math.round(plane.width * whole)), tall: Math.max(1, Math.round(plane.height * whole)) };
}

/**
 * Paint a map into a box; flat ones are hatched and say why.
 * @param {CanvasRenderingContext2D} pen
 * @param {Plane} plane
 * @param {HTMLCanvasElement} source
 * @param {{x: number, y: number, wide: number, tall: number}} box
 * @param {string} blank
 * @param {ReturnType<typeof inks>} colours
 */
export function paintPlane(pen, plane, source, box, blank, colours) {
  if (blank) drawBlank(pen, blank, box.x, box.y, box.wide, box.tall, colours);
  else {
    pen.imageSmoothingEnabled = box.wide < plane.width;
    pen.imageSmoothingQuality = "medium";
    pen.drawImage(source, box.x, box.y, box.wide, box.tall);
  }
}

/**
 * A canvas that shows a map, with a frame around one of its units.
 * @param {import("./scope.js").Scope} scope
 * @param {{wide: number, tall: number}} most
 */
export function planeView(scope, most) {
  const canvas = el("canvas", { role: "img", class: "cs-plane" });
  /** @type {{plane: Plane, source: HTMLCanvasElement, blank: string} | null} */
  let held = null;
  /** @param {[number, number] | null} unit */
  const mark = (unit) => {
    if (!held) return;
    const { plane, source, blank } = held;
    const { wide, tall } = fittedPlane(plane, most.wide, most.tall);
    const pen = sharp(canvas, wide, tall);
    const colours = inks(scope.root);
    pen.clearRect(0, 0, wide, tall);
    paintPlane(pen, plane, source, { x: 0, y: 0, wide, tall }, blank, colours);
    if (!unit || unit[0] >= plane.height || unit[1] >= plane.width) return;
    pen.strokeStyle = colours.pin;
    pen.lineWidth = 2;
    const [cellY, cellX] = [tall / plane.height, wide / plane.width];
    pen.strokeRect(unit[1] * cellX, unit[0] * cellY, Math.max(3, cellX), Math.max(3, cellY));
  };
  return {
    node: canvas,
    mark,
    /**
     * @param {Plane} plane
     * @param {Ends} ends
     * @param {import("./colour.js").Lut} lut
     * @param {string} words for a screen reader
     * @param {string} [blank] what a flat one is called
     */
    show(plane, ends, lut, words, blank = blankWord(plane)) {
      held = { plane, source: planeCanvas(plane, ends, lut), blank };
      canvas.setAttribute("aria-label", blank ? `${words}, ${blank}` : words);
      mark(null);
    },
    /** @param {MouseEvent} event @returns {[number, number] | null} */
    under(event) {
      if (!held) return null;
      const box = canvas.getBoundingClientRect();
      const y = Math.floor(((event.clientY - box.top) / box.height) * held.plane.height);
      const x = Math.floor(((event.clientX - box.left) / box.width) * held.plane.width);
      return y >= 0 && x >= 0 && y < held.plane.height && x < held.plane.width ? [y, x] : null;
    },
  };
}

/**
 * The value of a unit; not a number outside.
 * @param {Plane} plane
 * @param {[number, number]} unit
 */
export function valueAt(plane, [y, x]) {
  return y < plane.height && x < plane.width ? plane.values[y * plane.width + x] : NaN;
}
