// Bytes of maps that the page keeps.
const KEPT = 256 * 2 ** 20;

/** @typedef {import("./types.js").LayerReply & {scale: string, run: string}} Kept */

/** The maps that the page holds, of this run and of those before. */
export class KeptMaps {
  constructor() {
    /** @type {Map<string, Kept>} the longest ago first */
    this.replies = new Map();
  }

  /**
   * @param {string} run
   * @param {string} layer
   * @returns {Kept | null}
   */
  of(run, layer) {
    return this.replies.get(`${run} ${layer}`) ?? null;
  }

  /** @param {string | undefined} run */
  all(run) {
    return [...this.replies.values()].filter((one) => one.run === run);
  }

  /** @param {Kept} reply */
  keep(reply) {
    const key = `${reply.run} ${reply.layer}`;
    this.replies.delete(key);
    this.replies.set(key, reply);
  }

  /**
   * Forget the maps that were looked at longest ago, as far as there is no room for them.
   * @param {string} run whose maps stay
   */
  forget(run) {
    let bytes = [...this.replies.values()].reduce((sum, one) => sum + sizeOf(one), 0);
    for (const [key, one] of this.replies) {
      if (bytes <= KEPT) break;
      if (one.run === run) continue;
      bytes -= sizeOf(one);
      this.replies.delete(key);
    }
  }

  clear() {
    this.replies.clear();
  }
}

/** @param {Kept} layer */
function sizeOf(layer) {
  return (layer.values?.data.byteLength ?? 0) + (layer.levels?.data.byteLength ?? 0);
}
