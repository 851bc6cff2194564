
/** @typedef {import("./arithmetic.js").Recipe} Recipe */

// Answers of one kind that the panel keeps.
const ANSWERS_KEPT = 64;
// What does not depend on the image, or names it: it belongs to the network, not to a run.
const OF_NETWORK = ["weights", "film_channel"];
const UNKNOWN = Object.freeze({ layer: "", channel: 0, understood: false, reason: "", sources: [], operation: "", geometry: null, activation: { name: "linear", parameters: {} } });

/** What the panel asked, so that nothing is asked twice. */
export class Asked {
  /**
   * @param {import("./scope.js").Scope} scope
   * @param {() => void} arrived called when an answer came
   */
  constructor(scope, arrived) {
    this.scope = scope;
    this.arrived = arrived;
    /** @type {Map<string, any>} */
    this.replies = new Map();
    /** @type {Set<string>} */
    this.waiting = new Set();
  }

  forget() {
    this.replies.clear();
  }

  /**
   * @param {string} type
   * @param {any} question
   */
  keyOf(type, question) {
    return `${type} ${OF_NETWORK.includes(type) ? this.scope.state.network : this.scope.run?.run} ${JSON.stringify(question)}`;
  }

  /**
   * An answer that is there, without asking.
   * @param {string} type
   * @param {any} question
   */
  known(type, question) {
    return this.replies.get(this.keyOf(type, question)) ?? null;
  }

  /**
   * An answer that is there; where it is not, ask, of each kind for the newest alone.
   * @param {string} type
   * @param {any} question
   * @returns {any | null}
   */
  find(type, question) {
    const key = this.keyOf(type, question);
    const found = this.replies.get(key);
    if (found) return found;
    if (!this.scope.run || this.waiting.has(key)) return null;
    this.waiting.add(key);
    const message = { type, run: OF_NETWORK.includes(type) ? undefined : this.scope.run.run, ...question };
    this.scope.client.latest(`channel ${type}`, message).then((reply) => {
      this.waiting.delete(key);
      if (!reply) return;
      this.enter(type, key, reply);
      this.arrived();
    }, async (problem) => {
      this.waiting.delete(key);
      if (await this.scope.renew(problem)) return;
      this.enter(type, key, { problem: problem instanceof Error ? problem.message : String(problem) });
      this.arrived();
    }).catch((problem) => this.scope.fail(problem));
    return null;
  }

  /**
   * @param {string} type
   * @param {string} key
   * @param {any} reply
   */
  enter(type, key, reply) {
    this.replies.set(key, reply);
    const same = [...this.replies.keys()].filter((one) => one.startsWith(`${type} `));
    for (const old of same.slice(0, Math.max(0, same.length - ANSWERS_KEPT))) this.replies.delete(old);
  }

  /**
   * How a layer makes one channel.
   * @param {string} layer
   * @param {number} channel
   * @returns {Recipe | null}
   */
  recipe(layer, channel) {
    const reply = this.find("weights", { layer, channel, network: this.scope.state.network });
    if (!reply) return null;
    if (!reply.understood && !reply.problem) return { ...UNKNOWN, ...reply };
    if (reply.problem) return { ...UNKNOWN, layer, channel, reason: reply.problem };
    return reply;
  }
}
