import { mapCard } from "./cards.js";
import { el, fill } from "./dom.js";
import { strongest } from "./images.js";
import { fetchPlane, planeEnds } from "./plane.js";

/**
 * One channel index through the layers, as tutorials show it.
 * @param {import("./scope.js").Scope} scope
 * @returns {import("./bottom.js").Part}
 */
export function throughPanel(scope) {
  const title = el("b");
  const note = el("span", { class: "cs-soft", "aria-live": "polite" });
  const row = el("div", { class: "cs-scrollrow cs-cards", role: "group", "aria-label": "this channel index in every layer" });
  const node = el("div", {}, el("div", { class: "cs-partbar" }, title, note), row);
  /** @type {Map<string, import("./plane.js").Plane>} */
  let planes = new Map();
  /** @type {Map<string, ReturnType<typeof mapCard>>} */
  let cards = new Map();
  let drawn = "";
  let laid = "";
  let turn = 0;

  /** @param {string} name */
  const paint = (name) => {
    const plane = planes.get(name);
    if (!plane) return;
    const ends = planeEnds([plane]);
    cards.get(name)?.show(plane, ends, scope.colours.lut(ends.signed));
  };

  /** @param {number} channel */
  const lay = (channel) => {
    const fitting = scope.network.layers.filter((layer) => layer.space.length && (layer.shape?.[0] ?? 0) > channel);
    const wanted = JSON.stringify([scope.state.network, channel]);
    if (wanted !== laid) {
      laid = wanted;
      planes = new Map();
      cards = new Map(fitting.map((layer) => [layer.name, mapCard(scope, layer.name, null, () => scope.pin(layer.name, channel))]));
      fill(row, ...[...cards.values()].map((card) => card.node));
    }
    const without = scope.network.layers.length - fitting.length;
    title.textContent = `channel ${channel} of every layer`;
    note.textContent = `each map on its own scale${without ? `; ${without} layers without space or with fewer channels are left out` : ""}`;
    return fitting;
  };

  const mark = () => {
    for (const [name, card] of cards) card.node.setAttribute("aria-current", String(name === scope.state.layer));
  };

  const refresh = async () => {
    if (scope.state.strip !== "through" || !scope.run) return;
    const { run } = scope.run;
    const channel = scope.state.channel >= 0 ? scope.state.channel : strongest(scope);
    const wanted = JSON.stringify([run, channel]);
    if (channel < 0) return;
    const fitting = lay(channel);
    mark();
    if (wanted === drawn) return;
    drawn = wanted;
    const mine = ++turn;
    for (const layer of fitting) {
      const plane = await fetchPlane(scope, run, layer.name, channel);
      if (mine !== turn || scope.signal.aborted) return;
      planes.set(layer.name, plane);
      paint(layer.name);
      if (scope.state.strip !== "through") {
        drawn = "";
        return;
      }
    }
  };

  const wake = () => {
    refresh().catch((problem) => {
      drawn = "";
      scope.fail(problem);
    });
  };
  for (const event of ["run", "maps", "network", "state"]) scope.on(event, wake);
  scope.on("colours", () => scope.state.strip === "through" && cards.forEach((_, name) => paint(name)));
  return { node, wake };
}
