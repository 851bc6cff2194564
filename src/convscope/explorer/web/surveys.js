/** @typedef {import("./types.js").LayerReply} LayerReply */
/** @typedef {import("./types.js").SurveyInfo} SurveyInfo */
/** @typedef {import("./types.js").Numbers} Numbers */

/**
 * What the channels of a layer tell apart; null without classes.
 * @typedef {{class: Numbers | null, dprime: Numbers | null, area: Numbers | null}} Selectivity
 */

// Answers that are kept; those about pictures are the largest, some 100 kB each.
const SURVEY_ANSWERS = 200;

/**
 * What a survey knows of the network that is shown. Nothing in it depends on the image, so that it
 * is asked once; its event: survey, when an answer came.
 */
export class Surveys {
  /** @param {import("./scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    /** @type {Map<string, any>} */
    this.answers = new Map();
    /** @type {Set<string>} */
    this.asking = new Set();
    /** @type {Map<string, {first: number, channels: number, maps: boolean}>} */
    this.places = new Map();
  }

  /** The survey of this network, where there is one. @returns {SurveyInfo | null} */
  get info() {
    return this.scope.network?.survey ?? null;
  }

  /** Whether there are classes to tell apart. */
  get tells() {
    return (this.info?.classes.length ?? 0) > 1;
  }

  /** Let go of what belongs to another network. */
  renew() {
    this.answers.clear();
    this.places.clear();
    let first = 0;
    for (const { name, channels, maps } of this.info?.layers ?? []) {
      this.places.set(name, { first, channels, maps });
      first += channels;
    }
  }

  /**
   * Whether a layer was surveyed.
   * @param {string} layer
   */
  has(layer) {
    return this.places.has(layer);
  }

  /**
   * Whether mean maps of the classes were kept of a layer.
   * @param {string} layer
   */
  hasMaps(layer) {
    return this.places.get(layer)?.maps ?? false;
  }

  /**
   * On how many images a channel fired; not a number where that is not known.
   * @param {string} layer
   * @param {number} channel
   */
  fired(layer, channel) {
    const place = this.places.get(layer);
    return place && channel < place.channels ? this.info?.fired.data[place.first + channel] ?? NaN : NaN;
  }

  /**
   * Whether a channel is zero on all images.
   * @param {string} layer
   * @param {number} channel
   */
  isDead(layer, channel) {
    return this.fired(layer, channel) === 0;
  }

  /**
   * How many channels of a layer are zero on all images.
   * @param {string} layer
   */
  deadOf(layer) {
    const place = this.places.get(layer);
    let count = 0;
    for (let channel = 0; channel < (place?.channels ?? 0); channel++) count += Number(this.isDead(layer, channel));
    return count;
  }

  /**
   * What a map is called that is zero on this image: dead, or silent where it fired on another.
   * @param {string} layer
   * @param {number} channel
   * @param {string} word of this image alone
   */
  wordOf(layer, channel, word) {
    if (word !== "zero here") return word;
    const fired = this.fired(layer, channel);
    return Number.isNaN(fired) ? word : fired ? "silent" : "dead";
  }

  /**
   * On how many images a channel fired, in words; empty where that is not known.
   * @param {string} layer
   * @param {number} channel
   */
  firedWords(layer, channel) {
    const fired = this.fired(layer, channel);
    const { info } = this;
    if (!info || Number.isNaN(fired)) return "";
    const images = info.images.toLocaleString("en");
    if (fired === info.images) return `fires on all ${images} images`;
    return fired ? `fires on ${fired.toLocaleString("en")} of ${images} images` : `zero on all ${images} images`;
  }

  /**
   * Which class each channel of a layer tells from all others, and how well; null while it is not
   * known, and where there are no classes.
   * @param {string} layer
   * @returns {Selectivity | null}
   */
  selectivity(layer) {
    if (!this.has(layer) || !this.tells) return null;
    const found = this.find("survey_layer", { layer });
    return found && !found.problem ? found : null;
  }

  /**
   * An answer that is there; where it is not, ask.
   * @param {string} type
   * @param {any} question
   * @returns {any | null} where it was refused, `problem` alone
   */
  find(type, question) {
    const { network } = this.scope.state;
    const key = `${network} ${type} ${JSON.stringify(question)}`;
    const found = this.answers.get(key);
    if (found || this.asking.has(key)) return found ?? null;
    this.asking.add(key);
    /** @param {any} answer */
    const enter = (answer) => {
      this.asking.delete(key);
      if (!answer || this.scope.signal.aborted) return;
      if (this.answers.size >= SURVEY_ANSWERS) this.answers.delete(this.answers.keys().next().value ?? "");
      this.answers.set(key, answer);
      this.scope.emit("survey", type);
    };
    const message = { type, network, ...question };
    const { client } = this.scope;
    // All layers of a sheet are wanted, but of channels the newest alone.
    const asked = type === "survey_layer" ? client.ask(message) : client.latest(type, message);
    asked.then(enter, (problem) => enter({ problem: problem instanceof Error ? problem.message : String(problem) }));
    return null;
  }

  /**
   * Which channels of a layer the filter leaves; null where it leaves all.
   * @param {LayerReply} layer
   * @param {string} filter
   * @returns {((channel: number) => boolean) | null}
   */
  filterOf(layer, filter) {
    const name = layer.layer;
    if (!filter || !this.has(name)) return null;
    const { words } = this.scope.network;
    if (filter === "dead") return (channel) => this.isDead(name, channel);
    if (filter === "silent") return (channel) => this.wordOf(name, channel, words[layer.codes.data[channel]]) === "silent";
    const index = classOfFilter(filter);
    const classes = this.selectivity(name)?.class?.data;
    return (channel) => classes?.[channel] === index && !this.isDead(name, channel);
  }
}

/**
 * The class that a filter is about; -1 for another filter.
 * @param {string} filter
 */
export function classOfFilter(filter) {
  const found = /^class:(\d+)$/.exec(filter);
  return found ? Number(found[1]) : -1;
}
