/** What is done once nothing has asked for it for a while. */
export class Later {
  /** @param {AbortSignal} signal after which nothing is done any more */
  constructor(signal) {
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
    signal.addEventListener("abort", () => this.timers.forEach((timer) => clearTimeout(timer)));
  }

  /**
   * @param {string} what
   * @param {number} delay in milliseconds
   * @param {() => void} act
   */
  after(what, delay, act) {
    this.cancel(what);
    this.timers.set(what, setTimeout(act, delay));
  }

  /** @param {string} what */
  cancel(what) {
    clearTimeout(this.timers.get(what));
  }
}
