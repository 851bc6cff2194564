/** Things that are made once, until they are forgotten. @extends {Map<string, any>} */
export class Made extends Map {
  /**
   * @template T
   * @param {string} key
   * @param {() => T} make
   * @returns {T}
   */
  once(key, make) {
    if (!this.has(key)) this.set(key, make());
    return this.get(key);
  }

  /** @param {(key: string) => boolean} stale which are forgotten */
  drop(stale) {
    for (const key of [...this.keys()]) if (stale(key)) this.delete(key);
  }
}
