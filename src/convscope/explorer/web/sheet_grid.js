import { drawBlank, isBlankWord } from "./blanks.js";
import { figure } from "./dom.js";
import { paintCells } from "./sheet_cells.js";
import { strengthOf } from "./sheet_maps.js";
import { fontOf } from "./sheet_text.js";
import { PREPARED } from "./sheet_tiles.js";

/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */
/** @typedef {import("./sheet_products.js").ScreenBox} ScreenBox */
/** @typedef {import("./sheet_layout.js").Group} Group */
/** @typedef {import("./sheet_maps.js").SheetLayer} SheetLayer */

// Pixels across a tile above which each is drawn by itself, and below which it is a dot.
const SINGLE = 16;
const DOT = 4.5;
const SPECK = 2;

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 */
export function paintMaps(pen, scene, group, layer) {
  const { zoom } = scene.camera;
  const pixels = Math.max(group.tileWide, group.tileTall) * zoom;
  const channels = scene.tiled(layer.name);
  if (pixels >= SINGLE) return paintTiles(pen, scene, group, layer, channels);
  const size = pixels < SPECK ? "speck" : pixels < DOT ? "dot" : "small";
  const look = { most: scene.most, inks: scene.inks };
  const canvas = scene.prepared.tiles(size, group, layer, channels, look) ?? scene.prepared.canvases.get(`dot ${layer.name}`) ?? scene.prepared.canvases.get(`speck ${layer.name}`);
  if (!canvas) return paintAwaited(pen, scene, group);
  pen.imageSmoothingEnabled = true;
  pen.imageSmoothingQuality = "low";
  pen.drawImage(canvas, scene.screenX(group.x), scene.screenY(group.body), group.columns * group.stepX * zoom, (canvas.height / stepIn(canvas, group, layer)) * group.stepY * zoom);
}

/**
 * Pixels from a row of tiles to the next on a prepared canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {Group} group
 * @param {SheetLayer} layer
 */
function stepIn(canvas, group, layer) {
  return canvas.height / Math.max(1, Math.ceil(layer.channels / group.columns));
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 * @param {SheetLayer} layer
 * @param {number[]} channels
 */
function paintTiles(pen, scene, group, layer, channels) {
  const { camera: { zoom }, inks, layout: { measures } } = scene;
  const [wide, tall] = [group.tileWide * zoom, group.tileTall * zoom];
  const [stepX, stepY] = [group.stepX * zoom, group.stepY * zoom];
  const [left, top] = [scene.screenX(group.x), scene.screenY(group.body)];
  const first = [Math.max(0, Math.floor(-left / stepX)), Math.max(0, Math.floor(-top / stepY))];
  const last = [Math.min(group.columns - 1, Math.floor((scene.width - left) / stepX)), Math.floor((scene.height - top) / stepY)];
  if (last[0] < first[0] || last[1] < first[1]) return;
  const atlas = scene.prepared.atlas(layer.name, wide * (globalThis.devicePixelRatio || 1));
  const small = atlas ? null : scene.prepared.tiles("small", group, layer, channels, { most: scene.most, inks });
  const room = wide >= 58 ? measures.gapY * zoom : 0;
  for (let line = first[1]; line <= last[1]; line++) {
    for (let column = first[0]; column <= last[0]; column++) {
      const place = line * group.columns + column;
      if (place >= channels.length) break;
      const channel = channels[place];
      const box = { x: Math.round(left + column * stepX), y: Math.round(top + line * stepY), wide: Math.round(wide), tall: Math.round(tall) };
      // The rim is what a larger rectangle behind the map leaves: strokes take far longer.
      pen.fillStyle = inks.line;
      pen.fillRect(box.x - 1, box.y - 1, box.wide + 2, box.tall + 2);
      const word = blankOf(scene, layer, channel);
      if (word) drawBlank(pen, word, box.x, box.y, box.wide, box.tall, word === "muted" ? { ...inks, ground: inks.muted } : inks);
      else if (atlas) drawMapPart(pen, scene, atlas, channel, box);
      else if (small) drawPrepared(pen, small, group, layer, column, line, box);
      barsOfTile(pen, scene, layer, channel, box, Math.max(1.5, Math.min(5, wide * 0.06)), room);
    }
  }
  paintCells(pen, scene, group, layer, channels, { left, top, wide, tall, stepX, stepY, first, last });
}

/**
 * Why nothing is seen on a map; empty where something is.
 * @param {SheetScene} scene
 * @param {SheetLayer} layer
 * @param {number} channel
 */
function blankOf({ scope }, layer, channel) {
  if (scope.isMuted(layer.name, channel)) return "muted";
  const word = scope.network.words[layer.codes[channel]];
  return isBlankWord(word) ? scope.surveys.wordOf(layer.name, channel, word) : "";
}

/**
 * A map's strength beside it and its contribution below it, with a caption where there is room.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {SheetLayer} layer
 * @param {number} channel
 * @param {ScreenBox} box
 * @param {number} thin pixels across a bar, and from it to the map
 * @param {number} room for a caption
 */
function barsOfTile(pen, scene, layer, channel, box, thin, room) {
  const { inks, scope } = scene;
  const strong = strengthOf(layer, channel) * box.tall;
  pen.fillStyle = inks.faint;
  pen.fillRect(box.x + box.wide + thin, box.y + box.tall - strong, thin, strong);
  const share = scope.shares.get(layer.name)?.[channel];
  const high = Math.max(2, thin);
  if (share) {
    pen.fillStyle = share > 0 ? inks.for : inks.against;
    pen.fillRect(box.x, box.y + box.tall + thin, Math.max(1, Math.min(1, Math.abs(share) / scene.most) * box.wide), high);
  }
  if (room) caption(pen, scene, layer, channel, box, thin + high, room);
}

/**
 * A channel's number and its largest value below its bars.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {SheetLayer} layer
 * @param {number} channel
 * @param {ScreenBox} box
 * @param {number} below
 * @param {number} room
 */
function caption(pen, scene, layer, channel, box, below, room) {
  const size = Math.min(13, (room - below) * 0.75, box.wide * 0.16);
  if (size < 7) return;
  pen.font = fontOf(size, scene.inks.family);
  pen.textBaseline = "top";
  pen.textAlign = "left";
  pen.fillStyle = scene.inks.soft;
  const y = box.y + box.tall + below + 2;
  pen.fillText(String(channel), box.x, y);
  pen.textAlign = "right";
  pen.fillText(figure(layer.maximum[channel], 2), box.x + box.wide, y);
}

/**
 * Draw the part of a map that is in view, in whole units.
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {import("./atlas.js").Atlas} atlas
 * @param {number} channel
 * @param {ScreenBox} box
 */
function drawMapPart(pen, scene, atlas, channel, box) {
  if (box.wide < 2 * scene.width && box.tall < 2 * scene.height) {
    atlas.draw(pen, channel, box.x, box.y, box.wide, box.tall);
    return;
  }
  const [cellX, cellY] = [box.wide / atlas.width, box.tall / atlas.height];
  const x0 = Math.max(0, Math.floor(-box.x / cellX));
  const y0 = Math.max(0, Math.floor(-box.y / cellY));
  const x1 = Math.min(atlas.width, Math.ceil((scene.width - box.x) / cellX));
  const y1 = Math.min(atlas.height, Math.ceil((scene.height - box.y) / cellY));
  if (x1 <= x0 || y1 <= y0) return;
  pen.imageSmoothingEnabled = false;
  const fromX = (channel % atlas.columns) * atlas.width + x0;
  const fromY = Math.floor(channel / atlas.columns) * atlas.height + y0;
  pen.drawImage(atlas.canvas, fromX, fromY, x1 - x0, y1 - y0, box.x + x0 * cellX, box.y + y0 * cellY, (x1 - x0) * cellX, (y1 - y0) * cellY);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {HTMLCanvasElement} canvas
 * @param {Group} group
 * @param {SheetLayer} layer
 * @param {number} column
 * @param {number} line
 * @param {ScreenBox} box
 */
function drawPrepared(pen, canvas, group, layer, column, line, box) {
  const stepX = canvas.width / group.columns;
  const stepY = stepIn(canvas, group, layer);
  const larger = Math.max(group.tileWide, group.tileTall);
  const wide = Math.max(1, Math.round((PREPARED.small * group.tileWide) / larger));
  const tall = Math.max(1, Math.round((PREPARED.small * group.tileTall) / larger));
  pen.imageSmoothingEnabled = true;
  pen.imageSmoothingQuality = "low";
  pen.drawImage(canvas, column * stepX, line * stepY, wide, tall, box.x, box.y, box.wide, box.tall);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {SheetScene} scene
 * @param {Group} group
 */
export function paintAwaited(pen, scene, group) {
  const { zoom } = scene.camera;
  pen.fillStyle = scene.inks.ground;
  pen.fillRect(scene.screenX(group.x), scene.screenY(group.body), group.columns * group.stepX * zoom, (group.tall - scene.layout.measures.pill) * zoom);
}
