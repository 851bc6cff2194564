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

// Milliseconds after which a person is told what the page waits for.
const PATIENCE = 2500;

/**
 * The notebook: messages of the widget's own channel.
 * @param {any} model anywidget's
 * @returns {Host & {close: () => void, tell: (words: string) => void}} `tell` is called with what is waited for, and with nothing when it came
 */
export function widgetHost(model) {
  // Several views of one widget hear all its answers.
  const own = Math.random().toString(36).slice(2);
  /** @type {Map<string, {settle: (answer: import("./frames.js").Answer) => void, fail: (reason: unknown) => void, clock: ReturnType<typeof setTimeout>}>} */
  const waiting = new Map();
  let told = false;

  /** @param {string} words */
  const tell = (words) => {
    if (words || told) host.tell(words);
    told = words !== "";
  };
  /** @param {string} id */
  const taken = (id) => {
    const one = waiting.get(id);
    clearTimeout(one?.clock);
    waiting.delete(id);
    if (!waiting.size) tell("");
    return one;
  };
  /** @param {any} reply @param {DataView[]} buffers */
  const receive = (reply, buffers) => {
    taken(reply?.id)?.settle({ reply, buffers: (buffers ?? []).map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)) });
  };
  /** @param {unknown} reason */
  const failAll = (reason) => {
    for (const id of [...waiting.keys()]) taken(id)?.fail(reason);
  };
  const cut = () => failAll(new Error("the kernel was started anew or has ended: run the cell again"));

  model.on("msg:custom", receive);
  for (const event of ["comm:close", "comm_live_update"]) model.on(event, cut);
  /** @type {Host & {close: () => void, tell: (words: string) => void}} */
  const host = {
    kind: "widget",
    tell: () => {},
    close() {
      model.off("msg:custom", receive);
      for (const event of ["comm:close", "comm_live_update"]) model.off(event, cut);
      failAll(new DOMException("the explorer was closed", "AbortError"));
    },
    answer(message, buffers, signal) {
      const id = `${own} ${message.id}`;
      return new Promise((settle, fail) => {
        const clock = setTimeout(() => tell("waiting for the kernel: it computes, runs a cell, or has ended"), PATIENCE);
        waiting.set(id, { settle, fail, clock });
        signal?.addEventListener("abort", () => taken(id)?.fail(signal.reason), { once: true });
        model.send({ ...message, id }, undefined, buffers.map((part) => part.slice().buffer));
      });
    },
  };
  return host;
}
