/** @type {Object<string, (x: number, given: Object<string, any>) => number>} */
const ACTIVATORS = {
  linear: (x) => x,
  relu: (x, { negative_slope = 0, max_value = null, threshold = 0 }) => {
    const value = x >= threshold ? x : negative_slope * (x - threshold) + 0;
    return max_value === null ? value : Math.min(value, max_value);
  },
  relu6: (x) => clipped(x, 0, 6),
  leaky_relu: (x, { negative_slope = 0.2 }) => (x >= 0 ? x : negative_slope * x),
  elu: (x, { alpha = 1 }) => bent(x, alpha),
  selu: (x) => 1.0507009873554805 * bent(x, 1.6732632423543772),
  celu: (x, { alpha = 1 }) => Math.max(x, 0) + alpha * Math.expm1(Math.min(x, 0) / alpha),
  gelu: (x, { approximate = false }) => (approximate
    ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
    : 0.5 * x * (1 + erf(x / Math.SQRT2))),
  silu: (x) => x * logistic(x),
  mish: (x) => x * Math.tanh(softPlus(x)),
  sigmoid: (x) => logistic(x),
  hard_sigmoid: (x) => clipped(x / 6 + 0.5, 0, 1),
  log_sigmoid: (x) => -softPlus(-x),
  sparse_sigmoid: (x) => clipped(0.5 * (x + 1), 0, 1),
  hard_silu: (x) => x * clipped(x / 6 + 0.5, 0, 1),
  tanh: (x) => Math.tanh(x),
  hard_tanh: (x) => clipped(x, -1, 1),
  tanh_shrink: (x) => x - Math.tanh(x),
  soft_shrink: (x, { threshold = 0.5 }) => Math.sign(x) * Math.max(Math.abs(x) - threshold, 0),
  hard_shrink: (x, { threshold = 0.5 }) => (Math.abs(x) > threshold ? x : 0),
  softplus: (x) => softPlus(x),
  sparse_plus: (x) => (x <= -1 ? 0 : x < 1 ? 0.25 * (x + 1) ** 2 : x),
  squareplus: (x, { b = 4 }) => (x + Math.sqrt(x * x + b)) / 2,
  softsign: (x) => x / (1 + Math.abs(x)),
  exponential: (x) => Math.exp(x),
};

/**
 * Apply an activation function of one unit.
 * @param {string} name
 * @param {Object<string, any>} parameters
 * @param {number} x
 * @returns {number | null} null where the function is not one of these
 */
export function activate(name, parameters, x) {
  const made = ACTIVATORS[name];
  return made ? made(x, parameters ?? {}) : null;
}

/**
 * Find how much a function spreads an error: to what the error of its value is relative.
 * @param {string} name
 * @param {Object<string, any>} parameters
 * @param {number} sum
 * @param {number} scale of the sum
 * @param {number} tolerance how far off the sum may be, relative to its scale
 * @returns {number}
 */
export function spreadOf(name, parameters, sum, scale, tolerance) {
  if (name === "linear") return scale;
  const value = activate(name, parameters, sum) ?? sum;
  const aside = tolerance * scale;
  const above = Math.abs((activate(name, parameters, sum + aside) ?? sum) - value);
  const below = Math.abs((activate(name, parameters, sum - aside) ?? sum) - value);
  return Math.max(above, below) / tolerance + Math.abs(value) + Math.abs(sum) * 2 ** -10;
}

/** @param {number} x @param {number} low @param {number} high */
function clipped(x, low, high) {
  return Number.isNaN(x) ? x : Math.max(low, Math.min(high, x));
}

/** @param {number} x @param {number} alpha */
function bent(x, alpha) {
  return x > 0 ? x : alpha * Math.expm1(x);
}

/** @param {number} x */
function logistic(x) {
  const small = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 : small) / (1 + small);
}

/** @param {number} x */
function softPlus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * The error function: its series near zero, the continued fraction of its complement beyond
 * (Abramowitz and Stegun, 7.1.6 and 7.1.14).
 * @param {number} x
 * @returns {number}
 */
function erf(x) {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let term = x;
    let sum = x;
    for (let at = 1; Math.abs(term) > 1e-17 * Math.abs(sum); at++) {
      term *= (2 * x * x) / (2 * at + 1);
      sum += term;
    }
    return ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)) * sum;
  }
  let below = 0;
  for (let at = 60; at > 0; at--) below = (at / 2) / (size + below);
  return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (size + below)));
}
