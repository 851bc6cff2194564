/**
 * Mute a channel, or let it sound again.
 * @param {import("./scope.js").Scope} scope
 * @param {string} layer
 * @param {number} channel
 */
export function toggleMute(scope, layer, channel) {
  if (isRefused(scope)) return;
  scope.change({ mute: toggled(scope.state.mute, layer, channel) });
}

/**
 * Let only this channel of its layer sound, or all again.
 * @param {import("./scope.js").Scope} scope
 * @param {string} layer
 * @param {number} channel
 */
export function toggleSolo(scope, layer, channel) {
  if (isRefused(scope)) return;
  scope.change({ solo: toggled(scope.state.solo, layer, channel) });
}

/** @param {import("./scope.js").Scope} scope */
function isRefused(scope) {
  const why = scope.unavailable("mute");
  if (why) scope.fail(why);
  return why !== "";
}

/**
 * @param {Object<string, number[]>} chosen
 * @param {string} layer
 * @param {number} channel
 */
function toggled(chosen, layer, channel) {
  const before = chosen[layer] ?? [];
  const after = before.includes(channel) ? before.filter((one) => one !== channel) : [...before, channel].sort((a, b) => a - b);
  const { [layer]: _, ...others } = chosen;
  return after.length ? { ...others, [layer]: after } : others;
}
