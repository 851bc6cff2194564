import { isFirstHead, isHead } from "./heads.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./sheet_maps.js").SheetLayer} SheetLayer */

/**
 * The largest contribution of a map before the network's last word, which is a sum of all.
 * @param {Scope} scope
 */
export function mostShare(scope) {
  let most = 0;
  for (const [name, shares] of scope.shares) {
    if (isHead(scope.network, name)) continue;
    for (const share of shares) {
      const size = Math.abs(share);
      if (size > most && size < Infinity) most = size;
    }
  }
  return most || 1;
}

/**
 * @param {Scope} scope
 * @returns {Map<string, {for: number, against: number}>}
 */
export function sumsOfShares(scope) {
  let most = 0;
  const sums = new Map();
  for (const [name, shares] of scope.shares) {
    const sum = { for: 0, against: 0 };
    for (const share of shares) {
      if (share > 0) sum.for += share;
      else if (share < 0) sum.against -= share;
    }
    if (!Number.isFinite(sum.for + sum.against)) continue;
    most = Math.max(most, sum.for + sum.against);
    sums.set(name, sum);
  }
  for (const sum of sums.values()) {
    sum.for /= most || 1;
    sum.against /= most || 1;
  }
  return sums;
}

/**
 * What the units of the network's last word say: logits where they are known.
 * @param {Scope} scope
 * @param {SheetLayer} layer
 * @returns {ArrayLike<number>}
 */
export function headValues(scope, layer) {
  const logits = scope.run?.logits;
  const first = isFirstHead(scope.network, layer.name);
  return first && logits && logits.data.length === layer.channels ? logits.data : layer.maximum;
}

/**
 * @param {Scope} scope
 * @param {SheetLayer} layer
 */
export function headOrder(scope, layer) {
  const shape = scope.maps(layer.name)?.shape ?? [0, layer.height, layer.width];
  if (shape[1] * shape[2] > 1) return null;
  const values = headValues(scope, layer);
  const shown = Array.from({ length: layer.channels }, (_, channel) => channel).sort((a, b) => values[b] - values[a] || a - b);
  return { shown, blank: /** @type {number[]} */ ([]), by: "score" };
}
