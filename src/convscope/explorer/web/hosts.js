import { decodeFrame, encodeFrame } from "./frames.js";

/**
 * What carries messages to the session and its answers back.
 * @typedef {object} Host
 * @property {(message: any, buffers: Uint8Array[], signal?: AbortSignal) => Promise<import("./frames.js").Answer>} answer
 * @property {string} kind page, widget or report
 */

/**
 * The web page: one POST a message.
 * @param {string} token
 * @returns {Host}
 */
export function pageHost(token) {
  return {
    kind: "page",
    async answer(message, buffers, signal) {
      const reply = await fetch("answer", {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream", "X-Convscope-Token": token },
        body: /** @type {BodyInit} */ (encodeFrame(message, buffers)),
        signal,
      });
      const type = reply.headers.get("Content-Type") ?? "";
      if (!type.startsWith("application/octet-stream")) {
        return { reply: { id: message.id, type: "error", code: "internal", message: `the server answered ${reply.status}: is it still running?` }, buffers: [] };
      }
      return decodeFrame(await reply.arrayBuffer());
    },
  };
}

/**
 * The notebook: messages of the widget's own channel.
 * @param {any} model anywidget's
 * @returns {Host & {close: () => void}}
 */
export function widgetHost(model) {
  /** @type {Map<number, (answer: import("./frames.js").Answer) => void>} */
  const waiting = new Map();
  /** @param {any} reply @param {DataView[]} buffers */
  const receive = (reply, buffers) => {
    const settle = waiting.get(reply.id);
    waiting.delete(reply.id);
    settle?.({ reply, buffers: (buffers ?? []).map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)) });
  };
  model.on("msg:custom", receive);
  return {
    kind: "widget",
    close: () => model.off("msg:custom", receive),
    answer(message, buffers, signal) {
      return new Promise((settle, fail) => {
        waiting.set(message.id, settle);
        signal?.addEventListener("abort", () => {
          waiting.delete(message.id);
          fail(signal.reason);
        });
        model.send(message, undefined, buffers.map((part) => part.slice().buffer));
      });
    },
  };
}
