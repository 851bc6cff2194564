import { isHead } from "./heads.js";

/** @typedef {import("./types.js").NetworkInfo} NetworkInfo */
/** @typedef {{name: string, first: number, last: number}} Block */

/**
 * What the sheet shows as one group: the input, a layer, or a block that is folded.
 * @typedef {object} Item
 * @property {string} kind input, maps, vector or block
 * @property {string} name
 * @property {number} first index of its first layer, -1 for the input
 * @property {number} last
 * @property {number} count maps, units of a vector, or layers of a block
 * @property {number} proportion height of a map over its width
 * @property {boolean} head whether it is what the network says
 */

/**
 * List the groups of a sheet in the order of execution.
 * @param {NetworkInfo} network
 * @param {string[]} folded names of blocks
 * @param {(name: string) => number[] | null} shapeOf what is known of a layer that the network does not say
 * @param {number | null} proportion of the input, height over width; null where it is no picture
 * @returns {Item[]}
 */
export function itemsOf(network, folded, shapeOf, proportion) {
  /** @type {Item[]} */
  const items = [{ kind: "input", name: "input", first: -1, last: -1, count: proportion ? 1 : 0, proportion: proportion ?? 1, head: false }];
  let until = -1;
  for (const layer of network.layers) {
    if (layer.index <= until) continue;
    const block = network.blocks.find((one) => one.first === layer.index && folded.includes(one.name));
    if (block) {
      until = block.last;
      items.push({ kind: "block", name: block.name, first: block.first, last: block.last, count: block.last - block.first + 1, proportion: 1, head: false });
      continue;
    }
    const known = shapeOf(layer.name);
    const [count, height, width] = [0, 1, 2].map((axis) => known?.[axis] ?? layer.shape[axis] ?? 1);
    const head = isHead(network, layer.name);
    items.push({ kind: height * width === 1 ? "vector" : "maps", name: layer.name, first: layer.index, last: layer.index, count, proportion: height / width, head });
  }
  return items;
}

/**
 * The edges between groups, as places in their order.
 * @param {Item[]} items
 * @param {[number, number][]} edges between layers by index, -1 for the input
 * @returns {[number, number][]}
 */
export function edgesBetween(items, edges) {
  /** @type {Map<number, number>} */
  const places = new Map();
  items.forEach((item, place) => {
    for (let index = item.first; index <= item.last; index++) places.set(index, place);
  });
  const seen = new Set();
  /** @type {[number, number][]} */
  const found = [];
  for (const [from, to] of edges) {
    const pair = [places.get(from) ?? -1, places.get(to) ?? -1];
    if (pair[0] < 0 || pair[1] < 0 || pair[0] === pair[1] || seen.has(String(pair))) continue;
    seen.add(String(pair));
    found.push([pair[0], pair[1]]);
  }
  return found;
}

/**
 * Blocks that are open, and which groups they hold.
 * @typedef {{block: Block, from: number, to: number, depth: number}} OpenBlock
 */

/**
 * List the blocks that are not folded away, the outer before the inner.
 * @param {Item[]} items
 * @param {Block[]} blocks sorted, nested ones after those that hold them
 * @returns {OpenBlock[]}
 */
export function openBlocks(items, blocks) {
  /** @type {OpenBlock[]} */
  const open = [];
  for (const block of blocks) {
    const from = items.findIndex((item) => item.first >= block.first);
    const after = items.findIndex((item) => item.last > block.last);
    const to = (after < 0 ? items.length : after) - 1;
    const whole = items[from]?.first === block.first && items[to]?.last === block.last;
    if (!whole || (from === to && items[from].kind === "block")) continue;
    const depth = open.filter((other) => other.block.first <= block.first && block.last <= other.block.last).length;
    open.push({ block, from, to, depth });
  }
  return open;
}
