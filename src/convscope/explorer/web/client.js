import { withArrays } from "./frames.js";

/** An answer that says no; its message is meant for the person. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Asks the session, and forgets what nobody waits for any more. */
export class Client {
  /** @param {import("./hosts.js").Host} host */
  constructor(host) {
    this.host = host;
    this.next = 1;
    /** @type {Map<string, {running: boolean, pending: {message: any, buffers: Uint8Array[], settle: (reply: any) => void, fail: (reason: any) => void} | null}>} */
    this.kinds = new Map();
  }

  /**
   * Ask once.
   * @param {any} message
   * @param {Uint8Array[]} [buffers]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>} the reply, with its arrays in place
   */
  async ask(message, buffers = [], signal) {
    const { reply, buffers: found } = await this.host.answer({ id: this.next++, ...message }, buffers, signal);
    if (reply.type === "error") throw new Refusal(reply.code, reply.message);
    return withArrays(reply, found);
  }

  /**
   * Ask for the newest of a kind alone: one is under way, one waits, older ones that wait are
   * given up and give null.
   * @param {string} kind
   * @param {any} message
   * @param {Uint8Array[]} [buffers]
   * @returns {Promise<any | null>}
   */
  latest(kind, message, buffers = []) {
    const lane = this.kinds.get(kind) ?? { running: false, pending: null };
    this.kinds.set(kind, lane);
    return new Promise((settle, fail) => {
      lane.pending?.settle(null);
      lane.pending = { message, buffers, settle, fail };
      if (!lane.running) this.advance(lane);
    });
  }

  /** @param {{running: boolean, pending: {message: any, buffers: Uint8Array[], settle: (reply: any) => void, fail: (reason: any) => void} | null}} lane */
  async advance(lane) {
    lane.running = true;
    while (lane.pending) {
      const { message, buffers, settle, fail } = lane.pending;
      lane.pending = null;
      try {
        settle(await this.ask(message, buffers));
      } catch (problem) {
        fail(problem);
      }
    }
    lane.running = false;
  }
}
