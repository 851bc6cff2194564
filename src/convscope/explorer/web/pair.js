import { endsBar } from "./bar.js";
import { el, figure, signedFigure } from "./dom.js";
import { largestSize } from "./levels.js";
import { fittedPlane, planeEnds, planeView, valueAt } from "./plane.js";

/** @typedef {import("./comparison.js").Comparison} Comparison */
/** @typedef {import("./comparison.js").Pair} Pair */
/** @typedef {import("./scope.js").Scope} Scope */

const LARGE = 150;
const SEVERAL = 104;

/**
 * What the colours of a pair stand for: the same for A and B, and as strong for their difference.
 * @param {Scope} scope
 * @param {Pair} pair
 */
export function pairEnds(scope, pair) {
  const maps = planeEnds([pair.a, pair.b]);
  const apart = pair.difference ? planeEnds([pair.difference]) : { low: 0, high: 0 };
  const most = Math.max(Math.abs(maps.low), Math.abs(maps.high), -apart.low, apart.high);
  if (maps.signed) Object.assign(maps, { low: -most, high: most });
  return { maps, lut: scope.colours.lut(maps.signed), difference: { low: -most, high: most, signed: true }, lutOfDifference: scope.colours.diverging };
}

/**
 * @param {Scope} scope
 * @param {Comparison} found
 * @param {Pair} pair
 * @param {HTMLOutputElement} readout
 */
export function pairGroup(scope, found, pair, readout) {
  const tall = found.pairs.length > 1 ? SEVERAL : LARGE;
  const most = { wide: 1.6 * tall, tall };
  const ends = pairEnds(scope, pair);
  const shown = [
    { letter: "A", words: found.a.words, plane: pair.a, view: planeView(scope, most) },
    { letter: "B", words: found.b.words, plane: pair.b, view: planeView(scope, most) },
  ];
  for (const { letter, words, plane, view } of shown) view.show(plane, ends.maps, ends.lut, `${letter}: ${words}, ${pair.title}, ${planeSpread(plane)}`);
  const apart = pair.difference ? planeView(scope, most) : null;
  if (pair.difference) apart?.show(pair.difference, ends.difference, ends.lutOfDifference, `A minus B, ${pair.title}, ${planeSpread(pair.difference)}`, largestSize(pair.difference.values) ? "" : "no difference");
  const bars = [endsBar("A, B"), endsBar("A − B")];
  bars[0].show(ends.maps, ends.lut);
  bars[1].show(pair.difference && ends.difference, ends.lutOfDifference);
  const views = [...shown.map((one) => one.view), ...(apart ? [apart] : [])];

  /** @param {[number, number] | null} unit of A */
  const point = (unit) => {
    const inB = unit && within(unit, pair.a, pair.b);
    shown[0].view.mark(unit);
    shown[1].view.mark(inB);
    apart?.mark(unit);
    readout.textContent = unit && inB ? unitWords(pair, unit, inB) : "";
  };
  const pinned = () => point(pair.channel === scope.state.channel ? scope.state.unit : null);
  for (const [place, view] of views.entries()) {
    /** @param {MouseEvent} event */
    const under = (event) => {
      const unit = view.under(event);
      return unit && place === 1 ? within(unit, pair.b, pair.a) : unit;
    };
    view.node.addEventListener("pointermove", (event) => point(under(event)));
    view.node.addEventListener("pointerleave", pinned);
    view.node.addEventListener("click", (event) => scope.pin(pair.layer, pair.channel, under(event)));
  }
  pinned();
  const size = fittedPlane(pair.a, most.wide, most.tall);
  const none = el("p", { class: "cs-soft cs-nodifference" }, pair.because);
  none.style.width = `${Math.max(110, size.wide)}px`;
  return el("div", { class: "cs-group" },
    el("h3", {}, `${pair.layer} · ${pair.title}`, el("span", { class: "cs-soft" }, found.of === "values" ? "" : ` · ${found.of}`)),
    el("div", { class: "cs-three" }, ...shown.map((one) => labelled(one.view.node, one.letter)), apart ? labelled(apart.node, "A − B") : none),
    el("div", { class: "cs-bars" }, bars[0].node, bars[1].node));
}

/**
 * @param {HTMLElement} picture
 * @param {string} words
 */
function labelled(picture, words) {
  return el("figure", {}, picture, el("figcaption", {}, words));
}

/**
 * The same place on a map of another size.
 * @param {[number, number]} unit
 * @param {import("./plane.js").Plane} from
 * @param {import("./plane.js").Plane} to
 * @returns {[number, number]}
 */
function within([y, x], from, to) {
  return [Math.floor(((y + 0.5) / from.height) * to.height), Math.floor(((x + 0.5) / from.width) * to.width)];
}

/**
 * @param {Pair} pair
 * @param {[number, number]} unit
 * @param {[number, number]} inB
 */
function unitWords(pair, unit, inB) {
  const [a, b] = [valueAt(pair.a, unit), valueAt(pair.b, inB)];
  const place = `channel ${pair.channel}, y ${unit[0]}, x ${unit[1]}`;
  if (!pair.difference) return `${place}: A ${figure(a, 4)}; y ${inB[0]}, x ${inB[1]}: B ${figure(b, 4)}`;
  return `${place}: A ${figure(a, 4)}, B ${figure(b, 4)}, A − B ${signedFigure(valueAt(pair.difference, unit), 4)}`;
}

/** @param {import("./plane.js").Plane} plane */
function planeSpread(plane) {
  const ends = planeEnds([{ ...plane }]);
  return ends.signed ? `up to ${figure(ends.high)} from zero` : `from ${figure(ends.low)} to ${figure(ends.high)}`;
}
