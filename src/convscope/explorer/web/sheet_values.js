/** @typedef {import("./scope.js").Scope} Scope */

// How many maps and how many explanations are kept.
const MOST_KEPT = 160;

/** Exact numbers of single maps, and where single units come from: asked for when they come into view. */
export class SheetValues {
  /**
   * @param {Scope} scope
   * @param {() => void} arrived
   */
  constructor(scope, arrived) {
    this.scope = scope;
    this.arrived = arrived;
    /** @type {Map<string, any>} */
    this.found = new Map();
    /** @type {Map<string, any>} questions of the present frame, the most visible first */
    this.wanted = new Map();
    this.asking = false;
  }

  /** A frame begins: what it does not want is not asked for any more. */
  begin() {
    this.wanted.clear();
  }

  /**
   * The exact values of a map; null until they are there.
   * @param {string} name
   * @param {number} channel
   * @returns {Float32Array | null}
   */
  map(name, channel) {
    const maps = this.scope.maps(name);
    if (maps?.values) {
      const size = maps.shape[1] * maps.shape[2];
      return /** @type {Float32Array} */ (maps.values.data.subarray(channel * size, (channel + 1) * size));
    }
    return this.of(`map ${name} ${channel}`, { type: "channel", layer: name, channel })?.values?.data ?? null;
  }

  /**
   * Where a unit comes from; null until it is known, `{refused}` where nobody knows.
   * @param {string} name
   * @param {number} channel
   * @param {[number, number]} unit
   * @returns {any}
   */
  unit(name, channel, unit) {
    return this.of(`unit ${name} ${channel} ${unit}`, { type: "unit", layer: name, channel, unit });
  }

  /**
   * @param {string} what
   * @param {any} question
   */
  of(what, question) {
    const key = `${this.scope.run?.run} ${what}`;
    const known = this.found.get(key);
    if (known === undefined && this.scope.run) this.wanted.set(key, question);
    return known ?? null;
  }

  /** Ask for what the last frame wanted, one after the other. */
  async pump() {
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.wanted.size && this.scope.run && !this.scope.signal.aborted) {
        const [[key, question]] = this.wanted;
        this.wanted.delete(key);
        await this.ask(key, question);
        this.arrived();
      }
    } finally {
      this.asking = false;
    }
  }

  /**
   * @param {string} key
   * @param {any} question
   */
  async ask(key, question) {
    let reply;
    try {
      reply = await this.scope.client.ask({ ...question, run: this.scope.run?.run });
    } catch (problem) {
      if (await this.scope.renew(problem)) return;
      reply = { refused: problem instanceof Error ? problem.message : String(problem) };
    }
    this.found.set(key, reply);
    for (const old of this.found.keys()) {
      if (this.found.size <= MOST_KEPT) break;
      this.found.delete(old);
    }
  }
}
