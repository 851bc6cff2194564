import { figure } from "./dom.js";
import { powerFor } from "./numbers.js";
import { roundedToSum } from "./sums.js";

/**
 * Numbers that are written below each other: in units of one power of ten, with one number of
 * decimals, so that what is written adds up to the total that is written.
 * @param {number[]} terms
 * @param {number} total
 * @param {boolean} [adds]
 * @returns {{terms: string[], total: string, power: number}}
 */
export function columnOf(terms, total, adds = true) {
  const most = [...terms, total].reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  if (!Number.isFinite(most)) return { terms: terms.map((one) => figure(one)), total: figure(total), power: 0 };
  const power = powerFor(0, most);
  const unit = 10 ** power;
  const decimals = most === 0 ? 1 : Math.max(0, 3 - Math.floor(Math.log10(most / unit) + 1e-12));
  const scaled = terms.map((one) => one / unit);
  const rounded = adds ? roundedToSum(scaled, total / unit, decimals) : { terms: scaled, total: total / unit };
  /** @param {number} value */
  const written = (value) => (value < 0 ? "" : "+") + value.toFixed(decimals);
  return { terms: rounded.terms.map(written), total: written(rounded.total), power };
}
