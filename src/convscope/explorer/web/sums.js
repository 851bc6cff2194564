/** @typedef {import("./arithmetic.js").Account} Account */

/**
 * The products that weigh most, and what the others come to.
 * @param {Account} account
 * @param {number} count
 * @returns {{strongest: number[], others: number, rest: number}} places of the strongest; how many others; their sum
 */
export function strongestOf(account, count) {
  const { products } = account;
  /** @type {number[]} */
  const strongest = [];
  for (let place = 0; place < products.length; place++) {
    const size = Math.abs(products[place]);
    if (Number.isNaN(size)) continue;
    let at = strongest.length;
    while (at > 0 && size > Math.abs(products[strongest[at - 1]])) at--;
    if (at < count) strongest.splice(at, 0, place);
    if (strongest.length > count) strongest.pop();
  }
  const chosen = new Set(strongest);
  let others = account.unlisted?.count ?? 0;
  let rest = account.unlisted?.sum ?? 0;
  for (let place = 0; place < products.length; place++) {
    if (chosen.has(place) || Number.isNaN(products[place])) continue;
    others++;
    rest += products[place];
  }
  return { strongest, others, rest };
}

/**
 * Round numbers so that what is written adds up to the rounded sum: each is off by less than one
 * of its last digits, and those are moved that lose least.
 * @param {number[]} terms
 * @param {number} total
 * @param {number} decimals
 * @returns {{terms: number[], total: number}}
 */
export function roundedToSum(terms, total, decimals) {
  const unit = 10 ** decimals;
  const exact = terms.map((term) => term * unit);
  const whole = exact.map(Math.round);
  const wanted = Math.round(total * unit);
  if (!Number.isSafeInteger(wanted) || !whole.every(Number.isSafeInteger)) return { terms, total };
  let missing = wanted - whole.reduce((sum, one) => sum + one, 0);
  const step = Math.sign(missing);
  const order = exact.map((_, place) => place).filter((place) => exact[place] !== 0);
  order.sort((a, b) => step * (exact[b] - whole[b] - (exact[a] - whole[a])));
  for (const place of order) {
    if (!missing) break;
    whole[place] += step;
    missing -= step;
  }
  return { terms: whole.map((one) => one / unit), total: wanted / unit };
}
