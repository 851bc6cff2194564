import { figure, signedFigure } from "./dom.js";
import { placeOfUnit } from "./places.js";

/** @param {import("./types.js").LayerInfo} info */
export function described(info) {
  const size = info.space.map((one) => one ?? "any").join(" × ");
  const sees = info.whole ? "sees the whole input" : info.receptive_field ? `sees ${info.receptive_field.join(" × ")} px` : "";
  return [info.operation, `${info.shape[0] ?? "any"} channels`, info.space.length ? size : "", sees].filter(Boolean).join(" · ");
}

/**
 * What a screen reader hears of a map.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {number} channel
 */
export function mapWords(scope, name, channel) {
  const layer = scope.maps(name);
  if (!layer || channel >= layer.shape[0]) return `${name}, channel ${channel}`;
  const word = scope.surveys.wordOf(name, channel, scope.network.words[layer.codes.data[channel]]);
  const share = scope.shares.get(name)?.[channel];
  const said = [`${name}, channel ${channel}`, word, `from ${figure(layer.low.data[channel])} to ${figure(layer.maximum.data[channel])}`];
  const fired = scope.surveys.firedWords(name, channel);
  if (fired) said.push(`in the survey ${fired}`);
  if (share !== undefined) said.push(`contributes ${signedFigure(share)} to ${scope.books?.words}`);
  const { unit } = scope.state;
  if (unit && name === scope.state.layer && channel === scope.state.channel && layer.values) {
    said.push(`${placeOfUnit(scope, name, unit)}: ${figure(layer.values.data[(channel * layer.shape[1] + unit[0]) * layer.shape[2] + unit[1]], 4)}`);
  }
  return said.join(", ");
}
