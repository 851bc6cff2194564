import { el, figure, menu, setChoices, sharp, withhold } from "./dom.js";
import { finiteEnds, levelsOf, TOP_LEVEL } from "./levels.js";

/** @typedef {import("./types.js").Numbers} Numbers */
/** @typedef {{map: Numbers, layer: string | null, method: string, words: string, score: number | null, reference: string, run: string, seen: Numbers | null}} HeatMap */

const HEAT_BAR = 10;

/**
 * Choose a heat map, how opaque it is, and read what it shows.
 * @param {import("./scope.js").Scope} scope
 */
export function heatPanel(scope) {
  const method = menu("method of the heat map", [["", "none"]], "", (value) => scope.change({ method: value }));
  const opacity = el("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": "opacity of the heat map in per cent" });
  const percent = el("output", { class: "cs-figure" });
  const slider = el("label", { class: "cs-heat-opacity" }, "opacity", opacity, percent);
  const bar = el("canvas", { class: "cs-heat-bar", role: "img" });
  const ends = [el("span"), el("span"), el("span")];
  const scale = el("div", { class: "cs-heat-scale" }, bar, el("div", { class: "cs-heat-ends cs-figure" }, ...ends));
  const words = el("p", { class: "cs-heat-words", "aria-live": "polite" });
  const node = el("section", { class: "cs-heat", "aria-label": "heat map" }, el("h2", { class: "cs-caption" }, "Heat map"), el("div", { class: "cs-heat-choice" }, method), slider, scale, words);
  opacity.addEventListener("input", () => scope.change({ opacity: Number(opacity.value) / 100 }));

  /** @type {HeatMap | null} */
  let held = null;
  let key = "";
  let refused = "";
  /** @type {{key: string, picture: Numbers} | null} */
  let laid = null;

  const chosen = () => scope.network?.methods.find((one) => one.name === scope.state.method && able(scope, one));

  const ask = async () => {
    const one = chosen();
    const { run } = scope;
    if (!one || !run?.seen) {
      held = null;
      key = "";
      refused = "";
      show();
      return;
    }
    // What runs the network many times waits until the pictures stand still.
    const wanted = `${run.run} ${one.name} ${one.scored ? JSON.stringify(scope.state.target) : ""}`;
    if (wanted === key || (scope.live && slow(one))) return;
    key = wanted;
    refused = "";
    const message = { type: "heatmap", run: run.run, method: one.name, ...(one.scored ? { target: scope.state.target } : {}) };
    if (!scope.live) show();
    try {
      const reply = await scope.client.latest("heatmap", message);
      if (!reply || !chosen() || (key !== wanted && !scope.live)) return;
      held = { ...reply, run: run.run, seen: run.seen };
    } catch (problem) {
      if (key !== wanted) return;
      // A run that is made anew asks once more.
      key = "";
      if (await scope.renew(problem) || key) return;
      key = wanted;
      held = null;
      refused = problem instanceof Error ? problem.message : String(problem);
    }
    show();
  };

  const palette = () => {
    const { colormap } = scope.state;
    const name = scope.network.palettes[colormap] ? colormap : held && signedEnds(held.map)[0] < 0 ? "RdBu" : "inferno";
    return { name, colours: scope.network.palettes[name].data };
  };

  const show = () => {
    node.hidden = !scope.network?.takes_images || !scope.run?.seen;
    const one = chosen();
    method.value = one?.name ?? "";
    opacity.value = String(Math.round(100 * scope.state.opacity));
    percent.textContent = `${opacity.value} %`;
    slider.hidden = !one;
    const shown = held && isPresent() ? held : null;
    scale.hidden = !shown;
    if (shown) legend(shown);
    else words.textContent = !one ? (method.disabled ? method.title : "") : refused || (scope.live ? `${one.name} comes when the picture stands still` : `${one.name} is computed …`);
    words.classList.toggle("cs-refused", Boolean(refused));
    scope.emit("heat");
  };

  const isPresent = () => held !== null && held.method === chosen()?.name && (held.run === scope.run?.run || (scope.live && !slow(/** @type {any} */ (chosen()))));

  /** @param {HeatMap} heat */
  const legend = (heat) => {
    const [low, high] = signedEnds(heat.map);
    const { colours } = palette();
    const wide = Math.max(60, scale.clientWidth - 2);
    const pen = sharp(bar, wide, 2 * HEAT_BAR);
    const steps = Float32Array.from({ length: TOP_LEVEL + 1 }, (_, at) => low + ((high - low) * at) / TOP_LEVEL);
    const strip = { shape: [1, steps.length], data: steps };
    // Over white above, over black below: what is transparent shows the ground.
    for (const [place, ground] of [255, 0].entries()) {
      const beneath = { shape: [1, steps.length, 1], data: new Uint8Array(steps.length).fill(ground) };
      const mixed = blended(beneath, strip, [low, high], scope.state.opacity, colours);
      for (let at = 0; at < wide; at++) {
        const from = 3 * Math.round((at / (wide - 1)) * TOP_LEVEL);
        pen.fillStyle = `rgb(${mixed.data[from]} ${mixed.data[from + 1]} ${mixed.data[from + 2]})`;
        pen.fillRect(at, place * HEAT_BAR, 1, HEAT_BAR);
      }
    }
    bar.setAttribute("aria-label", `colours from ${figure(low)} to ${figure(high)}, transparent at zero`);
    ends[0].textContent = figure(low);
    ends[1].textContent = low < 0 ? "0" : "";
    ends[2].textContent = figure(high);
    const said = [heat.words, heat.layer ? `at ${heat.layer}` : "on the pixels"];
    words.textContent = low === high ? `${said.join(", ")}: nothing but zero to show` : said.join(", ");
    words.title = `${heat.method}: ${heat.reference}`;
  };

  scope.on("network", () => {
    const methods = scope.network.methods.filter((one) => able(scope, one));
    setChoices(method, [["", "none"], ...methods.map((one) => /** @type {[string, string]} */ ([one.name, one.name]))], scope.state.method);
    if (scope.state.method && !chosen()) method.value = "";
    withhold(method, methods.length ? "" : scope.unavailable("heatmap"));
    show();
  });
  scope.on("run", ask);
  scope.on("live", (live) => !live && ask());
  scope.on("state", (changed) => {
    if (changed.has("method") || changed.has("target")) {
      if (changed.has("method")) key = "";
      ask();
    }
    if (changed.has("opacity") || changed.has("method")) show();
  });
  scope.on("colours", show);

  return {
    node,
    /**
     * The picture with the heat map on it; null where there is none to lay over it.
     * @param {Numbers} seen
     * @returns {Numbers | null}
     */
    over(seen) {
      if (!held || !isPresent()) return null;
      // While pictures follow one another, a map is shown with the one that it belongs to.
      const beneath = scope.live ? held.seen ?? seen : seen;
      if (beneath.shape[0] !== held.map.shape[0] || beneath.shape[1] !== held.map.shape[1]) return null;
      const { name, colours } = palette();
      const made = `${held.run} ${held.method} ${held.words} ${scope.state.opacity} ${name}`;
      if (laid?.key !== made) laid = { key: made, picture: blended(greyOf(beneath), held.map, signedEnds(held.map), scope.state.opacity, colours) };
      return laid.picture;
    },
  };
}

/**
 * Whether the network can be asked for a method.
 * @param {import("./scope.js").Scope} scope
 * @param {import("./types.js").NetworkInfo["methods"][number]} method
 */
function able(scope, method) {
  const { network } = scope;
  return (network.differentiable || !method.differentiates) && (network.outputs.length > 0 || !method.scored);
}

/**
 * Whether a method runs the network many times.
 * @param {import("./types.js").NetworkInfo["methods"][number]} method
 */
function slow(method) {
  return (!method.differentiates && method.scored) || method.name === "smoothgrad" || method.name === "integrated-gradients";
}

/**
 * What the first and the last colour stand for: 0 and the largest value, or plus and minus the
 * larger end.
 * @param {Numbers} map
 * @returns {[number, number]}
 */
export function signedEnds(map) {
  const [low, high] = finiteEnds(map.data, map.data);
  const end = Math.max(Math.abs(low), Math.abs(high));
  return low < 0 ? [-end, end] : [0, end];
}

/**
 * Make a picture grey by ITU-R 601, as pictures are made grey for networks.
 * @param {Numbers} picture
 * @returns {Numbers}
 */
export function greyOf(picture) {
  const [height, width, colours] = picture.shape;
  if (colours === 1) return picture;
  const data = new Uint8Array(height * width);
  for (let at = 0; at < data.length; at++) {
    data[at] = Math.round(0.299 * picture.data[colours * at] + 0.587 * picture.data[colours * at + 1] + 0.114 * picture.data[colours * at + 2]);
  }
  return { shape: [height, width, 1], data };
}

/**
 * Lay the colours of a map over a grey picture: a pixel is (1 - a) picture + a colour, with
 * a = opacity |value| / end, so that nothing is shown where the value is zero. Values that are not
 * finite are opaque.
 * @param {Numbers} grey height, width, 1
 * @param {Numbers} map
 * @param {[number, number]} ends
 * @param {number} opacity of the strongest value
 * @param {ArrayLike<number>} colours of the 256 places of a palette
 * @returns {Numbers}
 */
export function blended(grey, map, ends, opacity, colours) {
  const [low, high] = ends[0] < ends[1] ? ends : [0, 1];
  const places = levelsOf(map.data, map.data.length, { low: Float32Array.of(low), high: Float32Array.of(high), signed: low < 0 });
  const end = Math.max(Math.abs(ends[0]), Math.abs(ends[1]));
  const data = new Uint8Array(3 * places.length);
  for (let at = 0; at < places.length; at++) {
    const share = end ? Math.min(1, Math.abs(map.data[at]) / end) : 0;
    const opaque = places[at] <= TOP_LEVEL ? opacity * share : 1;
    for (let colour = 0; colour < 3; colour++) {
      const ground = grey.data[at];
      data[3 * at + colour] = Math.round(ground + opaque * (colours[3 * places[at] + colour] - ground));
    }
  }
  return { shape: [grey.shape[0], grey.shape[1], 3], data };
}
