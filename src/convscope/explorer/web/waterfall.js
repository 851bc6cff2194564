import { el, figure, fill } from "./dom.js";
import { trueWords } from "./places.js";
import { accountRows } from "./waterfall_rows.js";

/** @typedef {import("./arithmetic.js").Account} Account */

/**
 * What is known of the unit that is looked at.
 * @typedef {object} Known
 * @property {string} layer
 * @property {number} channel
 * @property {number[]} place true position
 * @property {boolean} pinned
 * @property {number} recorded the framework's value
 * @property {number} near the same as far as its level tells it
 * @property {Account | null} account
 * @property {any} told what Python says of it, or null
 * @property {string} why there is no account
 * @property {boolean} muted
 */

/**
 * Where the value of a unit comes from, as a sum that adds up.
 * @param {import("./scope.js").Scope} scope
 */
export function waterfallPanel(scope) {
  const title = el("h3", { class: "cs-caption" });
  const body = el("div", { class: "cs-waterfall" });
  const node = el("section", { "aria-label": "arithmetic of a unit" }, title, body);

  let drawn = "";

  /** @param {Known} known */
  const show = (known) => {
    // A link that is made anew while it is pressed hears no click.
    const key = keyOfKnown(scope, known);
    if (key === drawn) return;
    drawn = key;
    const where = known.place.length ? `Unit ${trueWords(scope, known.layer, known.place)}` : "Unit";
    const near = Number.isNaN(known.recorded) && !Number.isNaN(known.near);
    fill(title, `${where} ${near ? "≈" : "="} `, el("b", { class: "cs-value" }, near ? figure(known.near, 2) : figure(known.recorded, 4)), known.pinned && known.place.length ? el("small", {}, "pinned") : null);
    if (!known.account) {
      fill(body, el("p", { class: "cs-soft" }, known.why));
      return;
    }
    fill(body, ...accountRows(scope, known, known.account));
    spread(body);
  };

  return {
    node,
    /** @param {Known | null} known @param {string} [hint] */
    show(known, hint = "") {
      if (known) {
        show(known);
        return;
      }
      drawn = "";
      title.textContent = "Unit";
      fill(body, el("p", { class: "cs-soft" }, hint));
    },
  };
}

/**
 * What the rows of a unit depend on.
 * @param {import("./scope.js").Scope} scope
 * @param {Known} known
 */
function keyOfKnown(scope, { account, told, ...known }) {
  // Where a flattened value was before is read from the layer before that.
  const held = account?.sources.flatMap((name) => [name, ...(scope.layers.get(name)?.inputs ?? [])]).map((name) => scope.maps(name) !== null);
  return JSON.stringify([scope.run?.run, known, told !== null, account?.sum, account?.value, held, scope.state.colormap, scope.dark]);
}

/**
 * Give every bar its place: each begins where the one before it ends, the total at zero.
 * @param {HTMLElement} body
 */
function spread(body) {
  const rows = /** @type {HTMLElement[]} */ ([...body.querySelectorAll("[data-amount]")]);
  let running = 0;
  const spans = rows.map((row) => {
    const amount = Number(row.dataset.amount);
    if (row.classList.contains("cs-total")) return [0, amount];
    running += amount;
    return [running - amount, running];
  });
  const low = Math.min(0, ...spans.flat());
  const wide = Math.max(0, ...spans.flat()) - low || 1;
  rows.forEach((row, at) => {
    const track = /** @type {HTMLElement} */ (row.querySelector(".cs-track"));
    const bar = /** @type {HTMLElement} */ (track.firstElementChild);
    const [from, to] = spans[at];
    track.style.setProperty("--cs-zero", `${((0 - low) / wide) * 100}%`);
    bar.style.left = `${((Math.min(from, to) - low) / wide) * 100}%`;
    bar.style.width = `${(Math.abs(to - from) / wide) * 100}%`;
    bar.className = to >= from ? "cs-rise" : "cs-fall";
  });
}
