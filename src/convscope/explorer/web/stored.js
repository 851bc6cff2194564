import { decodeFrame } from "./frames.js";
import { leftOutWords } from "./leftout.js";
import { addBehind, addBeside } from "./residual.js";

/** @typedef {import("./frames.js").Answer} Answer */
/** @typedef {{replies: Map<string, any>, buffers: Uint8Array[], bytes: number}} Pack */

// What an answer depends on, besides its type; packing.py has the same list.
const FIELDS = ["run", "image", "layer", "channel", "unit", "target", "method"];

/** What the answers of a pack are about. @type {Object<string, string[]>} */
const ABOUT = {
  network: [], run: ["image"], sheet: ["run"], score: ["run"], maps: ["run", "layer"],
  survey: ["layer"], lineage: ["run", "layer"], shares: ["run", "layer"], weights: ["layer"],
};
/** In which packs the answers of other types are. @type {Object<string, string>} */
const GROUPS = { layer: "maps", channel: "maps", books: "score", heatmap: "score", fields: "maps", survey_layer: "survey", survey_channel: "survey" };
/** What is said where an answer is missing. @type {Object<string, string>} */
const TOPICS = { run: "target", books: "target", heatmap: "heatmap", channel: "numbers", survey_layer: "survey", survey_channel: "survey" };

// Bytes of unpacked answers; what is on the screen the page keeps by itself.
const UNPACKED = 96 * 2 ** 20;
// Whoever asks for more numbers than a page ever shows wants the numbers themselves.
const MOST_NUMBERS = 2_000_000;

/**
 * A report: the answers lie in the page itself, and are unpacked when they are looked at.
 * @param {Document} page
 * @returns {import("./hosts.js").Host}
 */
export function storedHost(page) {
  const packs = new Packs(page);

  /** @param {any} message @returns {Promise<Answer>} */
  const find = async (message) => {
    if (isEdited(message)) return refusal(message, "mute");
    if (typeof message.image === "object" && message.image !== null) return refusal(message, "image");
    const asked = message.type === "channel" ? { ...message, type: "layer", channel: null } : message;
    const pack = await packs.get(packOf(asked));
    const reply = pack?.replies.get(storedKey(asked));
    if (!pack || !reply) return refusal(message, TOPICS[message.type] ?? message.type);
    if (message.type === "channel") return channelOf(message, reply, pack.buffers);
    if (message.limit > MOST_NUMBERS && reply.levels) return refusal(message, "numbers");
    return { reply: { ...reply, id: message.id }, buffers: pack.buffers };
  };

  return {
    kind: "report",
    async answer(message) {
      const { reply, buffers } = await find(message);
      if (reply.type !== "run") return { reply, buffers };
      const then = [];
      const all = [...buffers];
      for (const one of message.then ?? []) {
        const further = await find({ ...one, run: reply.run });
        then.push(shifted(further.reply, all.length));
        all.push(...further.buffers);
      }
      return { reply: { ...reply, then }, buffers: all };
    },
  };
}

/** The packs of a page, those that were looked at last unpacked. */
class Packs {
  /** @param {Document} page */
  constructor(page) {
    this.page = page;
    /** @type {Map<string, Element>} */
    this.elements = new Map();
    this.seen = 0;
    /** @type {Map<string, Promise<Pack | null>>} */
    this.unpacked = new Map();
    this.bytes = 0;
  }

  /**
   * @param {string} place
   * @returns {Promise<Pack | null>} null where there is none
   */
  get(place) {
    const known = this.unpacked.get(place);
    this.unpacked.delete(place);
    const pack = known ?? this.unpack(place);
    this.unpacked.set(place, pack);
    return pack;
  }

  /** @param {string} place */
  async unpack(place) {
    const element = await this.find(place);
    if (!element) return null;
    const { reply: frame, buffers } = await unzipped(element.textContent ?? "");
    const replies = new Map(frame.keys.map((/** @type {any} */ key, /** @type {number} */ at) => [JSON.stringify(key), frame.answers[at]]));
    const pack = { replies, buffers, bytes: buffers.reduce((sum, part) => sum + part.byteLength, 0) };
    for (const residual of frame.residuals) await this.restore(pack, residual);
    this.bytes += pack.bytes;
    await this.forget(place);
    return pack;
  }

  /**
   * Wait for a pack while the page is still being read.
   * @param {string} place
   * @returns {Promise<Element | null>}
   */
  async find(place) {
    for (;;) {
      const whole = this.page.readyState !== "loading";
      const all = this.page.querySelectorAll("[data-pack]");
      for (; this.seen < all.length; this.seen++) {
        const label = JSON.parse(/** @type {HTMLElement} */ (all[this.seen]).dataset.pack ?? "null");
        this.elements.set(JSON.stringify(label), all[this.seen]);
      }
      const found = this.elements.get(place);
      // The last element may have begun and not ended.
      if (found && (whole || found.nextSibling)) return found;
      if (whole) return null;
      await new Promise((settle) => setTimeout(settle, 16));
    }
  }

  /**
   * @param {Pack} pack
   * @param {{buffer: number, source?: any, stretched?: boolean}} residual `source`: the question about the input
   */
  async restore(pack, { buffer, source, stretched }) {
    const levels = pack.buffers[buffer];
    if (source === undefined) {
      addBeside(levels);
      return;
    }
    const own = [...pack.replies.values()].find((reply) => reply.levels?.buffer === buffer);
    const before = await this.get(packOf(source));
    const reply = before?.replies.get(storedKey(source));
    if (!before || !reply) throw new Error(`this file is damaged: the maps of ${source.layer} are missing`);
    addBehind(mappedOf(own, pack.buffers), mappedOf(reply, before.buffers), Boolean(stretched));
  }

  /**
   * Let go of what was looked at longest ago.
   * @param {string} but
   */
  async forget(but) {
    for (const [place, pack] of [...this.unpacked]) {
      if (this.bytes <= UNPACKED) return;
      if (place === but) continue;
      this.unpacked.delete(place);
      this.bytes -= (await pack)?.bytes ?? 0;
    }
  }
}

/** @param {any} message */
function packOf(message) {
  const group = GROUPS[message.type] ?? message.type;
  return JSON.stringify([group, ...(ABOUT[group] ?? []).map((name) => message[name] ?? null)]);
}

/** @param {any} message */
function storedKey(message) {
  return JSON.stringify([message.type, ...FIELDS.map((name) => message[name] ?? null)]);
}

/** @param {any} message */
function isEdited(message) {
  return [message.mute, message.solo].some((muted) => muted && Object.keys(muted).length);
}

/**
 * @param {any} message
 * @param {string} topic
 * @returns {Answer}
 */
function refusal(message, topic) {
  return { reply: { id: message.id, type: "error", code: "not-in-report", message: leftOutWords(topic) }, buffers: [] };
}

/**
 * One map of a layer whose numbers are there.
 * @param {any} message
 * @param {any} layer
 * @param {Uint8Array[]} buffers
 * @returns {Answer}
 */
function channelOf(message, layer, buffers) {
  if (!layer.values) return refusal(message, "numbers");
  const [channels, height, width] = layer.shape;
  if (!(message.channel >= 0 && message.channel < channels)) return refusal(message, "");
  const bytes = 4 * height * width;
  const values = buffers[layer.values.buffer].subarray(bytes * message.channel, bytes * (message.channel + 1));
  const reply = { id: message.id, type: "channel", layer: layer.layer, channel: message.channel, values: { dtype: "float32", shape: [height, width], buffer: 0 }, space: layer.space, depth: layer.depth };
  return { reply, buffers: [values] };
}

/**
 * @param {any} reply
 * @param {Uint8Array[]} buffers
 * @returns {import("./residual.js").Mapped}
 */
function mappedOf(reply, buffers) {
  /** @param {string} name */
  const floats = (name) => new Float32Array(buffers[reply[name].buffer].slice().buffer);
  return {
    levels: buffers[reply.levels.buffer],
    span_low: floats("span_low"), span_high: floats("span_high"), low: floats("low"), high: floats("high"),
  };
}

/** @param {string} text */
async function unzipped(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return decodeFrame(await new Response(stream).arrayBuffer());
}

/**
 * Let references to arrays count from another buffer on.
 * @param {any} value
 * @param {number} first
 * @returns {any}
 */
function shifted(value, first) {
  if (Array.isArray(value)) return value.map((one) => shifted(one, first));
  if (value === null || typeof value !== "object") return value;
  if (typeof value.buffer === "number" && typeof value.dtype === "string") return { ...value, buffer: value.buffer + first };
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shifted(one, first)]));
}
