import { openDialog } from "./dialog.js";
import { button, el, fill } from "./dom.js";
import { LessonPanels } from "./lesson_panels.js";
import { goToStep, isBareStep, leaveLesson, standOf, withheldWords } from "./lessons.js";

/** @typedef {import("./scope.js").Scope} Scope */

/**
 * A lesson under way: the sentence of its step, and the way on. Keys: n and shift n.
 * @param {Scope} scope
 */
export function lessonBar(scope) {
  const title = el("b");
  const again = button("", () => step(0), { class: "cs-lessonplace", title: "show this step again" });
  const sentence = el("p", { class: "cs-lessonsays", "aria-live": "polite" });
  const why = el("p", { class: "cs-lessonwhy", hidden: true });
  const before = button("Back", () => step(-1), { title: "the step before: shift n" });
  const next = button("Next", () => step(1), { class: "cs-button cs-lessonnext", title: "the next step: n" });
  const leave = button("×", () => leaveLesson(scope), { class: "cs-button cs-round", "aria-label": "leave the lesson", title: "leave the lesson" });
  const node = el("section", { class: "cs-lesson", hidden: true },
    el("div", { class: "cs-lessonhead" }, title, again), el("div", { class: "cs-lessontext" }, sentence, why), el("div", { class: "cs-lessonways" }, before, next, leave));
  const panels = new LessonPanels(scope);
  let shown = "";
  // Asked before the state is settled: a layer is put in then.
  let bare = isBareStep(scope.state);

  /** @param {number} by */
  const step = (by) => {
    const stand = standOf(scope);
    if (!stand) return;
    const { lesson, place } = stand;
    if (place + by >= lesson.steps.length) leaveLesson(scope);
    else if (place + by >= 0) goToStep(scope, lesson, place + by);
    if (!by) panels.show(lesson.steps[place].panel);
  };

  const show = () => {
    const stand = standOf(scope);
    const held = node.contains(document.activeElement);
    node.hidden = !stand;
    if (!stand) {
      shown = "";
      if (held) /** @type {HTMLElement | null} */ (scope.root.querySelector(".cs-lessonsopen"))?.focus();
      return;
    }
    const { lesson, place } = stand;
    const last = place === lesson.steps.length - 1;
    const words = withheldWords(scope, stand);
    why.textContent = words;
    why.hidden = !words;
    if (scope.state.lesson === shown) return;
    shown = scope.state.lesson;
    node.setAttribute("aria-label", `lesson: ${lesson.title}`);
    title.textContent = lesson.title;
    again.textContent = `${place + 1} of ${lesson.steps.length}`;
    again.setAttribute("aria-label", `step ${place + 1} of ${lesson.steps.length}: show it again`);
    // Sizes stay on one line.
    sentence.textContent = lesson.steps[place].say.replaceAll(" × ", "\u00a0×\u00a0");
    if (place === 0 && document.activeElement === before) next.focus();
    before.disabled = place === 0;
    next.textContent = last ? "Done" : "Next";
    next.title = last ? "leave the lesson: n" : "the next step: n";
    panels.show(lesson.steps[place].panel);
  };

  const open = () => {
    const stand = bare ? standOf(scope) : null;
    bare = false;
    if (stand) goToStep(scope, stand.lesson, stand.place);
    show();
  };

  scope.on("network", open);
  scope.on("state", (changed) => {
    if (!changed.has("lesson")) return;
    bare = isBareStep(scope.state);
    open();
  });
  scope.on("run", show);
  scope.on("lesson", step);
  scope.on("lessons", () => openLessons(scope, () => next.focus()));
  return node;
}

/**
 * Let a person choose a lesson.
 * @param {Scope} scope
 * @param {() => void} begun
 */
function openLessons(scope, begun) {
  if (scope.root.querySelector("dialog[open]")) return;
  const list = el("ul", { class: "cs-lessons" });
  const dialog = openDialog(scope, "Lessons", el("p", {}, "Each goes through the page in a few steps, with a sentence at each. Look around as you like: Next and Back lead on."), list);
  fill(list, ...scope.network.lessons.map((lesson) => el("li", {}, button(lesson.title, () => {
    // What had the focus before would have it again.
    dialog.addEventListener("close", begun);
    dialog.close();
    goToStep(scope, lesson, 0);
  }), el("span", { class: "cs-soft" }, ` ${lesson.steps.length} ${lesson.steps.length === 1 ? "step" : "steps"}`))));
}
