import { isBlankWord } from "./blanks.js";

// Channels that are muted between two reports of progress.
const PIECE = 32;

/** What the maps of a layer are sorted by. */
export class Ranking {
  /** @param {import("./scope.js").Scope} scope */
  constructor(scope) {
    this.scope = scope;
    // The shares of the image before, until those of this one are known: tiles do not jump about.
    /** @type {Map<string, Float32Array>} */
    this.ranks = new Map();
    /** @type {Map<string, Float32Array>} */
    this.costs = new Map();
    // The layer whose channels are being muted, and on which run.
    /** @type {{run: import("./types.js").RunInfo, name: string} | null} */
    this.muting = null;
  }

  /**
   * The channels of a layer in the chosen order, those that show something before the blank ones.
   * @param {import("./types.js").LayerReply} layer
   * @returns {{shown: number[], blank: number[], by: string}}
   */
  order(layer) {
    const all = Array.from({ length: layer.shape[0] }, (_, channel) => channel);
    const { sort } = this.scope.state;
    const key = this.keyOf(layer);
    const signless = ["contribution", "ablation", "selectivity"].includes(sort);
    if (key) all.sort((a, b) => (signless ? shareSize(key[b]) - shareSize(key[a]) : key[b] - key[a]) || a - b);
    const only = this.scope.state.mode === "layer" ? this.scope.surveys.filterOf(layer, this.scope.state.filter) : null;
    if (only) return { shown: all.filter(only), blank: [], by: key ? sort : "index" };
    const { words } = this.scope.network;
    /** @param {number} channel */
    const isBlank = (channel) => isBlankWord(words[layer.codes.data[channel]]);
    return { shown: all.filter((channel) => !isBlank(channel)), blank: all.filter(isBlank), by: key ? sort : "index" };
  }

  /** @param {import("./types.js").LayerReply} layer */
  keyOf(layer) {
    switch (this.scope.state.sort) {
      case "contribution": return this.ranks.get(layer.layer);
      case "ablation": return this.costs.get(layer.layer);
      case "selectivity": return this.scope.surveys.selectivity(layer.layer)?.dprime?.data;
      case "mean": return layer.mean.data;
      case "maximum": return layer.maximum.data;
      case "active": return layer.positive.data;
      default: return undefined;
    }
  }

  /**
   * Mute every channel of a layer by itself, piece by piece, and tell the progress; where that was
   * done on this run, or is being done, nothing.
   * @param {string} name
   */
  async ablate(name) {
    const { scope } = this;
    const { run, state } = scope;
    const { target } = state;
    const count = scope.layers.get(name)?.shape[0];
    if (!run || !count || this.costs.has(name) || (this.muting?.run === run && this.muting.name === name)) return;
    const why = scope.unavailable("ablation");
    if (why) {
      scope.fail(why);
      return;
    }
    const own = { run, name };
    this.muting = own;
    const costs = new Float32Array(count);
    try {
      for (let start = 0; start < count; start += PIECE) {
        const stop = Math.min(start + PIECE, count);
        scope.emit("status", `muting channel ${start} of ${count} …`);
        const reply = await scope.client.ask({ type: "ablation", run: run.run, layer: name, target, start, stop });
        if (this.muting !== own || scope.run !== run || state.target !== target || state.layer !== name || state.sort !== "ablation") return;
        costs.set(reply.costs.data, start);
      }
    } finally {
      if (this.muting === own) {
        this.muting = null;
        scope.emit("status", "");
      }
    }
    this.costs.set(name, costs);
    scope.emit("costs", name);
  }
}

/**
 * How large a share is, whatever its sign; what is not known comes last.
 * @param {number} value
 */
function shareSize(value) {
  return Number.isNaN(value) ? -1 : Math.min(Math.abs(value), Number.MAX_VALUE);
}
