import { button, el } from "./dom.js";
import { openDialog } from "./dialog.js";
import { csvLines, fileName, keepFile, npyBytes } from "./files.js";
import { fetchPlane } from "./plane.js";
import { platePng, plateSvg } from "./plate.js";
import { comparePlate, mapPlate, mosaicPlate, provenanceOf, sheetPlate } from "./plates.js";
import { comparisonOf } from "./comparison.js";
import { needsPictureFile, pictureFile, pythonCode } from "./python_code.js";

/** @typedef {import("./scope.js").Scope} Scope */

// A layer with more numbers is asked for once, when it is kept.
const ALL_NUMBERS = 2 ** 31 - 1;

/** What a picture can be made of, as far as it is on the screen. @param {Scope} scope @returns {[string, string][]} */
export function subjectsOf(scope) {
  const { mode, layer, channel } = scope.state;
  /** @type {[string, string][]} */
  const found = [];
  if (mode === "sheet") found.push(["sheet", "the sheet, as it stands"]);
  else found.push(["mosaic", `all maps of ${layer}`]);
  if (channel >= 0) found.push(["map", `channel ${channel} of ${layer}`]);
  const comparison = comparisonOf(scope);
  if (comparison && !comparison.names) found.push(["compare", "the comparison"]);
  return found;
}

/**
 * Offer what is seen as a file.
 * @param {Scope} scope
 */
export function listenToDownloads(scope) {
  scope.on("download", (detail) => {
    const { what = "", of = "" } = detail instanceof Element || !detail ? {} : detail;
    if (!scope.run) return;
    if (what) keep(scope, what, of || subjectsOf(scope)[0][0]).then((words) => announce(scope, words)).catch((problem) => scope.fail(problem));
    else openDownloads(scope);
  });
}

/**
 * Say it for a while.
 * @param {Scope} scope
 * @param {string} words
 */
function announce(scope, words) {
  scope.emit("status", words);
  setTimeout(() => scope.emit("status", ""), 4000);
}

/** @param {Scope} scope */
function openDownloads(scope) {
  const subjects = subjectsOf(scope);
  let chosen = subjects[0][0];
  const said = el("p", { class: "cs-dialogsaid", role: "status", "aria-live": "polite" });
  const code = el("div", { hidden: true });
  /** @param {string} what */
  const press = (what) => {
    said.textContent = "…";
    keep(scope, what, chosen).then((words) => {
      said.textContent = words;
    }).catch((problem) => {
      said.textContent = problem instanceof Error ? problem.message : String(problem);
    });
  };
  const radios = subjects.map(([name, words], place) => {
    const radio = el("input", { type: "radio", name: "subject", value: name, checked: place === 0 });
    radio.addEventListener("change", () => {
      chosen = name;
    });
    return el("label", {}, radio, words);
  });
  const { layer, channel } = scope.state;
  const numbers = channel >= 0 ? `channel ${channel} of ${layer}` : `all maps of ${layer}`;
  const text = pythonCode(scope);
  const showCode = () => {
    const source = el("pre", { tabindex: 0, "aria-label": "Python code" }, el("code", {}, text));
    code.replaceChildren(source, el("div", { class: "cs-dialogrow" },
      button("Copy", () => press("python"), { "data-what": "copy-python" }),
      button("Keep as .py", () => press("script"), { "data-what": "script" }),
      needsPictureFile(scope.picture) ? button("Keep its picture", () => press("picture"), { "data-what": "picture" }) : null));
    code.hidden = false;
  };
  openDialog(scope, "Download what you see",
    el("h3", {}, "Picture"),
    el("div", { class: "cs-subjects", role: "radiogroup", "aria-label": "what the picture shows" }, ...radios),
    el("div", { class: "cs-dialogrow" }, button("PNG", () => press("png"), { "data-what": "png" }), button("SVG", () => press("svg"), { "data-what": "svg" }), el("span", { class: "cs-soft" }, "with title, colour bar and where it came from")),
    el("h3", {}, "Numbers"),
    el("div", { class: "cs-dialogrow" }, button("CSV", () => press("csv"), { "data-what": "csv" }), button("NPY", () => press("npy"), { "data-what": "npy" }),
      channel >= 0 ? button("NPY of the layer", () => press("layer-npy"), { "data-what": "layer-npy" }) : null,
      el("span", { class: "cs-soft" }, `the exact values of ${numbers}`)),
    el("h3", {}, "Again"),
    el("div", { class: "cs-dialogrow" }, scope.addressed ? button("Copy the link", () => press("link"), { "data-what": "link" }) : null, button("Python", showCode, { "data-what": "python" }),
      el("span", { class: "cs-soft" }, scope.addressed ? "the link opens this very screen while convscope serves it" : "a notebook has no link of its own")),
    code, said);
}

/**
 * Keep one thing.
 * @param {Scope} scope
 * @param {string} what png, svg, csv, npy, layer-npy, link, python, script or picture
 * @param {string} of sheet, mosaic, map or compare
 * @returns {Promise<string>} what was done, in words
 */
async function keep(scope, what, of) {
  switch (what) {
    case "png": case "svg": return keepPlate(scope, what, of);
    case "csv": case "npy": return keepNumbers(scope, what, scope.state.channel);
    case "layer-npy": return keepNumbers(scope, "npy", -1);
    case "link": return copied(location.href, "the link");
    case "python": return copied(pythonCode(scope), "the code");
    case "script": return kept(pythonCode(scope), "text/x-python", fileName([scope.network.name, scope.state.layer], "py"));
    case "picture": return keepPicture(scope);
    default: throw new Error(`${what} cannot be kept: choose png, svg, csv, npy, link or python`);
  }
}

/**
 * @param {BlobPart} content
 * @param {string} type
 * @param {string} name
 */
function kept(content, type, name) {
  keepFile(new Blob([content], { type }), name);
  return `kept as ${name}`;
}

/**
 * @param {Scope} scope
 * @param {string} what
 * @param {string} of
 */
async function keepPlate(scope, what, of) {
  const { layer, channel } = scope.state;
  const plate = of === "map" ? mapPlate(scope, await fetchPlane(scope, scope.run?.run ?? "", layer, channel)) : of === "compare" ? comparePlate(scope) : of === "mosaic" ? mosaicPlate(scope) : sheetPlate(scope);
  if (!plate) throw new Error(`there is no picture of this yet: wait until ${of === "sheet" ? "the sheet" : layer} is drawn`);
  const image = scope.run?.image ?? "";
  const name = fileName([scope.network.name, of === "sheet" ? "sheet" : layer, of === "map" ? `c${channel}` : of === "compare" ? "compared" : "", image], what);
  if (what === "svg") return kept(await plateSvg(plate), "image/svg+xml", name);
  const more = of === "sheet" ? {} : of === "map" ? { layer, channel } : { layer };
  return kept(/** @type {BlobPart} */ (await platePng(plate, provenanceOf(scope, more))), "image/png", name);
}

/**
 * @param {Scope} scope
 * @param {string} what csv or npy
 * @param {number} channel -1: all of the layer
 */
async function keepNumbers(scope, what, channel) {
  const { layer } = scope.state;
  const run = scope.run?.run ?? "";
  const { values, shape } = channel >= 0 ? await pinnedNumbers(scope, run, layer, channel) : await layerNumbers(scope, run, layer);
  const name = fileName([scope.network.name, layer, channel >= 0 ? `c${channel}` : "", scope.run?.image ?? ""], what);
  if (what === "npy") return kept(/** @type {BlobPart} */ (npyBytes(values, shape)), "application/octet-stream", name);
  return kept(`${csvLines(values, shape, channel < 0).join("\n")}\n`, "text/csv", name);
}

/**
 * @param {Scope} scope
 * @param {string} run
 * @param {string} layer
 * @param {number} channel
 */
async function pinnedNumbers(scope, run, layer, channel) {
  const plane = await fetchPlane(scope, run, layer, channel);
  return { values: plane.values, shape: [1, plane.height, plane.width] };
}

/**
 * @param {Scope} scope
 * @param {string} run
 * @param {string} layer
 * @returns {Promise<{values: ArrayLike<number>, shape: number[]}>}
 */
async function layerNumbers(scope, run, layer) {
  const known = scope.maps(layer);
  const reply = known?.values ? known : await scope.client.ask({ type: "layer", run, layer, limit: ALL_NUMBERS });
  return { values: reply.values.data, shape: reply.shape };
}

/** @param {Scope} scope */
async function keepPicture(scope) {
  const pixels = scope.picture?.pixels;
  if (!scope.picture || !pixels) throw new Error("this picture is a file already");
  const [height, width, colours] = pixels.shape;
  const canvas = el("canvas", { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = pen.createImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    for (let colour = 0; colour < 3; colour++) image.data[4 * at + colour] = pixels.data[colours * at + (colours === 1 ? 0 : colour)];
    image.data[4 * at + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  /** @type {Blob | null} */
  const blob = await new Promise((settle) => canvas.toBlob(settle, "image/png"));
  if (!blob) throw new Error("the browser cannot write this picture");
  return kept(blob, "image/png", pictureFile(scope.picture));
}

/**
 * Put text on the clipboard.
 * @param {string} text
 * @param {string} name
 */
async function copied(text, name) {
  await navigator.clipboard.writeText(text);
  return `${name} is copied`;
}
