import { fromHash, INITIAL, toHash } from "./state.js";

/** @typedef {import("./types.js").Lesson} Lesson */
/** @typedef {import("./types.js").State} State */
/** @typedef {import("./scope.js").Scope} Scope */

/**
 * A lesson at one of its steps.
 * @typedef {{lesson: Lesson, place: number}} Stand `place` from 0
 */

/**
 * Where the state stands in a lesson; null outside of all, and where there is no such step.
 * @param {Scope} scope
 * @returns {Stand | null}
 */
export function standOf({ network, state }) {
  const at = state.lesson.lastIndexOf(",");
  const lesson = network?.lessons?.find((one) => one.name === state.lesson.slice(0, at));
  const place = Number(state.lesson.slice(at + 1)) - 1;
  return lesson?.steps[place] ? { lesson, place } : null;
}

/**
 * Show a step. How a person reads, in the dark or as tables, stays as it is.
 * @param {Scope} scope
 * @param {Lesson} lesson
 * @param {number} place from 0
 */
export function goToStep(scope, lesson, place) {
  const { theme, table, layer } = scope.state;
  const wanted = stepState(lesson, place);
  const { state } = withoutWithheld(scope, { ...wanted, theme, table, layer: wanted.layer || layer });
  scope.change(state, { back: true });
}

/** @param {Scope} scope */
export function leaveLesson(scope) {
  scope.change({ lesson: "" });
}

/**
 * Why not all of a step can be shown: a report holds answers alone. Empty where it can.
 * @param {Scope} scope
 * @param {Stand} stand
 */
export function withheldWords(scope, { lesson, place }) {
  return withoutWithheld(scope, stepState(lesson, place)).why;
}

/**
 * Whether an address names a step and nothing else, and so means what the step shows.
 * @param {State} state
 */
export function isBareStep(state) {
  return state.lesson !== "" && toHash({ ...state, lesson: "", theme: INITIAL.theme, table: INITIAL.table }) === "";
}

/**
 * @param {Lesson} lesson
 * @param {number} place
 * @returns {State}
 */
function stepState(lesson, place) {
  return { ...fromHash(lesson.steps[place].show), lesson: `${lesson.name},${place + 1}` };
}

/**
 * @param {Scope} scope
 * @param {State} state
 * @returns {{state: State, why: string}}
 */
function withoutWithheld(scope, state) {
  const { mute, solo, target, flat, slice } = INITIAL;
  const silent = Object.keys(state.mute).length + Object.keys(state.solo).length > 0;
  const parts = /** @type {[boolean, import("./leftout.js").Topic, Partial<State>][]} */ ([
    [silent, "mute", { mute, solo }],
    [Array.isArray(state.target), "pair", { target }],
    [state.flat !== flat || state.slice !== slice, "slices", { flat, slice }],
  ]);
  for (const [asked, topic, instead] of parts) {
    const why = asked ? scope.unavailable(topic) : "";
    if (why) return { state: { ...state, ...instead }, why };
  }
  return { state, why: "" };
}
