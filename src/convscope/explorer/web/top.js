import { button, el, menu, setChoices, withhold } from "./dom.js";
import { finiteEnds, readFixed, SCALES } from "./levels.js";
import { aimedAt, classChoices } from "./prediction.js";

/** @type {[string, string][]} */
const SCALE_WORDS = [...SCALES.map((name) => /** @type {[string, string]} */ ([name, name === "sigma" ? "σ" : name])), ["fixed", "fixed …"]];
const SCALE_MEANS = /** @type {Object<string, string>} */ ({
  channel: "each map from its own lowest to its own highest value",
  layer: "one scale for all maps of a layer",
  shared: "one scale for all maps of the network",
  robust: "one scale for a layer, from its 1st to its 99th percentile",
  sigma: "each map from two standard deviations below its mean to two above",
  fixed: "from a value to a value that you give",
});

/**
 * Which network, image and class; how it is shown; downloads and help.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function topPanel(scope) {
  const network = menu("network", [], "", (value) => scope.change({ network: Number(value) }));
  const name = el("b", { class: "cs-network-name" });
  const image = menu("image", [], "", (value) => scope.change({ image: Number(value) }));
  const target = menu("class that is explained", [], "", (value) => value !== "pair" && scope.change({ target: value === "" ? null : Number(value) }));
  const sheet = button("sheet", () => scope.change({ mode: "sheet" }, { back: true }), { title: "the whole network at a glance" });
  const layer = button("layer", () => scope.change({ mode: "layer" }, { back: true }), { title: "all maps of one layer" });
  const colours = menu("colormap", [], "", (value) => scope.change({ colormap: value }));
  const theme = menu("theme", [["auto", "auto"], ["light", "light"], ["dark", "dark"]], scope.state.theme, (value) => scope.change({ theme: value }));
  const scale = scalePick(scope);
  /** @type {HTMLButtonElement} */
  const download = button("Download ▾", () => scope.emit("download", download), { "aria-haspopup": "true" });
  /** @type {HTMLButtonElement} */
  const help = button("?", () => scope.emit("help", help), { class: "cs-button cs-round", "aria-label": "help", title: "help: ?" });
  const lessons = button("Lessons", () => scope.emit("lessons"), { class: "cs-button cs-lessonsopen", "aria-haspopup": "dialog", title: "go through the page step by step", hidden: true });
  const networkPick = pick("network", network);
  const imagePick = pick("image", image);
  const targetPick = pick("what carried", target);
  const node = el("header", { class: "cs-top", "aria-label": "convscope" },
    el("h1", { class: "cs-brand" }, "convscope"), name, networkPick, imagePick, targetPick,
    el("span", { class: "cs-stretch" }),
    el("div", { class: "cs-switch", role: "group", "aria-label": "what is shown" }, sheet, layer),
    ...scale, pick("colours", colours), pick("theme", theme), el("span", { class: "cs-last" }, lessons, download, help));

  const showNetwork = () => {
    const info = scope.network;
    const several = info.networks.length > 1;
    networkPick.hidden = !several;
    lessons.hidden = !info.lessons?.length;
    name.hidden = several;
    name.textContent = info.name;
    name.title = info.source || info.name;
    setChoices(network, info.networks.map((one, place) => [String(place), one]), String(scope.state.network));
    setChoices(colours, [["auto", "auto"], ...info.colormaps.map((one) => /** @type {[string, string]} */ ([one, one]))], scope.state.colormap);
    targetPick.hidden = !info.outputs.length;
    showImages();
    showState();
  };

  const showImages = () => {
    setChoices(image, scope.pictures.map((picture, place) => [String(place), picture.name]), String(scope.state.image));
    imagePick.hidden = !scope.pictures.length;
  };

  /** @type {string} */
  let listed = "";
  const showTarget = () => {
    if (!scope.network) return;
    const [main, against] = aimedAt(scope);
    const pair = against === null ? "" : `${scope.label(main)} − ${scope.label(against)}`;
    const first = scope.state.target === null && scope.run?.score ? `${scope.label(main)} (the class it gives)` : "the class it gives";
    const key = `${first}|${pair}|${scope.network.name}`;
    if (key !== listed) {
      listed = key;
      // A thousand classes are made once; then only the words of the first change.
      if (Number(target.dataset.classes ?? -1) !== scope.state.network || pair || target.dataset.pair) {
        setChoices(target, [["", first], ...(pair ? [/** @type {[string, string]} */ (["pair", pair])] : []), ...classChoices(scope)], "");
        target.dataset.classes = String(scope.state.network);
        target.dataset.pair = pair;
      } else target.options[0].textContent = first;
    }
    if (!scope.network.live) for (const option of target.options) if (option.value && option.value !== "pair") withhold(option, scope.unavailable("target", Number(option.value)));
    target.value = pair ? "pair" : scope.state.target === null ? "" : String(main);
  };

  const showState = () => {
    const { state } = scope;
    sheet.setAttribute("aria-pressed", String(state.mode === "sheet"));
    layer.setAttribute("aria-pressed", String(state.mode === "layer"));
    image.value = String(state.image);
    colours.value = scope.network?.palettes[state.colormap] ? state.colormap : "auto";
    theme.value = state.theme;
    network.value = String(state.network);
    showTarget();
  };

  scope.on("network", showNetwork);
  scope.on("pictures", showImages);
  scope.on("state", showState);
  scope.on("run", showTarget);
  return node;
}

/**
 * A menu with its name before it.
 * @param {string} words
 * @param {HTMLElement} control
 */
function pick(words, control) {
  return el("label", { class: "cs-pick" }, el("span", {}, words), control);
}

/**
 * The scale, with an entry for the two ends of a fixed one.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement[]}
 */
function scalePick(scope) {
  let asking = false;
  const low = el("input", { type: "number", step: "any", value: 0, "aria-label": "lowest value of the scale" });
  const high = el("input", { type: "number", step: "any", value: 1, "aria-label": "highest value of the scale" });
  const ends = el("span", { class: "cs-ends cs-figure" }, low, "to", high);
  const fix = () => {
    const words = `fixed(${Number(low.value)},${Number(high.value)})`;
    const able = low.value !== "" && high.value !== "" && readFixed(words) !== null;
    for (const entry of [low, high]) entry.setAttribute("aria-invalid", String(!able));
    if (able) scope.change({ scale: words });
  };
  const control = menu("scale", SCALE_WORDS, "channel", (value) => {
    asking = value === "fixed";
    if (asking) {
      suggest();
      fix();
      show();
      low.focus();
    } else scope.change({ scale: value });
  });
  const suggest = () => {
    const layer = scope.maps(scope.state.layer);
    if (readFixed(scope.state.scale) || !layer) return;
    const [least, most] = finiteEnds(layer.low.data, layer.high.data);
    if (!(least < most)) return;
    low.value = String(Number(least.toPrecision(3)));
    high.value = String(Number(most.toPrecision(3)));
  };
  for (const entry of [low, high]) entry.addEventListener("change", fix);
  const show = () => {
    const fixed = readFixed(scope.state.scale);
    if (fixed && node.ownerDocument.activeElement !== low && node.ownerDocument.activeElement !== high) [low.value, high.value] = fixed.map(String);
    asking = asking && Boolean(fixed);
    const word = fixed ? "fixed" : SCALES.includes(scope.state.scale) ? scope.state.scale : "channel";
    control.value = word;
    ends.hidden = !fixed;
    node.title = SCALE_MEANS[word];
  };
  const node = pick("scale", control);
  scope.on("state", show);
  scope.on("network", show);
  show();
  return [node, ends];
}
