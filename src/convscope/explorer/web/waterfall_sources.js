import { button, el } from "./dom.js";
import { originOf } from "./origin.js";
import { pagePlace, placeWords } from "./places.js";
import { showSlice } from "./slices.js";

/** @typedef {import("./arithmetic.js").Account} Account */

/**
 * The name of what a product is from, a click away from its map.
 * @param {import("./scope.js").Scope} scope
 * @param {Account} account
 * @param {number} place
 */
export function sourceLabel(scope, account, place) {
  const name = account.sources[account.source(place)] ?? "";
  const from = account.from(place);
  const known = scope.layers.get(name);
  const origin = account.style === "products" ? originOf(scope, name, from) : null;
  if (origin) {
    const words = `channel ${origin.channel} of ${origin.layer} at ${placeWords(origin.place)}`;
    return button(`${origin.channel} at ${origin.place.join(",")}`, () => scope.pin(origin.layer, origin.channel, origin.unit), { class: "cs-follow", title: words, "aria-label": `follow ${words}` });
  }
  if (!known) return el("span", { class: "cs-origin", title: name }, inputName(scope, from));
  const merged = account.style !== "products";
  const middle = account.winner ?? account.positions.map((along) => along[Math.floor((along.length - 1) / 2)]);
  const maps = scope.maps(name);
  const unit = maps && middle.length === maps.space.length && middle.every((at, axis) => at >= 0 && at < maps.space[axis]) ? pagePlace(middle, maps.space) : null;
  return button(merged ? `${name} ${from}` : String(from), () => {
    scope.pin(name, from, account.style === "terms" ? scope.state.unit ?? unit : unit);
    if (unit && maps?.depth) showSlice(scope, middle[0], maps.depth.slices);
  }, { class: "cs-follow", title: `channel ${from} of ${name}`, "aria-label": `follow channel ${from} of ${name}` });
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {number} channel
 */
export function inputName(scope, channel) {
  return scope.network.colours === 3 && channel < 3 ? ["red", "green", "blue"][channel] : scope.network.colours === 1 ? "image" : `input ${channel}`;
}
