import { inks, isBlankWord } from "./blanks.js";
import { mapCanvas } from "./colour.js";
import { el, fill, sharp } from "./dom.js";
import { finiteEnds, levelsBetween } from "./levels.js";

/** @typedef {import("./types.js").LayerInfo} LayerInfo */

const THUMB = 33;
const SHOWN = 6;
const STEP = THUMB + 3;
// Of more units, so many stretches are shown.
const STRIP_UNITS = 2 * SHOWN * STEP;
// From so many layers on, blocks are folded at first.
const MANY = 60;

/**
 * All layers in order; blocks fold; each with its strongest maps and how many are blank.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function railPanel(scope) {
  const search = el("input", { type: "search", placeholder: "/ find a layer", "aria-label": "find a layer", class: "cs-search" });
  const list = el("ol");
  const node = el("nav", { class: "cs-rail", "aria-label": "layers" }, el("h2", { class: "cs-caption" }, "Layers"), search, list);
  /** @type {Set<string>} */
  const folded = new Set();
  /** @type {Map<string, {node: HTMLElement, canvas: HTMLCanvasElement, blanks: HTMLElement, drawn: string, used: HTMLCanvasElement[]}>} */
  const entries = new Map();
  const seen = new IntersectionObserver((changes) => {
    for (const change of changes) if (change.isIntersecting) drawEntry(/** @type {HTMLElement} */ (change.target).dataset.layer ?? "");
  }, { root: list, rootMargin: "200px" });
  scope.signal.addEventListener("abort", () => seen.disconnect());

  const build = () => {
    seen.disconnect();
    entries.clear();
    const wanted = search.value.trim().toLowerCase();
    const rows = [];
    let hiddenUntil = -1;
    for (const layer of scope.network.layers) {
      for (const block of scope.network.blocks) {
        if (block.first !== layer.index || wanted || layer.index <= hiddenUntil) continue;
        rows.push(foldRow(block));
        if (folded.has(block.name)) hiddenUntil = Math.max(hiddenUntil, block.last);
      }
      if (layer.index <= hiddenUntil && !wanted) continue;
      if (wanted && !`${layer.name} ${layer.kind} ${layer.operation}`.toLowerCase().includes(wanted)) continue;
      rows.push(entry(layer));
    }
    fill(list, ...rows);
    if (!rows.length) fill(list, el("li", { class: "cs-soft" }, `no layer holds “${search.value}”`));
    mark();
  };

  /** @param {{name: string, first: number, last: number}} block */
  const foldRow = (block) => {
    const open = !folded.has(block.name);
    const row = el("button", { type: "button", class: "cs-fold", "aria-expanded": String(open) }, `${open ? "▾" : "▸"} ${block.name} · ${block.last - block.first + 1} layers`);
    row.addEventListener("click", () => {
      if (open) folded.add(block.name);
      else folded.delete(block.name);
      build();
    });
    return el("li", {}, row);
  };

  /** @param {LayerInfo} layer */
  const entry = (layer) => {
    const canvas = el("canvas", { "aria-hidden": "true", width: 0, height: 0 });
    const blanks = el("small", { class: "cs-blanks" });
    const size = [layer.shape[0], ...layer.space].map((one) => one ?? "?").join(" × ");
    const press = el("button", { type: "button", class: "cs-entry", "aria-label": `${layer.name}, ${layer.operation}, ${size}` },
      el("span", { class: "cs-line" }, el("b", { title: layer.name }, layer.name), el("span", {}, size)),
      el("span", { class: "cs-line" }, el("small", {}, `${layer.operation} · ${layer.parameters.toLocaleString("en")}`), blanks),
      canvas);
    press.addEventListener("click", () => scope.change({ layer: layer.name, mode: "layer", ...(layer.name === scope.state.layer ? {} : { channel: -1, unit: null }) }, { back: true }));
    const row = el("li", { "data-layer": layer.name }, press);
    entries.set(layer.name, { node: press, canvas, blanks, drawn: "", used: [] });
    seen.observe(row);
    return row;
  };

  /** @param {string} name @param {string} [line] colour of the frames */
  const drawEntry = (name, line = inks(scope.root).line) => {
    const found = entries.get(name);
    const key = `${scope.run?.run} ${scope.state.scale} ${scope.state.colormap} ${scope.dark}`;
    if (!found || found.drawn === key) return;
    const strongest = strongestMaps(scope, name, SHOWN, found.used);
    // What is still there is of an earlier image.
    found.canvas.classList.toggle("cs-stale", !strongest);
    if (!strongest) return;
    found.used = strongest.maps;
    found.drawn = key;
    found.blanks.textContent = blankWords(scope, name, strongest.blank);
    found.blanks.title = scope.surveys.has(name) ? "blank: nothing to see on this image; dead: zero on all images of the survey" : "";
    const pen = sharp(found.canvas, SHOWN * STEP, strongest.vector ? 8 : THUMB);
    pen.clearRect(0, 0, SHOWN * STEP, THUMB);
    strongest.maps.forEach((map, place) => {
      const wide = strongest.vector ? (SHOWN * STEP) / strongest.maps.length : THUMB;
      const tall = strongest.vector ? 8 : THUMB;
      pen.imageSmoothingEnabled = map.width > wide;
      pen.drawImage(map, place * (strongest.vector ? wide : STEP), 0, wide + (strongest.vector ? 0.5 : 0), tall);
      pen.strokeStyle = line;
      pen.strokeRect(place * STEP + 0.5, 0.5, wide - 1, tall - 1);
    });
  };

  let due = 0;
  const drawAll = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(drawSeen);
  };

  const drawSeen = () => {
    if (node.hidden) return;
    const top = list.getBoundingClientRect();
    const { line } = inks(scope.root);
    for (const [name, found] of entries) {
      const box = found.node.getBoundingClientRect();
      if (box.bottom > top.top - 200 && box.top < top.bottom + 200) drawEntry(name, line);
    }
  };

  const mark = () => {
    for (const [name, found] of entries) {
      const chosen = name === scope.state.layer;
      found.node.setAttribute("aria-current", String(chosen));
      if (chosen) found.node.scrollIntoView({ block: "nearest" });
    }
  };

  search.addEventListener("input", build);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = "";
      build();
      list.querySelector("button")?.focus();
      event.stopPropagation();
    }
  });
  const fold = () => {
    folded.clear();
    const chosen = scope.layers.get(scope.state.layer)?.index ?? -1;
    for (const block of scope.network.layers.length > MANY ? scope.network.blocks : []) {
      if (chosen < block.first || chosen > block.last) folded.add(block.name);
    }
    build();
  };
  scope.on("network", fold);
  for (const event of ["run", "sheet", "maps", "colours"]) scope.on(event, drawAll);
  scope.on("state", (changed) => {
    node.hidden = scope.state.mode !== "layer";
    if (changed.has("layer")) {
      const index = scope.layers.get(scope.state.layer)?.index ?? -1;
      const hiding = scope.network.blocks.filter((block) => block.first <= index && index <= block.last && folded.has(block.name));
      for (const block of hiding) folded.delete(block.name);
      if (hiding.length) build();
    }
    mark();
    drawAll();
  });
  node.hidden = scope.state.mode !== "layer";
  return node;
}

/**
 * Small pictures of the maps of a layer that reach highest, from whatever is known of it.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {number} count
 * @param {HTMLCanvasElement[]} [used] canvases that are drawn on again
 * @returns {{maps: HTMLCanvasElement[], blank: number, vector: boolean} | null}
 */
export function strongestMaps(scope, name, count, used = []) {
  const layer = scope.maps(name);
  if (layer) {
    const [channels, height, width] = layer.shape;
    const order = ranked(layer.maximum.data, count);
    const vector = height * width === 1;
    const blank = countBlank(scope, layer.codes.data);
    if (vector) return { maps: [vectorStrip(scope, layer, used[0])], blank: channels > 1 ? blank : 0, vector };
    const lut = scope.colours.lut(layer.signed);
    return { maps: order.map((channel, place) => mapCanvas(scope.colours.levelsOfMap(layer, channel), width, height, lut, used[place])), blank, vector };
  }
  return scope.sheet && fromSheet(scope, scope.sheet, name, count, used);
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").LayerReply} layer
 * @param {HTMLCanvasElement} [used]
 */
function vectorStrip(scope, layer, used) {
  const [low, high] = finiteEnds(layer.low.data, layer.high.data);
  const values = highestAlong(layer.high.data, STRIP_UNITS);
  return mapCanvas(levelsBetween(values, Math.min(0, low), high), values.length, 1, scope.colours.lut(false), used);
}

/**
 * The highest value of each of equal stretches; every value where there are few.
 * @param {ArrayLike<number>} values
 * @param {number} most stretches
 * @returns {Float32Array}
 */
function highestAlong(values, most) {
  const count = Math.min(most, values.length);
  const highest = new Float32Array(count).fill(-Infinity);
  for (let at = 0; at < values.length; at++) {
    const stretch = Math.floor((at * count) / values.length);
    if (values[at] > highest[stretch]) highest[stretch] = values[at];
  }
  return highest;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").SheetReply} sheet
 * @param {string} name
 * @param {number} count
 * @param {HTMLCanvasElement[]} used
 */
function fromSheet(scope, sheet, name, count, used) {
  let at = 0;
  let first = 0;
  for (const [place, layer] of sheet.layers.entries()) {
    const size = layer.height * layer.width;
    if (layer.name === name) {
      const maxima = sheet.maximum.data.subarray(first, first + layer.channels);
      const blank = countBlank(scope, sheet.codes.data.subarray(first, first + layer.channels));
      if (size === 1) return null;
      const lut = scope.colours.lut(sheet.signed[place]);
      const levels = /** @type {Uint8Array} */ (sheet.levels.data);
      const maps = ranked(maxima, count).map((channel, one) => mapCanvas(levels.subarray(at + channel * size, at + (channel + 1) * size), layer.width, layer.height, lut, used[one]));
      return { maps, blank, vector: false };
    }
    at += layer.channels * size;
    first += layer.channels;
  }
  return null;
}

/**
 * How many maps are blank on this image, and how many channels are dead by the survey.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {number} blank
 */
function blankWords(scope, name, blank) {
  const dead = scope.surveys.deadOf(name);
  return [blank && blank !== dead ? `${blank} blank` : "", dead ? `${dead} dead` : ""].filter(Boolean).join(", ");
}

/**
 * Count the channels on which nothing is seen.
 * @param {import("./scope.js").Scope} scope
 * @param {ArrayLike<number>} codes
 */
function countBlank(scope, codes) {
  return Array.from(codes).filter((code) => isBlankWord(scope.network.words[code])).length;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} count
 */
function ranked(values, count) {
  return Array.from(values, (_, place) => place).sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}
