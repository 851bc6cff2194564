import { button, el, figure, fill, menu, setChoices, signedFigure, withhold } from "./dom.js";
import { outputsOf, perCent } from "./scores.js";

/** @typedef {import("./scores.js").ClassScore} ClassScore */
/** @typedef {import("./scores.js").Output} Output */

const FEWEST_CLASSES = 5;
// How many are shown, step by step.
const CLASS_STEPS = [5, 10, 20, 50];
// A menu of more entries than this is of no use to anybody.
const MENU_CLASSES = 2000;

/**
 * What the network says, with bars; a class that is chosen is explained everywhere.
 * @param {import("./scope.js").Scope} scope
 */
export function predictionPanel(scope) {
  const groups = el("div");
  const detail = el("p", { class: "cs-class-detail cs-figure", "aria-live": "polite" });
  const against = menu("explained against", [["", "—"]], "", (value) => contrast(value));
  const versus = el("label", { class: "cs-versus" }, "against", against);
  const reset = button("the class it gives", () => scope.change({ target: null }), { class: "cs-button cs-small" });
  const aim = el("div", { class: "cs-aim" }, versus, reset);
  const muted = mutedWords(scope);
  const node = el("section", { class: "cs-prediction", "aria-label": "prediction" }, el("h2", { class: "cs-caption" }, "Prediction"), muted, groups, aim, detail);
  /** @type {Map<string, ReturnType<typeof classList>>} */
  const lists = new Map();
  /** @type {ClassScore | null} */
  let pointed = null;

  /** @param {string} value */
  const contrast = (value) => {
    const [main] = aimedAt(scope);
    scope.change({ target: value === "" ? (scope.state.target === null ? null : main) : [main, Number(value)] });
  };

  /** @param {ClassScore | null} one */
  const point = (one) => {
    pointed = one;
    describe();
  };

  const describe = () => {
    const score = scope.run?.score;
    if (pointed) {
      const said = [pointed.odds === null ? "" : `log-odds ${signedFigure(pointed.odds)}`, pointed.logit === null ? "" : `logit ${signedFigure(pointed.logit)}`].filter(Boolean);
      detail.textContent = `${scope.label(pointed.index)}: ${said.length ? said.join(", ") : figure(pointed.score, 5)}`;
    } else detail.textContent = score ? `explained: ${score.words} = ${signedFigure(score.value)}` : "";
  };

  const show = () => {
    const { run, network } = scope;
    if (!run) return;
    const outputs = outputsOf(network, run, run.activation);
    const before = run.before && outputsOf(network, run.before, run.activation);
    for (const [name, list] of lists) {
      if (outputs.some((one) => one.name === name)) continue;
      list.node.remove();
      lists.delete(name);
    }
    outputs.forEach((output, place) => {
      let list = lists.get(output.name);
      if (!list) {
        list = classList(scope, point);
        lists.set(output.name, list);
      }
      if (groups.children[place] !== list.node) groups.insertBefore(list.node, groups.children[place] ?? null);
      list.show(output, before?.find((one) => one.name === output.name) ?? null, outputs.length > 1);
    });
    const [main, other] = aimedAt(scope);
    aim.hidden = !run.score || network.labels.length + (run.logits?.data.length ?? 0) < 2;
    reset.hidden = scope.state.target === null;
    against.value = other === null ? "" : String(other);
    withhold(against, scope.unavailable("pair"));
    for (const option of against.options) option.disabled = option.value !== "" && Number(option.value) === main;
    describe();
  };

  scope.on("network", () => {
    lists.clear();
    fill(groups);
    setChoices(against, [["", "—"], ...classChoices(scope)], "");
  });
  scope.on("run", show);
  scope.on("state", (changed) => changed.has("target") && show());
  return node;
}

/**
 * Which class is explained, and against which other one.
 * @param {import("./scope.js").Scope} scope
 * @returns {[number, number | null]}
 */
export function aimedAt(scope) {
  const { target } = scope.state;
  if (Array.isArray(target)) return target;
  return [target ?? scope.run?.score?.index ?? scope.classIndex, null];
}

/**
 * The classes of the network's first output, for a menu.
 * @param {import("./scope.js").Scope} scope
 * @returns {[string, string][]}
 */
export function classChoices(scope) {
  const { labels, outputs } = scope.network;
  const count = Math.min(MENU_CLASSES, outputs[0]?.classes ?? labels.length);
  return Array.from({ length: count }, (_, index) => /** @type {[string, string]} */ ([String(index), labels[index] ?? `class ${index}`]));
}

/**
 * The classes of one output, best first.
 * @param {import("./scope.js").Scope} scope
 * @param {(one: ClassScore | null) => void} point
 */
function classList(scope, point) {
  const title = el("h3", { class: "cs-output-name" });
  const list = el("ol", { class: "cs-classes" });
  const note = el("p", { class: "cs-class-note" });
  let step = 0;
  const more = button("", () => {
    step = step + 1 < CLASS_STEPS.length && CLASS_STEPS[step] < count ? step + 1 : 0;
    last();
  }, { class: "cs-button cs-small cs-class-more" });
  const node = el("div", {}, title, list, note, more);
  /** @type {ReturnType<typeof classRow>[]} */
  const rows = [];
  let count = 0;
  let last = () => {};

  /** @param {Output} output @param {Output | null} before @param {boolean} several */
  const show = (output, before, several) => {
    last = () => show(output, before, several);
    count = output.classes.length;
    title.hidden = !several;
    title.textContent = output.name;
    note.hidden = !output.note;
    note.textContent = output.note;
    const shown = output.classes.slice(0, CLASS_STEPS[step]);
    const aimed = output.first && scope.run?.score ? aimedAt(scope) : [];
    for (const index of aimed) {
      const one = index === null || shown.some((other) => other.index === index) ? undefined : output.classes.find((other) => other.index === index);
      if (one) shown.push(one);
    }
    const largest = Math.max(...output.classes.map((one) => Math.abs(one.score))) || 1;
    while (rows.length < shown.length) {
      const row = classRow(scope, point);
      rows.push(row);
      list.append(row.node);
    }
    while (rows.length > shown.length) rows.pop()?.node.remove();
    const chooses = output.first && Boolean(scope.run?.score);
    shown.forEach((one, place) => {
      const was = before?.classes.find((other) => other.index === one.index) ?? null;
      rows[place].show(one, was, largest, chooses, one.index === aimed[0] ? "for" : one.index === aimed[1] ? "against" : "");
    });
    more.hidden = count <= FEWEST_CLASSES;
    const next = CLASS_STEPS[step + 1];
    more.textContent = next && CLASS_STEPS[step] < count ? `best ${Math.min(next, count)}` : "fewer";
  };
  return { node, show };
}

/**
 * One class: name, bar, per cent.
 * @param {import("./scope.js").Scope} scope
 * @param {(one: ClassScore | null) => void} point
 */
function classRow(scope, point) {
  const name = el("span", { class: "cs-class-name" });
  const fillBar = el("span", { class: "cs-class-fill" });
  const wasBar = el("span", { class: "cs-class-was" });
  const value = el("span", { class: "cs-class-value cs-figure" });
  const press = el("button", { type: "button", class: "cs-class" }, name, el("span", { class: "cs-class-track" }, fillBar, wasBar), value);
  const node = el("li", {}, press);
  /** @type {ClassScore | null} */
  let held = null;
  let chooses = false;
  press.addEventListener("click", (event) => {
    if (!held || !chooses) return;
    const [main] = aimedAt(scope);
    scope.change({ target: event.shiftKey && main !== held.index ? [main, held.index] : held.index });
  });
  for (const begin of ["pointerenter", "focus"]) press.addEventListener(begin, () => point(held));
  for (const end of ["pointerleave", "blur"]) press.addEventListener(end, () => point(null));
  return {
    node,
    /** @param {ClassScore} one @param {ClassScore | null} was @param {number} largest @param {boolean} able @param {string} role */
    show(one, was, largest, able, role) {
      held = one;
      const label = scope.network.labels[one.index] ?? (one.share === null ? `output ${one.index}` : `class ${one.index}`);
      const words = one.share === null ? figure(one.score, 4) : perCent(one.share);
      name.textContent = label;
      name.title = label;
      value.textContent = words;
      fillBar.style.transform = `scaleX(${one.share ?? Math.abs(one.score) / largest})`;
      fillBar.classList.toggle("cs-below", one.share === null && one.score < 0);
      const moved = was !== null && was.share !== null && one.share !== null && Math.abs(was.share - one.share) >= 0.005;
      wasBar.hidden = !moved;
      if (moved && was.share !== null) wasBar.style.left = `${100 * was.share}%`;
      press.setAttribute("aria-pressed", String(role === "for"));
      press.dataset.role = role;
      const why = able ? scope.unavailable("target", one.index) : "";
      chooses = able && !why;
      press.title = why;
      press.setAttribute("aria-disabled", String(why !== ""));
      const odds = one.odds === null ? "" : `, log-odds ${signedFigure(one.odds)}`;
      press.setAttribute("aria-label", `${label}: ${words}${odds}${role === "for" ? ", explained" : role === "against" ? ", explained against" : ""}`);
    },
  };
}

/**
 * What muting did to the score, in words, and the way back.
 * @param {import("./scope.js").Scope} scope
 */
function mutedWords(scope) {
  const words = el("p", { class: "cs-figure", "aria-live": "polite" });
  const node = el("div", { class: "cs-muted-words" }, words, button("unmute all", () => scope.change({ mute: {}, solo: {} }), { class: "cs-button cs-small" }));
  const show = () => {
    const { run } = scope;
    node.hidden = !Object.keys(scope.state.mute).length && !Object.keys(scope.state.solo).length;
    if (node.hidden || !run) return;
    fill(words, `with ${silenced(scope)}: `, ...effect(scope));
  };
  scope.on("run", show);
  scope.on("state", (changed) => (changed.has("mute") || changed.has("solo")) && show());
  node.hidden = true;
  return node;
}

/**
 * Say which channels are silent.
 * @param {import("./scope.js").Scope} scope
 */
function silenced(scope) {
  const { mute, solo } = scope.state;
  const parts = [];
  for (const [chosen, word] of /** @type {[Object<string, number[]>, string][]} */ ([[mute, "muted"], [solo, "alone"]])) {
    const layers = Object.entries(chosen).filter(([, channels]) => channels.length);
    if (!layers.length) continue;
    const count = layers.reduce((sum, [, channels]) => sum + channels.length, 0);
    const named = count <= 6 ? layers.map(([layer, channels]) => `${layer} ${channels.join(", ")}`).join("; ") : `${count} channels of ${layers.length === 1 ? layers[0][0] : `${layers.length} layers`}`;
    parts.push(`${named} ${word}`);
  }
  return parts.join(" and ");
}

/**
 * The score of the explained class before and after, in per cent and log-odds.
 * @param {import("./scope.js").Scope} scope
 * @returns {(Node | string)[]}
 */
function effect(scope) {
  const { run, network } = scope;
  if (!run?.before) return ["…"];
  const [now] = outputsOf(network, run, run.activation);
  const [then] = outputsOf(network, run.before, run.activation);
  if (!now || !then) return ["no score"];
  const { target } = scope.state;
  if (Array.isArray(target) && run.score && run.before.score) {
    const change = run.score.value - run.before.score.value;
    return [`${run.score.words} ${signedFigure(run.before.score.value)} → ${signedFigure(run.score.value)} `, changeOf(change, "")];
  }
  const index = typeof target === "number" ? target : then.classes[0].index;
  const [after, before] = [now, then].map((output) => output.classes.find((one) => one.index === index));
  if (!after || !before) return [`${scope.label(index)} is no longer among the best`];
  const turned = now.classes[0].index === then.classes[0].index ? [] : [`; it now gives ${scope.label(now.classes[0].index)}${now.classes[0].share === null ? "" : ` (${perCent(now.classes[0].share)})`}`];
  if (after.share === null || before.share === null) return [`${scope.label(index)} ${figure(before.score, 4)} → ${figure(after.score, 4)} `, changeOf(after.score - before.score, ""), ...turned];
  const odds = after.odds === null || before.odds === null ? [] : [" ", changeOf(after.odds - before.odds, " log-odds")];
  return [el("b", {}, scope.label(index)), ` ${perCent(before.share)} → ${perCent(after.share)}`, ...odds, ...turned];
}

/**
 * @param {number} change
 * @param {string} unit
 */
function changeOf(change, unit) {
  return el("span", { class: change < 0 ? "cs-fell" : "cs-rose" }, `(${signedFigure(change, 2)}${unit})`);
}
