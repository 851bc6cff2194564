import { drawBlank, inks } from "./blanks.js";
import { el, fill, sharp, signedFigure } from "./dom.js";
import { largestSize } from "./levels.js";
import { thumbnailOf } from "./thumbnails.js";
import { inputName } from "./waterfall_sources.js";

/** @typedef {{layer: string, channel: number, share: number | null}} Relative */
/** @typedef {{fed_by: Relative[], feeds: Relative[], fed_total: number, fed_more: number, feeds_more: number, reason: string | null}} Kin */

const ACROSS = 48;

/**
 * The maps that fed this one most, and those that it feeds most; each a click away.
 * @param {import("./scope.js").Scope} scope
 */
export function lineagePanel(scope) {
  const fed = kinRow("Fed by");
  const feeds = kinRow("Feeds");
  const reason = el("p", { class: "cs-soft" });
  const node = el("section", { "aria-label": "lineage", hidden: true }, fed.node, feeds.node, reason);
  /** @type {Kin | null} */
  let kin = null;
  /** @type {Kin | null} */
  let drawnKin = null;
  let drawn = "";

  const draw = () => {
    node.hidden = !kin;
    if (!kin) return;
    // A thumbnail that is made anew while it is pressed hears no click.
    const key = keyOfKin(scope, kin);
    if (kin === drawnKin && key === drawn) return;
    drawnKin = kin;
    drawn = key;
    const total = kin.fed_by.length && Number.isFinite(kin.fed_total) ? `all together ${signedFigure(kin.fed_total)}` : "";
    fed.show(kin.fed_by.map((one) => relative(scope, one, mostOf(kin?.fed_by ?? []))), moreWords(kin.fed_more, total));
    feeds.show(kin.feeds.map((one) => relative(scope, one, mostOf(kin?.feeds ?? []))), moreWords(kin.feeds_more, ""));
    reason.textContent = kin.reason ?? "";
    reason.hidden = !kin.reason;
  };

  return {
    node,
    /** @param {Kin | null} next */
    show(next) {
      kin = next;
      draw();
      for (const name of new Set([...(kin?.fed_by ?? []), ...(kin?.feeds ?? [])].map((one) => one.layer))) {
        if (kin && scope.layers.has(name) && !scope.maps(name) && !scope.sheet) scope.need(name).then(draw, () => {});
      }
    },
  };
}

/**
 * What the thumbnails depend on.
 * @param {import("./scope.js").Scope} scope
 * @param {Kin} kin
 */
function keyOfKin({ run, sheet, state, dark, kept }, { fed_by: fed, feeds }) {
  const held = [...fed, ...feeds].map(({ layer }) => kept.of(run?.run ?? "", layer) !== null);
  return JSON.stringify([run?.run, sheet !== null, held, state.scale, state.colormap, dark]);
}

/** @param {Relative[]} kin */
function mostOf(kin) {
  return Math.max(...kin.map((one) => Math.abs(one.share ?? 0)), 0) || 1;
}

/** @param {number} more @param {string} total */
function moreWords(more, total) {
  return [more ? `${more.toLocaleString("en")} more` : "", total].filter(Boolean).join(" · ");
}

/** @param {string} title */
function kinRow(title) {
  const row = el("div", { class: "cs-kin" });
  const note = el("span", { class: "cs-soft" });
  const node = el("div", {}, el("h3", { class: "cs-caption" }, title, " ", note), row);
  return {
    node,
    /** @param {HTMLElement[]} tiles @param {string} words */
    show(tiles, words) {
      node.hidden = !tiles.length;
      note.textContent = words;
      fill(row, ...tiles);
    },
  };
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {Relative} one
 * @param {number} most
 */
function relative(scope, { layer, channel, share: given }, most) {
  const share = given ?? NaN;
  const known = scope.layers.has(layer);
  const words = `${known ? `${layer}, channel ${channel}` : inputName(scope, channel)}: ${signedFigure(share)}`;
  const canvas = el("canvas", { "aria-hidden": "true" });
  drawThumb(scope, canvas, layer, channel);
  const bar = el("i", { class: share >= 0 ? "cs-rise" : "cs-fall" });
  bar.style.width = `${(Math.abs(share) / most) * 100}%`;
  const tile = known ? el("button", { type: "button", title: words, "aria-label": `follow ${words}` }) : el("span", { title: words });
  tile.className = "cs-relative";
  tile.append(canvas, el("span", { class: "cs-thumbbar", "aria-hidden": "true" }, bar), el("small", {}, known ? String(channel) : inputName(scope, channel)), el("small", { class: "cs-number" }, signedFigure(share, 2)));
  if (known) tile.addEventListener("click", () => scope.pin(layer, channel));
  return tile;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {HTMLCanvasElement} canvas
 * @param {string} layer
 * @param {number} channel
 */
function drawThumb(scope, canvas, layer, channel) {
  const pen = sharp(canvas, ACROSS, ACROSS);
  const colours = inks(scope.root);
  pen.fillStyle = colours.ground;
  pen.fillRect(0, 0, ACROSS, ACROSS);
  const maps = scope.maps(layer);
  const map = thumbnailOf(scope, layer, channel);
  const word = maps && channel < maps.codes.data.length ? scope.network.words[maps.codes.data[channel]] : "";
  if (scope.isMuted(layer, channel)) drawBlank(pen, "muted", 0, 0, ACROSS, ACROSS, { ...colours, ground: colours.muted });
  else if (word === "zero here") drawBlank(pen, "", 0, 0, ACROSS, ACROSS, colours);
  else if (map) {
    const scale = ACROSS / Math.max(map.width, map.height);
    const wide = Math.max(4, map.width * scale);
    const tall = Math.max(4, map.height * scale);
    pen.imageSmoothingEnabled = scale < 1;
    pen.drawImage(map, (ACROSS - wide) / 2, (ACROSS - tall) / 2, wide, tall);
  } else if (maps && maps.values && maps.shape[1] * maps.shape[2] === 1) {
    const value = maps.values.data[channel];
    const most = Math.max(largestSize(maps.high.data), largestSize(maps.low.data)) || 1;
    pen.fillStyle = value >= 0 ? colours.for : colours.against;
    const tall = (Math.abs(value) / most) * (ACROSS - 4);
    pen.fillRect(ACROSS / 2 - 8, ACROSS - 2 - tall, 16, Math.max(1, tall));
  } else if (!scope.layers.has(layer) && scope.run?.seen) {
    const { data, shape } = scope.run.seen;
    const image = pen.createImageData(shape[1], shape[0]);
    for (let at = 0; at < shape[0] * shape[1]; at++) {
      const grey = data[at * shape[2] + Math.min(channel, shape[2] - 1)];
      image.data.set([grey, grey, grey, 255], 4 * at);
    }
    const own = document.createElement("canvas");
    own.width = shape[1];
    own.height = shape[0];
    /** @type {CanvasRenderingContext2D} */ (own.getContext("2d")).putImageData(image, 0, 0);
    pen.drawImage(own, 0, 0, ACROSS, ACROSS);
  }
  pen.strokeStyle = colours.line;
  pen.strokeRect(0.5, 0.5, ACROSS - 1, ACROSS - 1);
}
