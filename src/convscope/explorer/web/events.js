/** What tells those that listen. */
export class Events {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.listeners = new Map();
  }

  /**
   * Be told.
   * @param {string} event
   * @param {(detail: any) => void} listener
   * @returns {() => void} what ends it
   */
  on(event, listener) {
    const all = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, all.add(listener));
    return () => all.delete(listener);
  }

  /**
   * @param {string} event
   * @param {any} [detail]
   */
  emit(event, detail) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(detail);
  }
}
