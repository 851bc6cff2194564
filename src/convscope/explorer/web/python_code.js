import { comparisonOf, firstOf } from "./comparison.js";
import { base64Of } from "./files.js";
import { frameOf, frameWords } from "./film_frames.js";
import { truePosition } from "./places.js";
import { classOfFilter } from "./surveys.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./types.js").Picture} Picture */

// Pictures up to so many bytes are written into the code.
const WRITTEN_BYTES = 48 * 1024;
// A thumbnail smaller than this is the picture itself.
const THUMBNAIL = 96;

/**
 * The Python that gives what is on the screen.
 * @param {Scope} scope
 * @returns {string}
 */
export function pythonCode(scope) {
  const { state, network } = scope;
  /** @type {Set<string>} */
  const imports = new Set(["import convscope"]);
  const lines = [
    "",
    ...(network.film ? filmCode(scope) : [openCode(network.source)]),
    ...silenceCode(state.mute, "mute"),
    ...silenceCode(state.solo, "solo"),
    ...(network.film ? filmedPictureCode(scope.picture, "image") : pictureCode(scope, scope.picture, "image", imports)),
    "",
    ...(state.mode === "sheet" && state.channel < 0 ? sheetCode(scope) : layerCode(scope, imports)),
    ...heatCode(scope),
    ...compareCode(scope, imports),
  ];
  const about = `"""What the explorer of convscope ${network.version} showed: ${aboutWords(scope)}."""`;
  return `${[about, "", ...importLines(imports), ...lines].join("\n")}\n`;
}

/** @param {Scope} scope */
function aboutWords(scope) {
  const { mode, layer, channel, unit } = scope.state;
  const words = [scope.network.name, scope.run?.image ?? ""];
  if (mode === "layer" || channel >= 0) words.push(layer);
  if (channel >= 0) words.push(`channel ${channel}`);
  if (unit) words.push(`y ${unit[0]}, x ${unit[1]}`);
  return words.filter(Boolean).join(", ").replaceAll("\\", "/").replaceAll('"', "'");
}

/**
 * Those of the standard library first.
 * @param {Set<string>} imports
 */
function importLines(imports) {
  const standard = ["import base64", "import io"].filter((line) => imports.has(line));
  const others = [...imports].filter((line) => !standard.includes(line)).sort((a, b) => Number(a.startsWith("from")) - Number(b.startsWith("from")) || a.toLowerCase().localeCompare(b.toLowerCase()));
  return standard.length ? [...standard, "", ...others] : others;
}

/** @param {string} text */
function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {any} target */
function targetCode(target) {
  return target === null ? "None" : Array.isArray(target) ? `(${target.join(", ")})` : String(target);
}

/** @param {Scope} scope */
function surveyCode(scope) {
  return `survey = convscope.open_survey(${quoted(scope.surveys.info?.path ?? "")})`;
}

/**
 * @param {string} source
 * @param {string} [name] of the variable
 */
function openCode(source, name = "network") {
  if (isEmbedded(source)) return `${name} = convscope.open(convscope.recipes.embedded())`;
  if (/[\\/:]|\.\w{2,5}$/.test(source)) return `${name} = convscope.open(${quoted(source)})`;
  return `${name} = convscope.open(model)  # the ${source} that the explorer was opened with`;
}

/**
 * The network of a film, at the frame that is shown.
 * @param {Scope} scope
 */
function filmCode(scope) {
  const training = scope.state.training ? ", training=True" : "";
  return [`film = convscope.open_film(${quoted(scope.network.source)})`, `network = film.as_network().at(${frameOf(scope)}${training})  # ${frameWords(scope, frameOf(scope))}`];
}

/**
 * @param {Picture | undefined} picture
 * @param {string} name of the variable
 */
function filmedPictureCode(picture, name) {
  const at = picture?.index ?? 0;
  return [`${name} = {name: given[${at} : ${at + 1}] for name, given in film.inputs.items()}`];
}

/** @param {string} source */
function isEmbedded(source) {
  return /[\\/]training[\\/]embedded\.keras$/.test(source);
}

/**
 * @param {Object<string, number[]>} chosen
 * @param {string} verb
 */
function silenceCode(chosen, verb) {
  return Object.entries(chosen).map(([layer, channels]) => `network = convscope.${verb}(network, ${quoted(layer)}, [${channels.join(", ")}])`);
}

/**
 * @param {Scope} scope
 * @param {Picture | undefined} picture
 * @param {string} name of the variable
 * @param {Set<string>} imports
 * @returns {string[]}
 */
function pictureCode(scope, picture, name, imports) {
  if (!picture) return [`${name} = None  # there was none`];
  const { info } = scope.surveys;
  const surveyed = info && picture.name.startsWith(`${info.dataset}:`) ? Number(picture.name.slice(info.dataset.length + 1)) : NaN;
  if (info && !picture.bytes && !picture.pixels && Number.isInteger(surveyed)) return [surveyCode(scope), `${name} = survey.image(${surveyed})`];
  const digit = /^digit (\d)$/.exec(picture.name);
  if (picture.index !== undefined && digit && isEmbedded(scope.network.source)) {
    imports.add("from convscope.training.strokes import digit");
    return [`${name} = digit(${digit[1]})`];
  }
  if (picture.pixels && picture.pixels.data.length <= WRITTEN_BYTES) return pixelCode(name, picture.pixels.data, picture.pixels.shape, imports);
  if (/\.(npy|npz|wav)(:\d+)?$/i.test(picture.name)) return [`${name} = ${quoted(picture.name)}  # put its folder before it`];
  if (picture.bytes && picture.bytes.length <= WRITTEN_BYTES) return fileCode(name, picture.bytes, imports);
  if (/^[\w./ \\-]+:\d+$/.test(picture.name)) return [`${name} = ${quoted(picture.name)}`];
  if (/\.(png|jpe?g|webp|bmp|tiff?|gif)$/i.test(picture.name)) return [`${name} = ${quoted(picture.name)}  # put its folder before it`];
  const small = picture.thumbnail;
  if (small && small.shape[0] < THUMBNAIL && small.shape[1] < THUMBNAIL) return pixelCode(name, /** @type {Uint8Array} */ (small.data), small.shape, imports);
  if (picture.index !== undefined) return [`${name} = images[${picture.index}]  # of those that the explorer was opened with: ${picture.name}`];
  return [`${name} = ${quoted(pictureFile(picture))}  # kept beside this code`];
}

/**
 * Under which name a picture of the page's own is kept beside the code.
 * @param {Picture} picture
 */
export function pictureFile(picture) {
  return `${picture.name.replace(/[^\w-]+/g, "-")}.png`;
}

/**
 * Whether the picture is too large to be written into the code, and has no file.
 * @param {Picture | undefined} picture
 */
export function needsPictureFile(picture) {
  return Boolean(picture?.pixels && picture.pixels.data.length > WRITTEN_BYTES);
}

/**
 * @param {string} name
 * @param {Uint8Array} data
 * @param {number[]} shape
 * @param {Set<string>} imports
 */
function pixelCode(name, data, shape, imports) {
  imports.add("import base64").add("import numpy as np");
  return [`pixels = base64.b64decode("${base64Of(data)}")`, `${name} = np.frombuffer(pixels, np.uint8).reshape(${shape.join(", ")})`];
}

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 * @param {Set<string>} imports
 */
function fileCode(name, bytes, imports) {
  imports.add("import base64").add("import io").add("import PIL.Image");
  return [`file = base64.b64decode("${base64Of(bytes)}")`, `${name} = PIL.Image.open(io.BytesIO(file))`];
}

/** @param {Scope} scope */
function sheetCode(scope) {
  const { scale, colormap, target } = scope.state;
  const chosen = colormap === "auto" ? "" : `, colormap=${quoted(colormap)}`;
  return [
    "activations = network.activations(image)  # every layer: DataArray[image, channel, y, x]",
    ...(scope.hasBooks ? [`books = convscope.contributions(network, image, ${targetCode(target)})`] : []),
    `convscope.maps(network, image, scale=${quoted(scale)}${chosen}).save("maps")  # a picture a layer`,
  ];
}

/**
 * @param {Scope} scope
 * @param {Set<string>} imports
 */
function layerCode(scope, imports) {
  const { layer, channel, filter } = scope.state;
  const filtered = filter !== "" && scope.surveys.has(layer);
  const lines = [
    `activations = network.activations(image, [${quoted(layer)}])`,
    `maps = activations[${quoted(layer)}][0]  # DataArray[channel, y, x]`,
    ...orderCode(scope, imports),
    `picture = convscope.mosaic(maps${filtered ? "[order]" : ""}, ${mosaicOptions(scope)}${filtered ? "" : ", order=order"})`,
    `picture.save(${quoted(`${layer.replaceAll("/", ".")}.png`)})`,
  ];
  return channel >= 0 ? [...lines, ...mapCode(scope)] : lines;
}

/** @param {Scope} scope */
function mosaicOptions(scope) {
  const { scale, colormap, layer } = scope.state;
  const signed = scope.maps(layer)?.signed;
  const options = [`scale=${quoted(scale)}`, `colormap=${quoted(colormap === "auto" ? (signed ? "RdBu" : "paper") : colormap)}`];
  if (scale === "shared") options.push(`bounds=(${scope.colours.ends.join(", ")})`);
  return options.join(", ");
}

/**
 * The order of the maps: blank ones come last.
 * @param {Scope} scope
 * @param {Set<string>} imports
 */
function orderCode(scope, imports) {
  const { layer, target, sort, filter } = scope.state;
  const known = scope.shares.has(layer);
  const lines = known ? [`books = convscope.contributions(network, image, ${targetCode(target)})`, `shares = books[${quoted(layer)}][0]`] : [];
  const flat = "maps.values.reshape(len(maps), -1)";
  const strengths = /** @type {Object<string, string>} */ ({
    contribution: known ? "np.abs(shares.values)" : "",
    ablation: scope.ranking.costs.has(layer) ? `np.abs(convscope.ablation(network, image, ${quoted(layer)}, ${targetCode(target)})[0].values)` : "",
    mean: `${flat}.mean(axis=1)`,
    maximum: `${flat}.max(axis=1)`,
    active: `(${flat} > 0).mean(axis=1)`,
    selectivity: scope.surveys.has(layer) ? "np.abs(told[\"dprime\"].to_numpy())" : "",
  });
  const strength = strengths[sort] ?? "";
  const only = scope.surveys.has(layer) ? filter : "";
  if (only || (strength && sort === "selectivity")) lines.push(surveyCode(scope));
  if (only.startsWith("class:") || (strength && sort === "selectivity")) {
    imports.add("from convscope.surveys.findings import selective");
    lines.push(`told = selective(survey, ${quoted(layer)}).sort_values("channel")`);
  }
  if (strength) {
    imports.add("import numpy as np");
    lines.push(`strength = ${strength}`);
  }
  lines.push(
    'blank = [word in {"zero here", "constant"} for word in convscope.diagnosis(maps)]',
    `order = sorted(range(len(maps)), key=lambda channel: (blank[channel]${strength ? ", -strength[channel]" : ""}))`,
  );
  if (only) {
    imports.add("import numpy as np");
    lines.push(`fired = survey[${quoted(layer)}]["fired"].values`, `kept = ${keptCode(scope, only)}`, "order = [channel for channel in order if kept[channel]]");
  }
  return lines;
}

/**
 * @param {Scope} scope
 * @param {string} filter
 */
function keptCode(scope, filter) {
  if (filter === "dead") return "fired == 0";
  if (filter === "silent") return '(fired > 0) & (np.array(convscope.diagnosis(maps)) == "zero here")';
  return `(fired > 0) & (told["class"].to_numpy() == ${quoted(scope.surveys.info?.classes[classOfFilter(filter)] ?? "")})`;
}

/** @param {Scope} scope */
function mapCode(scope) {
  const { layer, channel, unit } = scope.state;
  const lines = ["", `feature_map = maps[${channel}]`, "print(feature_map.values)"];
  if (scope.shares.has(layer)) lines.push(`print(float(shares[${channel}]))  # its part of the ${scope.books?.words}`);
  if (!unit) return lines;
  const maps = scope.maps(layer);
  const place = truePosition(unit, maps?.space ?? [], maps?.depth);
  if (maps && place.length < maps.space.length) {
    lines.push(`print(float(maps[${channel}].max("z")[${place.join(", ")}]))`);
    return lines;
  }
  lines.push(`print(float(maps[${[channel, ...place].join(", ")}]))`);
  const info = scope.layers.get(layer);
  if (info?.weights || info?.kind === "pool") lines.push(`print(convscope.explain(network, image, ${quoted(layer)}, ${channel}, (${place.map((one) => `${one},`).join(" ")})))`);
  return lines;
}

/** @param {Scope} scope */
function heatCode(scope) {
  const { method, target } = scope.state;
  return method ? ["", `heat = convscope.heatmap(network, image, ${targetCode(target)}, ${quoted(method)})`, "print(heat.values)"] : [];
}

/**
 * @param {Scope} scope
 * @param {Set<string>} imports
 */
function compareCode(scope, imports) {
  const found = comparisonOf(scope);
  if (!found) return [];
  const { layer, target } = scope.state;
  const channels = found.names ? null : found.pairs.map((pair) => pair.channel);
  const pick = channels ? (channels.length === 1 ? `[${channels[0]}]` : `[[${channels.join(", ")}]]`) : "";
  const same = found.pairs.every((pair) => pair.difference);
  const first = `a = network.activations(image, [${quoted(layer)}])[${quoted(layer)}][0]${pick}.values`;
  const last = same ? ["difference = a - b", "print(difference)"] : ["print(a, b)"];
  switch (found.kind) {
    case "frame": {
      const training = scope.state.training ? ", training=True" : "";
      return ["", first, `then = film.as_network().at(${found.other}${training})`, `b = then.activations(image, [${quoted(layer)}])[${quoted(layer)}][0]${pick}.values`, ...last];
    }
    case "image":
      return ["", first, ...(scope.network.film ? filmedPictureCode(scope.pictures[found.other], "other") : pictureCode(scope, scope.pictures[found.other], "other", imports)), `b = network.activations(other, [${quoted(layer)}])[${quoted(layer)}][0]${pick}.values`, ...last];
    case "layer": {
      const second = quoted(scope.network.layers[found.other].name);
      return ["", first, `b = network.activations(image, [${second}])[${second}][0]${pick}.values`, ...last];
    }
    case "class":
      imports.add("from convscope.analysis.contributions import unit_contributions");
      return ["", ...[["a", targetCode(target ?? scope.classIndex)], ["b", String(found.other)]].map(([name, aim]) => `${name} = unit_contributions(network, image, ${quoted(layer)}, ${aim})[0]${pick}.values`), ...last];
    case "survey": {
      const variable = found.names ? "class_mean" : "class_map";
      const at = channels ? `channel=${channels.length === 1 ? channels[0] : `[${channels.join(", ")}]`}` : "";
      return ["", surveyCode(scope), `means = survey[${quoted(layer)}][${quoted(variable)}].isel(${at})`, ...[["a", firstOf(scope)], ["b", found.other]].map(([name, index]) => `${name} = means.isel({"class": ${index}}).values`), ...last];
    }
    default: {
      if (!found.network) return [];
      const { source, layer: second } = found.network;
      return ["", first, openCode(source, "other_network"), `b = other_network.activations(image, [${quoted(second)}])[${quoted(second)}][0]${pick}.values`, ...last];
    }
  }
}
