import { button, el } from "./dom.js";

/** @typedef {import("./scope.js").Scope} Scope */

/**
 * Whether the maps of a layer are signals: one row that is longer than one unit.
 * @param {import("./types.js").LayerReply | null | undefined} layer
 */
export function isSignal(layer) {
  return Boolean(layer && layer.space.length === 1 && layer.shape[2] > 1);
}

/**
 * What the one axis of a layer's signals is called.
 * @param {Scope} scope
 * @param {string} layer
 */
export function axisWord(scope, layer) {
  return scope.layers.get(layer)?.kind === "recurrent" ? "time" : "x";
}

/**
 * How the signals of a layer are shown: a recurrent layer as time by channel unless something else
 * was chosen.
 * @param {Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @returns {"lines" | "strip" | ""} empty for what is no signal
 */
export function signalLook(scope, layer) {
  if (!isSignal(layer)) return "";
  const { signal } = scope.state;
  if (signal === "lines" || signal === "strip") return signal;
  return axisWord(scope, layer.layer) === "time" ? "strip" : "lines";
}

/**
 * Show the signals of the chosen layer the other way.
 * @param {Scope} scope
 * @returns {boolean} whether there are signals
 */
export function turnSignals(scope) {
  const layer = scope.maps(scope.state.layer);
  if (!layer || !isSignal(layer)) return false;
  scope.change({ signal: signalLook(scope, layer) === "lines" ? "strip" : "lines" });
  return true;
}

/**
 * The switch between lines and the heat strip; hidden where the layer holds no signals.
 * @param {Scope} scope
 */
export function signalTools(scope) {
  const ways = [["lines", "lines", "every channel as a line"], ["strip", "heat strip", "all channels below each other, in colours"]].map(([signal, words, title]) =>
    button(words, () => scope.change({ signal }), { class: "cs-button cs-small", "data-signal": signal, title }));
  const said = el("span", { class: "cs-soft" });
  const node = el("span", { class: "cs-slices", role: "group", "aria-label": "signals" }, el("span", { class: "cs-segments" }, ...ways), said);
  const show = () => {
    const layer = scope.network ? scope.maps(scope.state.layer) : null;
    node.hidden = !layer || !isSignal(layer);
    if (!layer || node.hidden) return;
    const look = signalLook(scope, layer);
    for (const way of ways) way.setAttribute("aria-pressed", String(way.dataset.signal === look));
    said.textContent = `${axisWord(scope, layer.layer)} to the right${look === "strip" ? ", channels downwards" : ""}`;
  };
  for (const event of ["network", "run", "maps", "state"]) scope.on(event, show);
  show();
  return node;
}

/**
 * The smallest and largest value in each of equal stretches of a signal; every value where there are
 * few.
 * @param {ArrayLike<number>} values
 * @param {number} stretches
 * @returns {[number, number][]} position and value, rising
 */
export function envelopeOf(values, stretches) {
  const count = values.length;
  if (count <= 2 * stretches) return Array.from({ length: count }, (_, at) => [at, values[at]]);
  /** @type {[number, number][]} */
  const points = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * count) / stretches);
    const to = Math.floor(((stretch + 1) * count) / stretches);
    let [least, most] = [from, from];
    for (let at = from; at < to; at++) {
      if (values[at] < values[least]) least = at;
      if (values[at] > values[most]) most = at;
    }
    for (const at of least < most ? [least, most] : [most, least]) points.push([at, values[at]]);
  }
  return points;
}

/**
 * Draw a signal as a line in a box; its first and last unit lie half a unit from the edges, as in the
 * strip.
 * @param {CanvasRenderingContext2D} pen
 * @param {ArrayLike<number>} values
 * @param {{x: number, y: number, wide: number, tall: number}} box
 * @param {{low: number, high: number, ink: string, line: string}} look what bottom and top stand for, and the colours
 */
export function drawSignal(pen, values, box, { low, high, ink, line }) {
  const { x, y, wide, tall } = box;
  if (!(high > low)) return;
  /** @param {number} value */
  const heightOf = (value) => y + tall - 1.5 - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (tall - 3);
  if (low < 0 && high > 0) {
    pen.fillStyle = line;
    pen.fillRect(x, Math.round(heightOf(0)), wide, 1);
  }
  pen.strokeStyle = ink;
  pen.lineWidth = 1.25;
  pen.lineJoin = "round";
  pen.beginPath();
  let down = false;
  for (const [at, value] of envelopeOf(values, Math.ceil(wide))) {
    const place = x + ((at + 0.5) / values.length) * wide;
    if (!Number.isFinite(value)) down = false;
    else if (down) pen.lineTo(place, heightOf(value));
    else {
      pen.moveTo(place, heightOf(value));
      down = true;
    }
  }
  pen.stroke();
}
