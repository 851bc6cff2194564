/** @typedef {import("./types.js").State} State */

/** @type {Readonly<State>} */
export const INITIAL = Object.freeze({
  mode: "sheet",
  network: 0,
  image: 0,
  layer: "",
  channel: -1,
  unit: null,
  target: null,
  colormap: "auto",
  scale: "channel",
  sort: "contribution",
  tile: 64,
  mute: {},
  solo: {},
  method: "",
  opacity: 0.6,
  theme: "auto",
  compare: "",
  other: -1,
  view: "",
  look: "values",
  folded: [],
  table: false,
  strip: "",
  flat: "slice",
  slice: 0.5,
  signal: "auto",
  first: -1,
  filter: "",
  surveyed: -1,
  frame: -1,
  training: false,
  lesson: "",
});

/**
 * Find what of a state would be another.
 * @param {State} state
 * @param {Partial<State>} patch
 * @returns {Set<string>}
 */
export function changedKeys(state, patch) {
  const keys = /** @type {(keyof State)[]} */ (Object.keys(patch));
  return new Set(keys.filter((key) => JSON.stringify(patch[key]) !== JSON.stringify(state[key])));
}

// Under which letters the address keeps what.
const LETTERS = /** @type {[keyof State, string][]} */ ([
  ["mode", "m"], ["network", "n"], ["image", "i"], ["layer", "l"], ["channel", "c"], ["unit", "yx"],
  ["target", "t"], ["colormap", "cm"], ["scale", "scale"], ["sort", "sort"], ["tile", "tile"],
  ["mute", "mute"], ["solo", "solo"], ["method", "heat"], ["opacity", "op"], ["theme", "theme"],
  ["compare", "cmp"], ["other", "with"], ["view", "view"], ["folded", "fold"], ["look", "look"],
  ["table", "table"], ["strip", "strip"],
  ["flat", "flat"], ["slice", "z"], ["signal", "sig"],
  ["first", "of"], ["filter", "show"], ["surveyed", "sv"],
  ["frame", "f"], ["training", "tr"],
  ["lesson", "lesson"],
]);

/**
 * Write a state as the part of an address behind its hash; what is as at first is left out.
 * @param {State} state
 */
export function toHash(state) {
  const parts = [];
  for (const [key, letter] of LETTERS) {
    const value = written(state[key]);
    if (value !== written(INITIAL[key])) parts.push(`${letter}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/")}`);
  }
  return parts.join("&");
}

/**
 * Read a state from an address; what cannot be read is as at first.
 * @param {string} hash
 * @returns {State}
 */
export function fromHash(hash) {
  const given = new Map(hash.replace(/^#/, "").split("&").map((part) => {
    const [letter, ...rest] = part.split("=");
    return [letter, decoded(rest.join("="))];
  }));
  /** @type {any} */
  const state = { ...INITIAL };
  for (const [key, letter] of LETTERS) {
    const text = given.get(letter);
    if (text === undefined) continue;
    const value = read(key, text);
    if (value !== undefined) state[key] = value;
  }
  return state;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** @param {State[keyof State]} value */
function written(value) {
  if (value === null) return "";
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object") {
    return Object.entries(value).map(([layer, channels]) => `${layer}:${channels.join(",")}`).join(";");
  }
  return String(value);
}

/**
 * @param {keyof State} key
 * @param {string} text
 * @returns {any} undefined where it cannot be read
 */
function read(key, text) {
  switch (key) {
    case "network": case "image": case "channel": case "tile": case "opacity": case "other": case "slice": case "first": case "surveyed": case "frame": {
      const number = Number(text);
      if (key === "slice" && !(number >= 0 && number <= 1)) return undefined;
      if ((key === "first" || key === "surveyed" || key === "frame") && !Number.isInteger(number)) return undefined;
      return text !== "" && Number.isFinite(number) ? number : undefined;
    }
    case "unit": case "target": {
      const numbers = text.split(",").map(Number);
      if (text === "" || numbers.some((number) => !Number.isInteger(number) || number < 0) || numbers.length > 2) return undefined;
      if (key === "target" && numbers.length === 1) return numbers[0];
      return numbers.length === 2 ? numbers : undefined;
    }
    case "mute": case "solo": return readMuted(text);
    case "flat": return text === "maximum" ? text : undefined;
    case "signal": return ["lines", "strip"].includes(text) ? text : undefined;
    case "filter": return /^(dead|silent|class:\d+)$/.test(text) ? text : undefined;
    case "table": case "training": return text === "true";
    case "folded": return text.split(",");
    default: return text;
  }
}

/** @param {string} text */
function readMuted(text) {
  /** @type {Object<string, number[]>} */
  const muted = {};
  for (const part of text.split(";")) {
    const place = part.lastIndexOf(":");
    const channels = part.slice(place + 1).split(",").map(Number);
    if (place > 0 && channels.every((one) => Number.isInteger(one) && one >= 0)) muted[part.slice(0, place)] = channels;
  }
  return muted;
}
