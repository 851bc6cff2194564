import { button, el, figure, fill, signedFigure, withhold } from "./dom.js";
import { toggleMute, toggleSolo } from "./muting.js";

/** @typedef {import("./shown.js").Shown} Shown */

/**
 * Name, word, numbers and buttons of the pinned channel.
 * @param {import("./scope.js").Scope} scope
 */
export function channelHeading(scope) {
  const title = el("h2");
  const word = el("span", { class: "cs-word" });
  const mute = button("Mute", () => toggleMute(scope, scope.state.layer, scope.state.channel), { title: "silence this map (m)" });
  const solo = button("Solo", () => toggleSolo(scope, scope.state.layer, scope.state.channel), { title: "silence all other maps of the layer (s)" });
  const link = button("Link", () => scope.emit("download", { what: "link" }), { title: "copy the address of this screen" });
  const csv = button("CSV", () => scope.emit("download", { what: "csv", of: "map" }), { title: "download the numbers of this map" });
  const close = button("×", () => scope.change({ channel: -1, unit: null }, { back: true }), { "aria-label": "let go of this channel", title: "let go of this channel", class: "cs-button cs-close" });
  const reason = el("p", { class: "cs-soft cs-reason" });
  const numbers = el("dl", { class: "cs-numbers" });
  const node = el("header", { class: "cs-heading" }, el("div", { class: "cs-titleline" }, title, word, close), reason, el("div", { class: "cs-actions" }, mute, solo, link, csv), numbers);
  link.hidden = !scope.addressed;
  return {
    node,
    /** @param {Shown | null} shown */
    show(shown) {
      const { layer: name, channel, mute: muted, solo: sounding } = scope.state;
      fill(title, `Channel ${channel} `, el("span", { class: "cs-soft" }, `of ${name}`));
      mute.setAttribute("aria-pressed", String(muted[name]?.includes(channel) ?? false));
      solo.setAttribute("aria-pressed", String(sounding[name]?.includes(channel) ?? false));
      for (const control of [mute, solo]) withhold(control, scope.unavailable("mute"));
      withhold(csv, scope.unavailable("numbers"));
      const layer = shown?.layer;
      const said = !layer ? "running …" : scope.isMuted(name, channel) ? "muted" : scope.surveys.wordOf(name, channel, scope.network.words[layer.codes.data[channel]]);
      word.textContent = said;
      word.dataset.word = said;
      const silent = said === "silent" ? `zero on this image, though it ${scope.surveys.firedWords(name, channel)} of the survey` : said === "dead" ? `${scope.surveys.firedWords(name, channel)} of the survey` : "";
      reason.textContent = [silent, layer?.reasons[channel] ?? ""].filter(Boolean).join("; ");
      reason.hidden = !reason.textContent;
      if (!layer) {
        fill(numbers);
        return;
      }
      const share = scope.shares.get(name)?.[channel];
      const single = layer.shape[1] * layer.shape[2] === 1;
      const entries = single ? [["value", figure(layer.high.data[channel], 4)]] : [
        ["min", figure(layer.low.data[channel])], ["max", figure(layer.high.data[channel])],
        ["mean", figure(layer.mean.data[channel])], ["active", `${figure(layer.positive.data[channel] * 100)} %`],
      ];
      const parts = entries.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
      if (share !== undefined) parts.push(el("div", { class: "cs-contribution" }, el("dt", {}, `to ${scope.books?.words ?? "the score"}`), el("dd", { class: share >= 0 ? "cs-won" : "cs-lost" }, signedFigure(share))));
      fill(numbers, ...parts);
    },
  };
}
