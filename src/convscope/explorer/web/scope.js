import { Atlas } from "./atlas.js";
import { Client, Refusal } from "./client.js";
import { lutOf } from "./colour.js";
import { finiteEnds, levelsOf, spanOf } from "./levels.js";
import { fromHash, INITIAL, toHash } from "./state.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").LayerReply} LayerReply */
/** @typedef {{layer: string, channel: number, unit: [number, number] | null, value: number}} Hover */

// A network with fewer values than this is shown whole at once.
const SMALL = 400_000;
// Above this a layer comes as levels instead of numbers.
const NUMBERS = 2_000_000;
// Bytes of maps that the page keeps.
const KEPT = 256 * 2 ** 20;
/** Pixels across a tile of the overview of a large network. */
export const OVERVIEW_TILE = 12;
// Channels that are muted between two reports of progress.
const PIECE = 32;

/** All that the panels share: the state, what was asked, and who wants to know. */
export class Scope {
  /**
   * @param {HTMLElement} root
   * @param {import("./hosts.js").Host} host
   */
  constructor(root, host) {
    this.root = root;
    this.host = host;
    this.client = new Client(host);
    this.addressed = host.kind !== "widget";
    /** @type {State} */
    this.state = this.addressed ? fromHash(location.hash) : { ...INITIAL };
    /** @type {Partial<State>[]} */
    this.trail = [];
    this.controller = new AbortController();
    this.signal = this.controller.signal;
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.listeners = new Map();
    /** @type {import("./types.js").NetworkInfo} */
    this.network = /** @type {any} */ (null);
    /** @type {Map<string, import("./types.js").LayerInfo>} */
    this.layers = new Map();
    /** @type {import("./types.js").Picture[]} */
    this.pictures = [];
    /** @type {import("./types.js").RunInfo | null} */
    this.run = null;
    /** @type {import("./types.js").SheetReply | null} */
    this.sheet = null;
    /** @type {import("./types.js").BooksReply | null} */
    this.books = null;
    /** @type {Map<string, Float32Array>} */
    this.shares = new Map();
    /** @type {Map<string, Float32Array>} */
    this.costs = new Map();
    /** @type {Map<string, LayerReply & {scale: string, run: string}>} */
    this.kept = new Map();
    /** @type {Map<string, any>} */
    this.made = new Map();
    /** @type {Hover | null} */
    this.hover = null;
    this.dark = false;
    this.live = false;
  }

  // ---- listening ----

  /**
   * Be told: network, state (a set of changed keys), run, maps (a layer's name), sheet, books,
   * costs, pictures, hover, colours, problem (words), status (words).
   * @param {string} event
   * @param {(detail: any) => void} listener
   */
  on(event, listener) {
    const all = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, all.add(listener));
    return () => all.delete(listener);
  }

  /**
   * @param {string} event
   * @param {any} [detail]
   */
  emit(event, detail) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(detail);
  }

  /** @param {unknown} problem */
  fail(problem) {
    if (this.signal.aborted || (problem instanceof DOMException && problem.name === "AbortError")) return;
    this.emit("problem", problem instanceof Error ? problem.message : String(problem));
  }

  /** Let go of everything. */
  dispose() {
    this.controller.abort();
    this.listeners.clear();
    this.kept.clear();
    this.made.clear();
  }

  // ---- beginning, changing, going back ----

  async start() {
    if (this.addressed) addEventListener("hashchange", () => this.adopt(fromHash(location.hash)), { signal: this.signal });
    await this.openNetwork();
  }

  async openNetwork() {
    this.network = await this.client.ask({ type: "network", network: this.state.network });
    this.layers = new Map(this.network.layers.map((layer) => [layer.name, layer]));
    const own = this.pictures.filter((picture) => picture.index === undefined);
    this.pictures = this.network.images.map((image, index) => ({ ...image, index, kind: "given" }));
    this.pictures.push(...own);
    this.settleState();
    this.made.clear();
    this.emit("network");
    await this.look();
  }

  /** Replace what the state names and the network does not have. */
  settleState() {
    const { state } = this;
    if (!this.layers.has(state.layer)) {
      const first = this.network.layers.find((layer) => layer.kind === "conv") ?? this.network.layers[0];
      Object.assign(state, { layer: first?.name ?? "", channel: -1, unit: null });
    }
    if (!this.pictures[state.image]) state.image = 0;
    for (const muted of [state.mute, state.solo]) {
      for (const layer of Object.keys(muted)) if (!this.layers.has(layer)) delete muted[layer];
    }
  }

  /**
   * Change the state and tell everybody what changed.
   * @param {Partial<State>} patch
   * @param {{back?: boolean}} [how] `back`: whether Escape comes back to what was before
   */
  change(patch, { back = false } = {}) {
    const changed = new Set(Object.keys(patch).filter((key) => JSON.stringify(/** @type {any} */ (patch)[key]) !== JSON.stringify(/** @type {any} */ (this.state)[key])));
    if (!changed.size) return;
    if (back) this.trail.push(Object.fromEntries([...changed].map((key) => [key, /** @type {any} */ (this.state)[key]])));
    Object.assign(this.state, patch);
    this.address();
    if (changed.has("network")) {
      this.openNetwork().catch((problem) => this.fail(problem));
      return;
    }
    if (changed.has("target")) this.costs.clear();
    if (["scale", "colormap", "theme"].some((key) => changed.has(key))) this.recolour();
    this.emit("state", changed);
    if (["image", "mute", "solo", "target"].some((key) => changed.has(key))) this.look().catch((problem) => this.fail(problem));
    if (changed.has("layer") || changed.has("scale") || changed.has("mode")) this.want();
  }

  /** Go back to what was before the last step. */
  back() {
    const before = this.trail.pop();
    if (before) this.change(before);
    else if (this.state.unit) this.change({ unit: null });
    else if (this.state.mode === "layer") this.change({ mode: "sheet" });
    else if (this.state.channel >= 0) this.change({ channel: -1 });
  }

  /** @param {State} state */
  adopt(state) {
    if (toHash(state) !== toHash(this.state)) this.change(state);
  }

  address() {
    if (this.addressed) history.replaceState(null, "", `#${toHash(this.state)}`);
  }

  /** The colours changed: those made before are of no use. */
  recolour() {
    for (const key of [...this.made.keys()]) if (key.startsWith("atlas ") || key.startsWith("lut ")) this.made.delete(key);
    this.emit("colours");
  }

  // ---- running ----

  /** @returns {import("./types.js").Picture | undefined} */
  get picture() {
    return this.pictures[this.state.image];
  }

  get small() {
    const total = this.network.layers.reduce((sum, layer) => sum + layer.shape.reduce((/** @type {number} */ product, size) => product * (size ?? 64), 1), 0);
    return total <= SMALL;
  }

  /**
   * Run the network on the image of the state, and show what comes.
   * @param {import("./types.js").Picture} [picture] another than that of the state, such as a frame of the camera
   * @returns {Promise<boolean>} whether it was shown; older requests are not
   */
  async look(picture = this.picture) {
    if (!picture) return false;
    const { source, buffers } = sourceOf(picture);
    const { mute, solo, target, network } = this.state;
    const reply = await this.client.latest("run", { type: "run", network, image: source, mute, solo, target, then: this.alongside() }, buffers);
    if (reply === null || this.signal.aborted) return false;
    this.show(reply);
    return true;
  }

  /** What is asked along with a run. */
  alongside() {
    const { mode, layer, target } = this.state;
    const books = this.network.differentiable && this.network.outputs.length ? [{ type: "books", target }] : [];
    if (this.small) return [...this.network.layers.map((one) => this.asking(one.name)), ...books];
    const own = layer ? [this.asking(layer)] : [];
    return mode === "sheet" ? [...own, { type: "sheet", tile: OVERVIEW_TILE }] : own;
  }

  /** @param {import("./types.js").RunInfo} run */
  show(run) {
    this.run = run;
    this.sheet = null;
    this.books = null;
    this.costs.clear();
    for (const reply of run.then ?? []) {
      if (reply.type === "layer") this.keep(reply);
      else if (reply.type === "sheet") this.sheet = reply;
      else if (reply.type === "books") this.enter(reply);
      else if (reply.type === "error") this.fail(new Refusal(reply.code, reply.message));
    }
    run.then = [];
    this.forget();
    this.emit("run");
    if (this.sheet) this.emit("sheet");
    if (this.books) this.emit("books");
    this.want();
  }

  /** Ask for what is not there yet, the most visible first. */
  want() {
    const { run } = this;
    if (!run) return;
    if (this.state.layer) this.need(this.state.layer);
    if (this.live || this.small) return;
    if (!this.sheet) this.askSheet(run.run).catch((problem) => this.fail(problem));
    if (!this.books && this.network.differentiable && this.network.outputs.length) this.askBooks(run.run).catch((problem) => this.fail(problem));
  }

  /** @param {string} run */
  async askSheet(run) {
    const reply = await this.client.latest("sheet", { type: "sheet", run, tile: OVERVIEW_TILE });
    if (reply && this.run?.run === run && !this.sheet) {
      this.sheet = reply;
      this.emit("sheet");
    }
  }

  /** @param {string} run */
  async askBooks(run) {
    const reply = await this.client.latest("books", { type: "books", run, target: this.state.target });
    if (reply && this.run?.run === run) {
      this.enter(reply);
      this.emit("books");
    }
  }

  /** @param {import("./types.js").BooksReply} books */
  enter(books) {
    this.books = books;
    this.shares = new Map();
    let at = 0;
    books.layers.forEach((layer, place) => {
      const count = books.channels[place];
      this.shares.set(layer.name, /** @type {Float32Array} */ (books.shares.data.subarray(at, at + count)));
      at += count;
    });
  }

  // ---- maps ----

  /** @param {string} name */
  asking(name) {
    const { scale } = this.state;
    return { type: "layer", layer: name, scale: scale === "shared" ? "layer" : scale, limit: NUMBERS };
  }

  /** @param {any} reply */
  keep(reply) {
    reply.run = this.run?.run;
    reply.scale = this.asking(reply.layer).scale;
    const key = `${reply.run} ${reply.layer}`;
    this.kept.delete(key);
    this.kept.set(key, reply);
  }

  /** Forget the maps that were looked at longest ago. */
  forget() {
    let bytes = [...this.kept.values()].reduce((sum, one) => sum + sizeOf(one), 0);
    for (const [key, one] of this.kept) {
      if (bytes <= KEPT) break;
      if (one.run === this.run?.run) continue;
      bytes -= sizeOf(one);
      this.kept.delete(key);
    }
    for (const key of [...this.made.keys()]) {
      if ((key.startsWith("atlas ") || key.startsWith("span ")) && !key.includes(` ${this.run?.run} `)) this.made.delete(key);
    }
  }

  /**
   * The maps of a layer on the present run; null while they are not there.
   * @param {string} name
   * @returns {LayerReply | null}
   */
  maps(name) {
    return this.kept.get(`${this.run?.run} ${name}`) ?? null;
  }

  /**
   * Ask for the maps of a layer, unless they are there.
   * @param {string} name
   * @returns {Promise<LayerReply | null>} null when the run changed meanwhile
   */
  async need(name) {
    const run = this.run?.run;
    const known = this.kept.get(`${run} ${name}`);
    const question = this.asking(name);
    if (known && (known.values || known.scale === question.scale)) return known;
    try {
      const reply = await this.client.latest(`layer ${name}`, { ...question, run });
      if (!reply || this.run?.run !== run) return null;
      this.keep(reply);
      for (const key of [...this.made.keys()]) if (key.startsWith(`atlas ${name} `)) this.made.delete(key);
      this.emit("maps", name);
      return reply;
    } catch (problem) {
      if (problem instanceof Refusal && problem.code === "gone") await this.look();
      else this.fail(problem);
      return null;
    }
  }

  /** Smallest and largest value of all that is shown: of the whole network on this image. */
  get ends() {
    return this.cached(`span shared ${this.run?.run} `, () => {
      if (this.sheet) return finiteEnds(/** @type {Float32Array} */ (this.sheet.low.data), /** @type {Float32Array} */ (this.sheet.high.data));
      const known = [...this.kept.values()].filter((one) => one.run === this.run?.run);
      const pairs = known.map((one) => finiteEnds(one.low.data, one.high.data));
      return finiteEnds(pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1]));
    });
  }

  /**
   * What the colours of a layer stand for on the present scale.
   * @param {LayerReply} layer
   * @returns {import("./levels.js").Span}
   */
  span(layer) {
    if (!layer.values && layer.span_low && layer.span_high) {
      return { low: /** @type {Float32Array} */ (layer.span_low.data), high: /** @type {Float32Array} */ (layer.span_high.data), signed: layer.signed };
    }
    return this.cached(`span ${layer.layer} ${this.run?.run} ${this.state.scale}`, () => spanOf(layer, this.state.scale, this.ends));
  }

  /**
   * All maps of a layer in colours; null while they are not there.
   * @param {string} name
   * @returns {Atlas | null}
   */
  atlas(name) {
    const layer = this.maps(name);
    if (!layer) return null;
    return this.cached(`atlas ${name} ${layer === null ? "" : /** @type {any} */ (layer).run} `, () => {
      const [count, height, width] = layer.shape;
      return new Atlas(this.levels(layer), count, height, width, this.lut(layer.signed));
    });
  }

  /**
   * The levels of all maps of a layer on the present scale.
   * @param {LayerReply} layer
   * @returns {Uint8Array}
   */
  levels(layer) {
    if (!layer.values) return /** @type {Uint8Array} */ (layer.levels?.data ?? new Uint8Array());
    return levelsOf(layer.values.data, layer.shape[1] * layer.shape[2], this.span(layer));
  }

  /**
   * The colours: those that were chosen, else diverging ones for values of both signs, and ones
   * whose zero is paper for the others.
   * @param {boolean} signed
   * @returns {import("./colour.js").Lut}
   */
  lut(signed) {
    const { colormap } = this.state;
    const automatic = !this.network.palettes[colormap];
    const name = automatic ? (signed ? "RdBu" : "paper") : colormap;
    const reversed = this.dark && name === "paper";
    return this.cached(`lut ${name} ${reversed}`, () => lutOf(this.network.palettes[name], reversed));
  }

  /**
   * Which class the present run is about.
   * @returns {number}
   */
  get classIndex() {
    return this.books?.index ?? this.run?.score?.index ?? this.run?.predictions[0]?.index ?? 0;
  }

  /**
   * What a class is called.
   * @param {number} index
   */
  label(index) {
    return this.network.labels[index] ?? String(index);
  }

  /**
   * Make a thing once, until it is forgotten.
   * @template T
   * @param {string} key
   * @param {() => T} make
   * @returns {T}
   */
  cached(key, make) {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key);
  }

  /**
   * Which pixels of the input every position of a layer's maps sees.
   * @param {string} name
   * @returns {Promise<{starts: number[][] | null, stops: number[][], whole: boolean, because: string, size: number[] | null}>}
   */
  fields(name) {
    return this.cached(`fields ${name}`, () => this.client.ask({ type: "fields", network: this.state.network, layer: name }));
  }

  /**
   * The box on the input that a unit sees, in pixels: top, left, bottom, right; null where it is
   * not known.
   * @param {string} name
   * @param {[number, number]} unit
   * @returns {Promise<[number, number, number, number] | null>}
   */
  async boxOf(name, unit) {
    const { starts, stops, whole } = await this.fields(name);
    const seen = this.run?.seen;
    if (whole && seen) return [0, 0, seen.shape[0], seen.shape[1]];
    if (!starts) return null;
    const [y, x] = starts.length > 1 ? unit : [0, unit[1]];
    const last = starts.length - 1;
    return [starts.length > 1 ? starts[0][y] : 0, starts[last][x], stops.length > 1 ? stops[0][y] : 1, stops[last][x]];
  }

  // ---- order, ablation, muting ----

  /**
   * The channels of a layer in the chosen order, those that show something before the blank ones.
   * @param {LayerReply} layer
   * @returns {{shown: number[], blank: number[], by: string}}
   */
  order(layer) {
    const all = Array.from({ length: layer.shape[0] }, (_, channel) => channel);
    const { sort } = this.state;
    const shares = this.shares.get(layer.layer);
    const key = sort === "contribution" ? shares : sort === "ablation" ? this.costs.get(layer.layer)
      : sort === "mean" ? layer.mean.data : sort === "maximum" ? layer.maximum.data : sort === "active" ? layer.positive.data : undefined;
    const signless = sort === "contribution" || sort === "ablation";
    if (key) all.sort((a, b) => (signless ? Math.abs(key[b]) - Math.abs(key[a]) : key[b] - key[a]) || a - b);
    const words = this.network.words;
    /** @param {number} channel */
    const isBlank = (channel) => words[layer.codes.data[channel]] === "zero here" || words[layer.codes.data[channel]] === "constant";
    return { shown: all.filter((channel) => !isBlank(channel)), blank: all.filter(isBlank), by: key ? sort : "index" };
  }

  /**
   * Mute every channel of a layer by itself, piece by piece, and tell the progress.
   * @param {string} name
   */
  async ablate(name) {
    const run = this.run;
    const count = this.layers.get(name)?.shape[0];
    if (!run || !count || this.costs.has(name)) return;
    const costs = new Float32Array(count);
    for (let start = 0; start < count; start += PIECE) {
      if (this.run !== run || this.state.layer !== name || this.state.sort !== "ablation") return;
      const stop = Math.min(start + PIECE, count);
      this.emit("status", `muting channel ${start} of ${count} …`);
      const reply = await this.client.ask({ type: "ablation", run: run.run, layer: name, target: this.state.target, start, stop });
      costs.set(reply.costs.data, start);
    }
    this.emit("status", "");
    this.costs.set(name, costs);
    this.emit("costs", name);
  }

  /**
   * Whether a channel is silent at present.
   * @param {string} layer
   * @param {number} channel
   */
  isMuted(layer, channel) {
    return this.run?.muted[layer]?.includes(channel) ?? false;
  }

  /**
   * Mute a channel, or let it sound again.
   * @param {string} layer
   * @param {number} channel
   */
  toggleMute(layer, channel) {
    this.change({ mute: toggled(this.state.mute, layer, channel) });
  }

  /**
   * Let only this channel of its layer sound, or all again.
   * @param {string} layer
   * @param {number} channel
   */
  toggleSolo(layer, channel) {
    this.change({ solo: toggled(this.state.solo, layer, channel) });
  }

  // ---- pointing ----

  /** @param {Hover | null} hover */
  point(hover) {
    const same = hover && this.hover && hover.layer === this.hover.layer && hover.channel === this.hover.channel && String(hover.unit) === String(this.hover.unit);
    if (same || hover === this.hover) return;
    this.hover = hover;
    this.emit("hover", hover);
  }

  /**
   * Pin a map, or a unit of it.
   * @param {string} layer
   * @param {number} channel
   * @param {[number, number] | null} [unit]
   */
  pin(layer, channel, unit = null) {
    this.change({ layer, channel, unit }, { back: true });
  }

  /**
   * Add a picture of the page's own and look at it.
   * @param {import("./types.js").Picture} picture
   */
  add(picture) {
    this.pictures.push(picture);
    this.emit("pictures");
    this.change({ image: this.pictures.length - 1 });
  }
}

/** @param {import("./types.js").Picture} picture */
function sourceOf(picture) {
  if (picture.index !== undefined) return { source: picture.index, buffers: [] };
  if (picture.pixels) return { source: { pixels: picture.pixels.shape, name: picture.name }, buffers: [picture.pixels.data] };
  return { source: { upload: picture.name }, buffers: [picture.bytes ?? new Uint8Array()] };
}

/**
 * @param {Object<string, number[]>} chosen
 * @param {string} layer
 * @param {number} channel
 */
function toggled(chosen, layer, channel) {
  const before = chosen[layer] ?? [];
  const after = before.includes(channel) ? before.filter((one) => one !== channel) : [...before, channel].sort((a, b) => a - b);
  const { [layer]: _, ...others } = chosen;
  return after.length ? { ...others, [layer]: after } : others;
}

/** @param {LayerReply} layer */
function sizeOf(layer) {
  return (layer.values?.data.byteLength ?? 0) + (layer.levels?.data.byteLength ?? 0);
}
