/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./types.js").State} State */

/**
 * Let a change of the image and of the survey's image that is looked at agree.
 * @param {Scope} scope
 * @param {Partial<State>} patch
 * @returns {Partial<State>}
 */
export function withSurveyed(scope, patch) {
  if (patch.surveyed !== undefined && patch.surveyed >= 0 && patch.surveyed !== scope.state.surveyed) {
    return { ...patch, image: surveyedPicture(scope, patch.surveyed) };
  }
  if (patch.image === undefined || patch.image === scope.state.image) return patch;
  return { ...patch, surveyed: scope.pictures[patch.image]?.survey ?? -1 };
}

/**
 * The place among the pictures of an image of the dataset that was surveyed; it is added where it
 * is not there.
 * @param {Scope} scope
 * @param {number} survey its index in the dataset
 * @returns {number}
 */
export function surveyedPicture(scope, survey) {
  const known = scope.pictures.findIndex((picture) => picture.survey === survey);
  if (known >= 0) return known;
  scope.pictures.push({ name: `${scope.surveys.info?.dataset ?? "survey"}:${survey}`, kind: "survey", survey, thumbnail: null });
  scope.emit("pictures");
  return scope.pictures.length - 1;
}
