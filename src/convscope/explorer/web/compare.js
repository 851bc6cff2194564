import { classCount, comparable, COMPARED, comparisonOf, firstOf, kindOf, otherOf, setComparison } from "./comparison.js";
import { el, fill, menu, setChoices } from "./dom.js";
import { frameOf, frameWords } from "./film_frames.js";
import { pairGroup } from "./pair.js";
import { gather } from "./pairs.js";
import { sideTable, unitTable } from "./sides.js";

/** @typedef {import("./scope.js").Scope} Scope */

/**
 * Compare two images, classes, layers, networks or frames: A, B and A - B on one scale.
 * @param {Scope} scope
 * @returns {import("./bottom.js").Part}
 */
export function comparePanel(scope) {
  const kind = menu("what to compare", COMPARED, "image", (value) => scope.change({ compare: value, other: -1, first: -1 }));
  const other = menu("compare with", [], "", (value) => scope.change({ compare: kindOf(scope), other: Number(value) }));
  const own = el("b", { class: "cs-ownside" });
  const first = menu("compare what", [], "", (value) => scope.change({ first: Number(value), other: otherOf(scope, "survey") }));
  const readout = el("output", { class: "cs-readout" });
  const note = el("p", { class: "cs-soft cs-partnote" });
  const groups = el("div", { class: "cs-groups" });
  const beside = el("div", { class: "cs-beside" });
  const body = el("div", { class: "cs-scrollrow", tabindex: 0, role: "group", "aria-label": "A, B and their difference" }, groups, beside);
  const node = el("div", { class: "cs-compare" },
    el("div", { class: "cs-partbar" }, el("label", {}, "compare", kind), el("span", { class: "cs-side" }, "A"), own, first, el("span", { class: "cs-side" }, "B"), other, readout),
    note, body);

  let busy = false;
  let again = false;
  let key = "";

  const fillMenus = () => {
    const chosen = kindOf(scope);
    const kinds = COMPARED.filter(([name]) => comparable(scope, name) && (name !== "class" || scope.network.differentiable));
    setChoices(kind, kinds, chosen);
    setChoices(other, choicesOf(scope, chosen), String(otherOf(scope, chosen)));
    own.hidden = chosen === "survey";
    first.hidden = !own.hidden;
    if (own.hidden) setChoices(first, choicesOf(scope, chosen), String(firstOf(scope)));
    else own.textContent = ownWords(scope, chosen);
  };

  const refresh = async () => {
    if (scope.state.strip !== "compare" || !scope.network) return;
    fillMenus();
    const wanted = keyOf(scope);
    if (wanted === key) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const found = await gather(scope);
      if (found) key = wanted;
      setComparison(scope, found);
      say(found ? "" : "running …");
    } catch (problem) {
      again = await scope.renew(problem);
      key = again ? "" : wanted;
      setComparison(scope, null);
      if (!scope.signal.aborted && !again) say(problem instanceof Error ? problem.message : String(problem));
    }
    busy = false;
    draw();
    if (again) {
      again = false;
      await refresh();
    }
  };

  /** @param {string} words */
  const say = (words) => {
    note.textContent = words;
    note.hidden = !words;
  };

  const draw = () => {
    const found = comparisonOf(scope);
    readout.textContent = "";
    body.hidden = !found;
    if (!found) return;
    if (found.names) fill(groups, unitTable(scope, found));
    else fill(groups, ...found.pairs.map((pair) => pairGroup(scope, found, pair, readout)));
    fill(beside, ...(found.a.predictions.length ? [sideTable(scope, found)] : []));
  };

  const wake = () => {
    refresh().catch((problem) => scope.fail(problem));
  };
  for (const event of ["run", "maps", "books", "costs", "pictures", "network", "state", "film"]) scope.on(event, wake);
  scope.on("colours", () => scope.state.strip === "compare" && draw());
  return { node, wake };
}

/** @param {Scope} scope */
function keyOf(scope) {
  const { layer, channel, target, sort, unit } = scope.state;
  const kind = kindOf(scope);
  const waiting = channel < 0 && sort === "contribution" && scope.shares.has(layer);
  return JSON.stringify([scope.run?.run, scope.maps(layer) !== null, kind, otherOf(scope, kind), kind === "survey" && firstOf(scope), scope.state.image, layer, channel, target, channel < 0 && sort, waiting, unit]);
}

/**
 * @param {Scope} scope
 * @param {string} kind
 * @returns {[string, string][]}
 */
function choicesOf(scope, kind) {
  switch (kind) {
    case "class": return Array.from({ length: classCount(scope) }, (_, index) => [String(index), scope.label(index)]);
    case "layer": return scope.network.layers.map((layer) => [String(layer.index), layer.name]);
    case "survey": return (scope.surveys.info?.classes ?? []).map((name, index) => [String(index), name]);
    case "frame": return (scope.network.film?.steps ?? []).map((_, frame) => [String(frame), frameWords(scope, frame)]);
    case "network": return scope.network.networks.map((name, index, all) => [String(index), all.indexOf(name) === all.lastIndexOf(name) ? name : `${index + 1}: ${name}`]);
    default: return scope.pictures.map((picture, index) => [String(index), picture.name]);
  }
}

/**
 * @param {Scope} scope
 * @param {string} kind
 */
function ownWords(scope, kind) {
  switch (kind) {
    case "class": return scope.label(scope.classIndex);
    case "layer": return scope.state.layer;
    case "network": return scope.network.networks[scope.state.network];
    case "frame": return frameWords(scope, frameOf(scope));
    default: return scope.run?.image ?? scope.picture?.name ?? "";
  }
}
