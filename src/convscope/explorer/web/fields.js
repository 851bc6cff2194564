/**
 * Which pixels of the input every position of a layer's maps sees.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @returns {Promise<{starts: number[][] | null, stops: number[][], whole: boolean, because: string, size: number[] | null}>}
 */
function fieldsOf({ client, made, run, state }, name) {
  // Where a network takes any size, they depend on the image's.
  const key = `fields ${name} ${run?.seen?.shape ?? ""}`;
  return made.once(key, () => client.ask({ type: "fields", network: state.network, layer: name, run: run?.run }).catch((problem) => {
    made.delete(key);
    throw problem;
  }));
}

/**
 * The box on the input that a unit sees, in pixels: top, left, bottom, right; null where it is not
 * known.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {[number, number]} unit
 * @returns {Promise<[number, number, number, number] | null>}
 */
export async function fieldOf(scope, name, unit) {
  const { starts, stops, whole } = await fieldsOf(scope, name);
  const seen = scope.run?.seen;
  if (whole && seen) return [0, 0, seen.shape[0], seen.shape[1]];
  if (!starts) return null;
  const [y, x] = starts.length > 1 ? unit : [0, unit[1]];
  const last = starts.length - 1;
  return [starts.length > 1 ? starts[0][y] : 0, starts[last][x], stops.length > 1 ? stops[0][y] : 1, stops[last][x]];
}
