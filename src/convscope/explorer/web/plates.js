import { barWords } from "./bar.js";
import { inks } from "./blanks.js";
import { isDark } from "./colour.js";
import { comparisonOf } from "./comparison.js";
import { figure, signedFigure } from "./dom.js";
import { levelBetween } from "./levels.js";
import { described } from "./map_words.js";
import { pairEnds } from "./pair.js";
import { blankWord, fittedPlane, paintPlane, planeCanvas } from "./plane.js";
import { framed } from "./plate.js";
import { barEnds, CAPTION, drawTile, GAP } from "./tiles.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./plate.js").Plate} Plate */
/** @typedef {import("./plate.js").Words} Words */

// A mosaic is about so wide, and a map about so large.
const MOSAIC_WIDTH = 1000;
const MAP_SIZE = 640;
// Cells that take a number.
const NUMBERED = 32;
const COMPARED_SIZE = 220;

/**
 * Where what is on the screen came from, in lines.
 * @param {Scope} scope
 */
export function provenanceLines(scope) {
  const { network, run, state } = scope;
  const silent = Object.entries(run?.muted ?? {}).map(([layer, channels]) => `${layer} ${channels.join(", ")}`);
  const best = run?.predictions[0];
  return [
    [network.name, network.source === network.name ? "" : network.source, run?.image ?? "", best ? `${scope.label(best.index)} ${figure(best.score)}` : ""].filter(Boolean).join(" · "),
    run?.fed ?? "",
    [`scale ${state.scale}`, `colours ${state.colormap}`, silent.length ? `muted: ${silent.join("; ")}` : "", `convscope ${network.version}`].filter(Boolean).join(" · "),
  ].filter(Boolean);
}

/**
 * The same for a file, under the names that convscope.pictures uses.
 * @param {Scope} scope
 * @param {any} more
 */
export function provenanceOf(scope, more) {
  const { network, run, state } = scope;
  return { network: network.name, source: network.source, image: run?.image, preparation: run?.fed, scale: state.scale, colormap: state.colormap, muted: run?.muted, score: run?.score, version: network.version, ...more };
}

/**
 * All maps of the chosen layer.
 * @param {Scope} scope
 * @returns {Plate | null}
 */
export function mosaicPlate(scope) {
  const layer = scope.maps(scope.state.layer);
  const info = scope.layers.get(scope.state.layer);
  if (!layer || !info) return null;
  const { shown, blank } = scope.ranking.order(layer);
  const all = [...shown, ...blank];
  const { tile } = scope.state;
  const tall = Math.max(6, Math.min(4 * tile, Math.round((tile * layer.shape[1]) / layer.shape[2])));
  const [stepX, stepY] = [tile + GAP, tall + CAPTION + 6];
  const square = Math.ceil(Math.sqrt((all.length * stepY) / stepX));
  const columns = Math.min(Math.max(1, all.length), Math.max(square, Math.floor(MOSAIC_WIDTH / stepX)));
  const { shares, strongest, most } = barEnds(scope, layer);
  const colours = inks(scope.root);
  const boxes = all.map((channel, place) => ({ channel, x: (place % columns) * stepX, y: Math.floor(place / columns) * stepY, wide: tile, tall }));
  /** @type {Words[]} */
  const words = [];
  for (const { channel, x, y } of boxes) {
    if (tile >= 26) words.push({ words: String(channel), x, y: y + tall + 16, size: 11 });
    if (tile >= 44) words.push({ words: figure(layer.maximum.data[channel], 2), x: x + tile, y: y + tall + 16, size: 11, anchor: "end" });
  }
  const [low, high] = barWords(scope, layer);
  return framed(scope, {
    title: `${layer.layer} · ${described(info)}`,
    width: columns * stepX,
    height: Math.ceil(all.length / columns) * stepY,
    words,
    bars: [{ lut: scope.colours.lut(layer.signed), low, high, of: "" }],
    provenance: provenanceLines(scope),
    paint(pen) {
      for (const { channel, ...box } of boxes) drawTile(wordless(pen), scope, layer, channel, box, { strongest, share: shares?.[channel] ?? NaN, most, pinned: false, inks: colours });
    },
  });
}

/**
 * A pen that leaves out the numbers beneath tiles, which are written as words; those on blank tiles stay.
 * @param {CanvasRenderingContext2D} pen
 */
function wordless(pen) {
  return /** @type {CanvasRenderingContext2D} */ (new Proxy(pen, {
    get(target, key) {
      const value = /** @type {any} */ (target)[key];
      if (key === "fillText") return (/** @type {[string, number, number]} */ ...given) => target.textBaseline === "middle" && target.fillText(...given);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set(target, key, value) {
      /** @type {any} */ (target)[key] = value;
      return true;
    },
  }));
}

/**
 * The pinned map, with its numbers where they fit.
 * @param {Scope} scope
 * @param {import("./plane.js").Plane} plane
 * @returns {Plate | null}
 */
export function mapPlate(scope, plane) {
  const { layer: name, channel, unit } = scope.state;
  const layer = scope.maps(name);
  if (!layer) return null;
  const span = scope.colours.span(layer);
  const ends = { low: span.low[channel], high: span.high[channel], signed: span.signed };
  const lut = scope.colours.lut(layer.signed);
  const source = planeCanvas(plane, ends, lut);
  const blank = blankWord(plane);
  const box = { x: 0, y: 0, ...fittedPlane(plane, MAP_SIZE, MAP_SIZE) };
  const [wide, tall] = [box.wide / plane.width, box.tall / plane.height];
  const colours = inks(scope.root);
  /** @type {Words[]} */
  const words = [];
  if (wide >= NUMBERED && !blank) {
    plane.values.forEach((value, at) => {
      const level = levelBetween(value, ends.low, ends.high);
      words.push({ words: figure(value, 2), x: ((at % plane.width) + 0.5) * wide, y: (Math.floor(at / plane.width) + 0.5) * tall + 4, size: Math.min(13, wide / 3.2), anchor: "middle", colour: isDark(lut, level) ? "#ffffff" : "#1d252c" });
    });
  }
  const share = scope.shares.get(name)?.[channel];
  return framed(scope, {
    title: `${name} · channel ${channel}${unit ? ` · y ${unit[0]}, x ${unit[1]}: ${figure(plane.values[unit[0] * plane.width + unit[1]], 4)}` : ""}`,
    width: box.wide,
    height: box.tall,
    words,
    bars: [{ lut, low: figure(ends.low), high: figure(ends.high), of: "" }],
    provenance: [...(share === undefined ? [] : [`contributes ${signedFigure(share)} to the ${scope.books?.words}`]), ...provenanceLines(scope)],
    paint(pen) {
      paintPlane(pen, plane, source, box, blank, colours);
      pen.lineWidth = 1;
      pen.strokeStyle = colours.line;
      pen.strokeRect(-0.5, -0.5, box.wide + 1, box.tall + 1);
      if (!unit) return;
      pen.strokeStyle = colours.pin;
      pen.lineWidth = 2;
      pen.strokeRect(unit[1] * wide, unit[0] * tall, wide, tall);
    },
  });
}

/**
 * The comparison: A, B and their difference, a row a channel.
 * @param {Scope} scope
 * @returns {Plate | null}
 */
export function comparePlate(scope) {
  const found = comparisonOf(scope);
  if (!found || found.names) return null;
  const colours = inks(scope.root);
  /** @type {Words[]} */
  const words = [];
  /** @type {((pen: CanvasRenderingContext2D) => void)[]} */
  const paints = [];
  /** @type {import("./plate.js").Content["bars"]} */
  const bars = [];
  let y = 0;
  let width = 0;
  for (const pair of found.pairs) {
    const ends = pairEnds(scope, pair);
    const parts = [
      { words: `A: ${found.a.words}`, plane: pair.a, ends: ends.maps, lut: ends.lut, blank: blankWord(pair.a) },
      { words: `B: ${found.b.words}`, plane: pair.b, ends: ends.maps, lut: ends.lut, blank: blankWord(pair.b) },
      ...(pair.difference ? [{ words: "A − B", plane: pair.difference, ends: ends.difference, lut: ends.lutOfDifference, blank: blankWord(pair.difference) && "no difference" }] : []),
    ];
    let x = 0;
    let tallest = 0;
    for (const part of parts) {
      const box = { x, y: y + 18, ...fittedPlane(part.plane, COMPARED_SIZE, COMPARED_SIZE) };
      const source = planeCanvas(part.plane, part.ends, part.lut);
      words.push({ words: `${pair.title} · ${part.words}`.slice(0, 42), x, y: y + 10, size: 11 });
      paints.push((pen) => paintPlane(pen, part.plane, source, box, part.blank, colours));
      x += Math.max(box.wide, COMPARED_SIZE) + 18;
      tallest = Math.max(tallest, box.tall);
    }
    const short = found.pairs.length > 1 ? `${pair.title}: ` : "";
    bars.push({ lut: ends.lut, low: figure(ends.maps.low), high: figure(ends.maps.high), of: `${short}A, B` });
    if (pair.difference) bars.push({ lut: ends.lutOfDifference, low: figure(ends.difference.low), high: figure(ends.difference.high), of: "A − B" });
    else words.push({ words: pair.because, x, y: y + 30, size: 11 });
    y += tallest + 32;
    width = Math.max(width, x);
  }
  return framed(scope, {
    title: `${scope.state.layer} · A ${found.a.words} · B ${found.b.words}`,
    width, height: y, words, bars,
    provenance: [...(found.of === "values" ? [] : [found.of]), ...provenanceLines(scope)],
    paint: (pen) => paints.forEach((paint) => paint(pen)),
  });
}

/**
 * The sheet as it stands on the screen.
 * @param {Scope} scope
 * @returns {Plate | null}
 */
export function sheetPlate(scope) {
  /** @type {{width?: number, height?: number, paint?: (pen: CanvasRenderingContext2D) => void}} */
  const wanted = {};
  scope.emit("print", wanted);
  const { width = 0, height = 0, paint } = wanted;
  if (!paint) return null;
  const signed = scope.sheet?.signed.some(Boolean) ?? scope.kept.all(scope.run?.run).some((layer) => layer.signed);
  const bars = [{ lut: scope.colours.lut(false), low: "0 or low", high: "high of each map", of: "" }];
  if (signed) bars.push({ lut: scope.colours.lut(true), low: "− the larger end", high: "+ the larger end of each map", of: "maps of both signs" });
  return framed(scope, {
    title: `${scope.network.name} · ${scope.network.layers.length} layers on ${scope.run?.image ?? ""}`,
    width, height, words: [], bars,
    provenance: provenanceLines(scope),
    paint(pen) {
      pen.beginPath();
      pen.rect(0, 0, width, height);
      pen.clip();
      paint(pen);
    },
  });
}
