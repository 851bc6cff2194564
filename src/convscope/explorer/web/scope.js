import { Client, Refusal } from "./client.js";
import { Events } from "./events.js";
import { KeptMaps } from "./kept_maps.js";
import { leftOutWords } from "./leftout.js";
import { Made } from "./made.js";
import { MapColours } from "./map_colours.js";
import { sourceOf } from "./pictures.js";
import { Ranking } from "./ranking.js";
import { isDeep } from "./slices.js";
import { changedKeys, fromHash, INITIAL, toHash } from "./state.js";
import { surveyedPicture, withSurveyed } from "./surveyed.js";
import { Surveys } from "./surveys.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./kept_maps.js").Kept} Kept */

/** @typedef {{layer: string, channel: number, unit: [number, number] | null, value: number}} Hover */

// A network with fewer values than this is shown whole at once.
const SMALL = 400_000;
// Above this a layer comes as levels instead of numbers.
const NUMBERS = 2_000_000;

// Pixels across a tile of the overview of a large network.
const OVERVIEW_TILE = 12;

/**
 * All that the panels share: the state, what was asked, and who wants to know. Its events: network,
 * state (a set of changed keys), run, maps (a layer's name), sheet, books, costs, pictures, hover,
 * colours, survey (what was asked), film (new frames), live (whether), problem (words), status (words), download and help (the
 * button), lessons, lesson (by how many steps).
 */
export class Scope extends Events {
  /**
   * @param {HTMLElement} root
   * @param {import("./hosts.js").Host} host
   */
  constructor(root, host) {
    super();
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
    this.made = new Made();
    this.kept = new KeptMaps();
    this.colours = new MapColours(this);
    this.ranking = new Ranking(this);
    this.surveys = new Surveys(this);
    /** @type {Hover | null} */
    this.hover = null;
    /** What the present run was asked for. @type {Partial<State>} */
    this.ran = {};
    this.dark = false;
    this.live = false;
    /** The run that is made anew at present. @type {Promise<boolean> | null} */
    this.renewing = null;
    this.renewed = false;
  }

  /** @param {unknown} problem */
  fail(problem) {
    if (this.signal.aborted || (problem instanceof DOMException && problem.name === "AbortError")) return;
    const say = () => this.emit("problem", problem instanceof Error ? problem.message : String(problem));
    this.renew(problem).then((again) => again || say(), say);
  }

  /**
   * Run again where that is the problem: the session keeps a run no longer when others took its
   * place, or when the weights changed. Not twice before a person does something, since two runs
   * that are too large to be kept together would take each other's place for ever.
   * @param {unknown} problem
   * @returns {Promise<boolean>} whether it was run again
   */
  async renew(problem) {
    if (!(problem instanceof Refusal) || problem.code !== "gone") return false;
    if (!this.renewing) {
      if (this.renewed) return false;
      this.renewed = true;
      this.renewing = this.look().finally(() => {
        this.renewing = null;
      });
    }
    await this.renewing;
    return true;
  }

  /** Let go of everything. */
  dispose() {
    this.controller.abort();
    this.listeners.clear();
    this.kept.clear();
    this.made.clear();
  }

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
    this.surveys.renew();
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
    if (state.surveyed >= 0 && this.surveys.info) state.image = surveyedPicture(this, state.surveyed);
    if (!this.pictures[state.image]) state.image = 0;
    state.surveyed = this.pictures[state.image]?.survey ?? -1;
    if (!this.surveys.info) state.filter = "";
    if (state.sort === "selectivity" && !this.surveys.tells) state.sort = "contribution";
    if ((state.sort === "contribution" && !this.hasBooks) || (state.sort === "ablation" && this.unavailable("ablation"))) state.sort = "index";
    const { film } = this.network;
    if (!film) Object.assign(state, { frame: INITIAL.frame, training: INITIAL.training });
    else if (state.frame >= film.steps.length) state.frame = INITIAL.frame;
    if (this.unavailable("slices")) Object.assign(state, { flat: INITIAL.flat, slice: INITIAL.slice });
    for (const muted of [state.mute, state.solo]) {
      for (const layer of Object.keys(muted)) if (!this.layers.has(layer)) delete muted[layer];
    }
  }

  /**
   * Change the state and tell everybody what changed.
   * @param {Partial<State>} given
   * @param {{back?: boolean}} [how] `back`: whether Escape comes back to what was before
   */
  change(given, { back = false } = {}) {
    const patch = withSurveyed(this, given);
    const changed = changedKeys(this.state, patch);
    if (!changed.size) return;
    this.renewed = false;
    if (back) this.trail.push(Object.fromEntries([...changed].map((key) => [key, /** @type {any} */ (this.state)[key]])));
    Object.assign(this.state, patch);
    this.address(back);
    if (changed.has("network")) {
      this.openNetwork().catch((problem) => this.fail(problem));
      return;
    }
    if (changed.has("target")) this.ranking.costs.clear();
    if (["scale", "colormap", "theme"].some((key) => changed.has(key))) this.colours.forget();
    this.emit("state", changed);
    if (["image", "mute", "solo", "target", "frame", "training", ...(this.depth === undefined ? [] : ["flat", "slice"])].some((key) => changed.has(key))) this.look().catch((problem) => this.fail(problem));
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

  /**
   * Write the state into the address.
   * @param {boolean} [step] whether the browser's own way back leads to what was before
   */
  address(step = false) {
    if (!this.addressed) return;
    const hash = `#${toHash(this.state)}`;
    if (step) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
  }

  /** @returns {import("./types.js").Picture | undefined} */
  get picture() {
    return this.pictures[this.state.image];
  }

  /** Where volumes are looked at, as the session is told; undefined for a network without. */
  get depth() {
    if (!isDeep(this.network)) return undefined;
    return this.state.flat === "maximum" ? "maximum" : this.state.slice;
  }

  /** When a film is looked at, as the session is told; nothing for a network that is no film. */
  get moment() {
    const { frame, training } = this.state;
    return this.network.film ? { frame, training } : {};
  }

  /** Whether it can be said where scores come from. */
  get hasBooks() {
    return this.network.differentiable && this.network.outputs.length > 0;
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
    const { mute, solo, target, network, image, surveyed, flat, slice, frame, training } = this.state;
    let reply;
    try {
      reply = await this.client.latest("run", { type: "run", network, image: source, mute, solo, target, depth: this.depth, ...this.moment, then: this.alongside(), glance: this.live || null }, buffers);
    } catch (problem) {
      if (problem instanceof Refusal && problem.code === "not-in-report") return this.retreat(problem);
      if (problem instanceof Refusal && picture.survey !== undefined) return this.retreat(problem);
      throw problem;
    }
    if (reply === null || this.signal.aborted) return false;
    this.ran = { image, surveyed, target, mute, solo, flat, slice, frame, training };
    this.show(reply);
    return true;
  }

  /**
   * Go back to what a report holds, or to an image that is there, and say why.
   * @param {Refusal} problem
   * @returns {Promise<boolean>}
   */
  async retreat(problem) {
    const held = this.run ? this.ran : { image: 0, surveyed: -1, target: null, mute: {}, solo: {}, flat: INITIAL.flat, slice: INITIAL.slice, frame: INITIAL.frame, training: INITIAL.training };
    const changed = changedKeys(this.state, held);
    if (!changed.size) throw problem;
    Object.assign(this.state, held);
    this.address();
    this.emit("state", changed);
    const shown = this.run ? true : await this.look();
    this.fail(problem);
    return shown;
  }

  /**
   * Why something cannot be asked of this page; empty where it can. A report holds answers alone,
   * and not those to every question.
   * @param {import("./leftout.js").Topic} topic
   * @param {number} [index] of the class, for the topic "target"
   * @returns {string}
   */
  unavailable(topic, index) {
    if (!this.network?.left_out?.includes(topic)) return "";
    const held = topic === "target" && index !== undefined && (this.run?.targets ?? []).includes(index);
    return held ? "" : leftOutWords(topic);
  }

  /** What is asked along with a run. */
  alongside() {
    const { mode, layer, target } = this.state;
    const books = this.hasBooks ? [{ type: "books", target }] : [];
    if (this.small) return [...this.network.layers.map((one) => this.asking(one.name)), ...books];
    const own = layer ? [this.asking(layer)] : [];
    return mode === "sheet" ? [...own, { type: "sheet", tile: OVERVIEW_TILE }] : own;
  }

  /** @param {import("./types.js").RunInfo} run */
  show(run) {
    this.run = run;
    if (this.picture?.survey !== undefined) {
      this.picture.thumbnail ??= run.seen;
      Object.assign(this.picture, { label: run.label, class_name: run.class_name });
    }
    this.sheet = null;
    this.books = null;
    this.shares = new Map();
    this.ranking.costs.clear();
    for (const reply of run.then ?? []) {
      if (reply.type === "layer") this.keep(run.run, reply);
      else if (reply.type === "sheet") this.sheet = reply;
      else if (reply.type === "books") this.enter(reply);
      else if (reply.type === "error") this.fail(new Refusal(reply.code, reply.message));
    }
    run.then = [];
    this.kept.forget(run.run);
    this.made.drop((key) => /^(atlas|span) /.test(key) && !key.includes(` ${run.run} `));
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
    if (!this.books && this.hasBooks) this.askBooks(run.run).catch((problem) => this.fail(problem));
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
    this.ranking.ranks = this.shares;
  }

  /** @param {string} name */
  asking(name) {
    const { scale } = this.state;
    return { type: "layer", layer: name, scale: scale === "shared" ? "layer" : scale, limit: NUMBERS };
  }

  /**
   * @param {string} run
   * @param {any} reply
   */
  keep(run, reply) {
    this.kept.keep({ ...reply, run, scale: reply.scale ?? this.asking(reply.layer).scale });
  }

  /**
   * The maps of a layer on the present run; null while they are not there.
   * @param {string} name
   * @returns {Kept | null}
   */
  maps(name) {
    return this.run && this.kept.of(this.run.run, name);
  }

  /**
   * Ask for the maps of a layer, unless they are there.
   * @param {string} name
   * @returns {Promise<Kept | null>} null when the run changed meanwhile
   */
  async need(name) {
    const run = this.run?.run;
    const known = this.maps(name);
    const question = this.asking(name);
    if (known && (known.values || known.scale === question.scale || !this.network.live)) return known;
    try {
      const reply = await this.client.latest(`layer ${name}`, { ...question, run });
      if (!reply || !run || this.run?.run !== run) return null;
      this.keep(run, reply);
      this.made.drop((key) => key.startsWith(`atlas ${name} `));
      this.emit("maps", name);
      return this.maps(name);
    } catch (problem) {
      this.fail(problem);
      return null;
    }
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
   * Whether a channel is silent at present.
   * @param {string} layer
   * @param {number} channel
   */
  isMuted(layer, channel) {
    return this.run?.muted[layer]?.includes(channel) ?? false;
  }

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
   * Look at a picture of the page's own and add it; one that the network refuses is not added.
   * @param {import("./types.js").Picture} picture
   */
  async add(picture) {
    const shown = await this.look(picture);
    if (shown) picture.thumbnail ??= this.run?.seen ?? null;
    this.pictures.push(picture);
    this.emit("pictures");
    if (!shown) return;
    this.state.image = this.pictures.length - 1;
    this.state.surveyed = -1;
    this.address();
    this.emit("state", new Set(["image"]));
  }

  /**
   * Say that pictures follow one another quickly, and when they no longer do: meanwhile only what
   * is in sight is asked for.
   * @param {boolean} live
   */
  setLive(live) {
    if (this.live === live) return;
    this.live = live;
    this.emit("live", live);
    if (!live) this.want();
  }
}
