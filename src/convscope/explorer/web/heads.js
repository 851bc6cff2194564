/** @typedef {import("./types.js").NetworkInfo} NetworkInfo */

/**
 * Whether a layer is what the network says.
 * @param {NetworkInfo} network
 * @param {string} name
 */
export function isHead(network, name) {
  return network.outputs.some((output) => output.layer === name || output.layer === `${name}:linear`);
}

/**
 * Whether the units of a layer are the classes that are explained.
 * @param {NetworkInfo} network
 * @param {string} name
 */
export function isFirstHead(network, name) {
  return network.outputs[0]?.layer.replace(/:linear$/, "") === name;
}
