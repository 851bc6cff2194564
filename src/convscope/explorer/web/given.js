import { inks } from "./blanks.js";
import { mapCanvas } from "./colour.js";
import { el, figure, fill, sharp } from "./dom.js";
import { levelsBetween } from "./levels.js";
import { drawSignal } from "./signals.js";

/** @typedef {import("./types.js").Given} Given */

const LINE_TALL = 34;
const MOST_LINES = 8;
const MOST_PLANES = 4;
const TALLEST_PLANE = 240;

/**
 * What the network was given that is no picture: volumes as slices, signals as lines or as a strip.
 * @param {import("./scope.js").Scope} scope
 */
export function givenPanel(scope) {
  const node = el("div", { class: "cs-given" });
  const draw = () => {
    const given = scope.run?.given ?? [];
    node.hidden = !given.length;
    const across = Math.max(80, node.clientWidth || 220);
    fill(node, ...given.map((one) => drawnInput(scope, one, across)));
  };
  scope.on("run", draw);
  scope.on("colours", draw);
  node.hidden = true;
  return node;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Given} one
 * @param {number} across
 */
function drawnInput(scope, one, across) {
  const { values } = one;
  const space = one.space ?? [];
  const size = `${one.name} · ${one.shape.join(" × ")}`;
  if (!values || !space.length) return el("p", { class: "cs-soft" }, values ? `${size}: ${Array.from(values.data.slice(0, 6), (value) => figure(value)).join(", ")}${values.data.length > 6 ? " …" : ""}` : size);
  const ends = `${figure(one.low ?? 0)} to ${figure(one.high ?? 0)}`;
  const words = one.depth ? (one.depth.slice === null ? `largest of ${one.depth.slices} slices` : `slice z ${one.depth.slice} of 0–${one.depth.slices - 1}`) : "";
  const canvas = el("canvas", { role: "img", "aria-label": `input ${size}${words && `, ${words}`}, values ${ends}` });
  if (space.length === 1 && values.shape[0] <= MOST_LINES) paintGivenLines(scope, canvas, one, across);
  else paintGivenPlanes(scope, canvas, one, across);
  return el("figure", { class: "cs-givenone" }, canvas, el("figcaption", { class: "cs-soft" }, [size, words, ends].filter(Boolean).join(" · ")));
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {HTMLCanvasElement} canvas
 * @param {Given} one
 * @param {number} across
 */
function paintGivenLines(scope, canvas, { values, low, high }, across) {
  const [channels, , length] = values?.shape ?? [0, 0, 0];
  const pen = sharp(canvas, across, channels * LINE_TALL);
  const colours = inks(scope.root);
  pen.fillStyle = colours.ground;
  pen.fillRect(0, 0, across, channels * LINE_TALL);
  for (let channel = 0; channel < channels; channel++) {
    drawSignal(pen, values?.data.subarray(channel * length, (channel + 1) * length) ?? [], { x: 0, y: channel * LINE_TALL, wide: across, tall: LINE_TALL - 2 }, { low: low ?? 0, high: high ?? 0, ink: colours.ink, line: colours.line });
  }
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {HTMLCanvasElement} canvas
 * @param {Given} one
 * @param {number} across
 */
function paintGivenPlanes(scope, canvas, { values, space, low, high }, across) {
  if (!values) return;
  const signal = space?.length === 1;
  const [channels, tall, wide] = signal ? [1, values.shape[0], values.shape[2]] : values.shape;
  const shown = Math.min(MOST_PLANES, channels);
  const signed = (low ?? 0) < 0 && (high ?? 0) > 0;
  const most = Math.max(-(low ?? 0), high ?? 0);
  const [first, last] = signed ? [-most, most] : [low ?? 0, high ?? 0];
  const scale = Math.min((across - (shown - 1) * 6) / (shown * wide), TALLEST_PLANE / tall);
  const stretched = signal ? Math.max(scale, Math.min(TALLEST_PLANE / tall, 3)) : scale;
  const pen = sharp(canvas, signal ? across : Math.round(shown * (wide * scale + 6) - 6), Math.max(8, Math.round(tall * stretched)));
  pen.imageSmoothingEnabled = false;
  for (let channel = 0; channel < shown; channel++) {
    const plane = values.data.subarray(channel * tall * wide, (channel + 1) * tall * wide);
    const source = mapCanvas(levelsBetween(plane, first, last), wide, tall, scope.colours.lut(signed));
    pen.drawImage(source, Math.round(channel * (wide * scale + 6)), 0, signal ? across : Math.round(wide * scale), Math.round(tall * stretched));
  }
}
