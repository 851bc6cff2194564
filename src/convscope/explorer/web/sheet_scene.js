import { pictureCanvas } from "./colour.js";
import { lanesOf } from "./lanes.js";
import { sheetInks } from "./sheet_inks.js";
import { edgesBetween, itemsOf, openBlocks } from "./sheet_items.js";
import { layoutOf } from "./sheet_layout.js";
import { sheetLayers, sheetOrder } from "./sheet_maps.js";
import { boxOf } from "./sheet_places.js";
import { headOrder, mostShare, sumsOfShares } from "./sheet_shares.js";
import { PreparedLayers } from "./sheet_tiles.js";
import { SheetValues } from "./sheet_values.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./sheet_layout.js").Group} Group */
/** @typedef {import("./sheet_maps.js").SheetLayer} SheetLayer */

/** @typedef {ReturnType<typeof sheetInks>} SheetInks */

/** Everything that is painted: where the groups lie, and what is known of their maps. */
export class SheetScene {
  /**
   * @param {Scope} scope
   * @param {() => void} redraw
   * @param {() => void} arrived what is done when something that was asked for is there
   */
  constructor(scope, redraw, arrived) {
    this.scope = scope;
    this.redraw = redraw;
    this.values = new SheetValues(scope, arrived);
    this.width = 0;
    this.height = 0;
    /** @type {import("./sheet_camera.js").Camera} */
    this.camera = { x: 0, y: 0, zoom: 1 };
    /** @type {import("./sheet_layout.js").Layout} */
    this.layout = { groups: [], rows: [], wide: 1, tall: 1, measures: /** @type {any} */ ({ tile: 1 }) };
    /** @type {import("./lanes.js").Lanes} */
    this.lanes = { main: [], jumps: [], lanes: 0 };
    /** @type {import("./sheet_items.js").OpenBlock[]} */
    this.blocks = [];
    /** @type {Map<string, SheetLayer>} */
    this.layers = new Map();
    /** @type {Map<string, {shown: number[], blank: number[], by: string, all: number[]}>} */
    this.orders = new Map();
    /** @type {Map<string, Group>} */
    this.groups = new Map();
    /** Layers whose blank maps are shown. @type {Set<string>} */
    this.opened = new Set();
    this.most = 1;
    this.prepared = new PreparedLayers(scope);
    /** @type {SheetInks} */
    this.inks = sheetInks(scope.root);
    /** @type {import("./sheet_found.js").Found | null} */
    this.hover = null;
    this.laidFor = "";
    /** Whether pictures follow each other quickly, as while one is drawn. */
    this.moving = false;
    /** @type {{run: string, canvas: HTMLCanvasElement} | null} */
    this.picture = null;
    /** @type {Map<string, {for: number, against: number}>} */
    this.sums = new Map();
  }

  /**
   * Lay the groups out for a view of a size.
   * @param {number} width
   * @param {number} height
   */
  lay(width, height) {
    const { scope } = this;
    const size = scope.run?.seen?.shape ?? scope.network.size;
    const items = itemsOf(scope.network, scope.state.folded, (name) => this.shapeOf(name), size && (scope.run?.seen || !scope.run) ? size[0] / size[1] || 1 : null);
    const key = JSON.stringify([width, height, items.map((item) => [item.name, item.kind, item.count, item.proportion])]);
    if (key === this.laidFor) return false;
    this.laidFor = key;
    this.lanes = lanesOf(edgesBetween(items, scope.network.edges), items.length);
    this.blocks = openBlocks(items, scope.network.blocks);
    this.layout = layoutOf(items, this.lanes, this.blocks, width, height);
    this.groups = new Map(this.layout.groups.filter((group) => group.item.kind !== "block").map((group) => [group.item.name, group]));
    this.prepared.clear();
    return true;
  }

  /**
   * Channels, height and width of a layer's maps on this run; null where nobody knows yet.
   * @param {string} name
   * @returns {number[] | null}
   */
  shapeOf(name) {
    const known = this.scope.maps(name)?.shape;
    if (known) return known;
    const stated = this.scope.layers.get(name)?.shape;
    if (stated?.every((size) => size !== null)) return /** @type {number[]} */ (stated);
    const layer = this.layers.get(name);
    return layer ? [layer.channels, layer.height, layer.width] : null;
  }

  /** Another network: nothing is known of it. */
  forget() {
    this.layers = new Map();
    this.sums = new Map();
    this.orders.clear();
    this.opened.clear();
    this.prepared.clear();
    this.laidFor = "";
    this.hover = null;
  }

  /** Take up what a run, the overview or the books brought. */
  read() {
    this.layers = sheetLayers(this.scope);
    this.prepared.clear();
    this.most = mostShare(this.scope);
    this.sums = sumsOfShares(this.scope);
  }

  /**
   * What speaks for and against in a layer, of the most in any.
   * @param {string} name
   */
  sumsOf(name) {
    return this.sums.get(name);
  }

  /** The input as the network sees it; null where it is no picture. */
  inputPicture() {
    const { run } = this.scope;
    if (!run?.seen) return null;
    if (this.picture?.run !== run.run) this.picture = { run: run.run, canvas: pictureCanvas(run.seen) };
    return this.picture.canvas;
  }

  /** Sort anew; while a picture is being drawn the maps stay where they are. */
  sort() {
    this.orders.clear();
    this.prepared.clear();
  }

  /**
   * The channels of a layer in the order of their tiles.
   * @param {string} name
   */
  order(name) {
    const known = this.orders.get(name);
    if (known) return known;
    const layer = this.layers.get(name);
    if (!layer) return null;
    const head = this.groups.get(name)?.item.head ? headOrder(this.scope, layer) : null;
    const found = head ?? sheetOrder(this.scope, layer);
    const order = { ...found, all: [...found.shown, ...found.blank] };
    this.orders.set(name, order);
    return order;
  }

  /**
   * The channels that have a tile at present.
   * @param {string} name
   * @returns {number[]}
   */
  tiled(name) {
    const order = this.order(name);
    if (!order) return [];
    return this.opened.has(name) || this.moving ? order.all : order.shown;
  }

  /** @param {number} x */
  screenX(x) {
    return (x - this.camera.x) * this.camera.zoom + this.width / 2;
  }

  /** @param {number} y */
  screenY(y) {
    return (y - this.camera.y) * this.camera.zoom + this.height / 2;
  }

  /**
   * Where a box of the sheet lies in the view.
   * @param {{x: number, y: number, wide: number, tall: number}} box
   */
  onScreen({ x, y, wide, tall }) {
    const { zoom } = this.camera;
    return { x: this.screenX(x), y: this.screenY(y), wide: wide * zoom, tall: tall * zoom };
  }

  /**
   * The name of a layer without that of the block whose label stands above it.
   * @param {Group} group
   */
  shortName(group) {
    const { name, first, last } = group.item;
    let short = name;
    for (const { block } of this.blocks) {
      if (block.first <= first && last <= block.last && name.startsWith(block.name) && name.length > block.name.length) short = name.slice(block.name.length).replace(/^[/_.-]+/, "");
    }
    return short;
  }

  /**
   * Where a channel's tile lies on the sheet; null where it has none.
   * @param {string} name
   * @param {number} channel
   */
  boxFor(name, channel) {
    const group = this.groups.get(name);
    const place = group ? this.tiled(name).indexOf(channel) : -1;
    return group && place >= 0 ? boxOf(group, this.layout.measures, place) : null;
  }

  /**
   * The pill that counts a layer's blank maps, on the sheet; null where there are none.
   * @param {Group} group
   */
  pillOf(group) {
    const order = this.order(group.item.name);
    if (!order?.blank.length || this.moving) return null;
    const { measures } = this.layout;
    const count = this.tiled(group.item.name).length;
    const last = count ? boxOf(group, measures, count - 1) : { y: group.body, tall: 0 };
    const gap = group.item.kind === "maps" && count ? measures.gapY : measures.pill * 0.2;
    return { x: group.x, y: last.y + last.tall + gap, wide: Math.min(group.wide, measures.least * 0.98), tall: measures.pill * 0.74 };
  }

  /**
   * The labels of open blocks in a row of groups.
   * @param {import("./sheet_layout.js").Row} row
   */
  barsOf(row) {
    const { groups, measures } = this.layout;
    return this.blocks.filter((one) => one.from <= row.last && one.to >= row.first).map(({ block, from, to, depth }) => {
      const first = groups[Math.max(from, row.first)];
      const last = groups[Math.min(to, row.last)];
      const y = row.bars + (depth ? measures.bar + (depth - 1) * measures.innerBar : 0);
      return {
        name: block.name, count: block.last - block.first + 1, continues: from < row.first, depth,
        x: first.x - measures.between * 0.3, wide: last.x + last.wide - first.x + measures.between * 0.6,
        y, tall: depth ? measures.innerBar : measures.bar,
      };
    });
  }

  /** Groups whose heading has left the view at the top while their maps are in it. */
  stuck() {
    return this.layout.groups.filter((group) => {
      const wide = group.wide * this.camera.zoom;
      const left = this.screenX(group.x);
      return wide > 90 && left < this.width - 40 && left + wide > 60 && group.item.kind !== "input"
        && this.screenY(group.body) < 8 && this.screenY(group.body + group.tall) > 40;
    });
  }
}
