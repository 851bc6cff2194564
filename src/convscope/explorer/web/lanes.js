/**
 * An edge that jumps over groups: where it leaves the main line, where it comes back (several times
 * when several groups read the same maps), and in which lane it runs.
 * @typedef {{from: number, to: number[], lane: number}} Jump
 */

/**
 * Edges as a log of commits draws them: `main[k]` says whether group k + 1 reads group k.
 * @typedef {{main: boolean[], jumps: Jump[], lanes: number}} Lanes
 */

/**
 * Give every edge that jumps a lane of its own while it runs; a lane is used again when it is free.
 * @param {[number, number][]} edges from and to, as places in the order of the groups
 * @param {number} count of groups
 * @returns {Lanes}
 */
export function lanesOf(edges, count) {
  const main = new Array(Math.max(0, count - 1)).fill(false);
  /** @type {Map<number, Set<number>>} */
  const targets = new Map();
  for (const [from, to] of edges) {
    if (to <= from) continue;
    if (to === from + 1) main[from] = true;
    else targets.set(from, (targets.get(from) ?? new Set()).add(to));
  }
  /** @type {number[]} where the edge in each lane ends */
  const ends = [];
  const jumps = [...targets].sort((a, b) => a[0] - b[0]).map(([from, set]) => {
    const to = [...set].sort((a, b) => a - b);
    const free = ends.findIndex((end) => end <= from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = to[to.length - 1];
    return { from, to, lane };
  });
  return { main, jumps, lanes: ends.length };
}

/**
 * How many lanes are used between two groups, both included.
 * @param {Lanes} lanes
 * @param {number} first
 * @param {number} last
 */
export function lanesWithin(lanes, first, last) {
  let most = 0;
  for (const { from, to, lane } of lanes.jumps) {
    if (from <= last && to[to.length - 1] >= first) most = Math.max(most, lane + 1);
  }
  return most;
}
