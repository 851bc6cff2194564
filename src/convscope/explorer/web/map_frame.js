import { WRITTEN_FROM } from "./numbers.js";

/** @typedef {import("./mapview.js").Large} Large */

const LARGEST_CELL = 72;
const LARGEST_AT_FIRST = 120;
const TALL_OVER_WIDE = 1.15;
const SHARE_OF_PANEL = 0.44;
const ROW = 44;

/** Which part of a large map is in sight. */
export class MapFrame {
  /** @param {HTMLElement} node that the map stands in */
  constructor(node) {
    this.node = node;
    /** @type {Large | null} */
    this.large = null;
    this.zoom = 1;
    this.left = 0;
    this.top = 0;
  }

  /** @param {Large | null} large of the same key keeps the zoom */
  take(large) {
    if (large && large.key !== this.large?.key) this.fit();
    this.large = large;
  }

  fit() {
    this.zoom = 1;
    this.left = this.top = 0;
  }

  /** Pixels across the frame and across a cell of the map. */
  get size() {
    const { large, node, zoom } = this;
    if (!large) return { wide: 0, tall: 0, cell: 0, cellTall: 0 };
    const wide = Math.max(80, node.clientWidth);
    // What stands below is to be seen as well, but not at the price of the numbers.
    const limit = Math.min(wide * TALL_OVER_WIDE, Math.max(280, SHARE_OF_PANEL * (node.closest(".cs-channel")?.clientHeight ?? Infinity)));
    const across = wide / large.width;
    const exact = large.signal ? across : Math.min(across, Math.max(limit / large.height, Math.min(WRITTEN_FROM, (wide * TALL_OVER_WIDE) / large.height)));
    const base = exact >= 6 ? Math.floor(Math.min(exact, LARGEST_AT_FIRST)) : exact;
    const cell = base * zoom;
    return { wide: Math.ceil(base * large.width), tall: large.signal ? ROW : Math.ceil(base * large.height), cell, cellTall: large.signal ? ROW : cell };
  }

  get isLargest() {
    return this.size.cell >= LARGEST_CELL - 1e-6;
  }

  /** Leave no empty border. */
  clamp() {
    const { large } = this;
    if (!large) return;
    const { wide, tall, cell, cellTall } = this.size;
    this.left = Math.min(0, Math.max(wide - cell * large.width, this.left));
    this.top = Math.min(0, Math.max(tall - cellTall * large.height, this.top));
  }

  /**
   * @param {number} factor
   * @param {{x: number, y: number}} [about] what stays where it is; else the middle
   * @returns {boolean} whether that changed anything
   */
  zoomAt(factor, about) {
    if (!this.large) return false;
    const { wide, tall, cell } = this.size;
    const at = about ?? { x: wide / 2, y: tall / 2 };
    const most = Math.max(1, LARGEST_CELL / (cell / this.zoom));
    const next = Math.max(1, Math.min(most, this.zoom * factor));
    const grown = next / this.zoom;
    if (Math.abs(grown - 1) < 1e-6) return false;
    this.zoom = next;
    this.left = at.x - (at.x - this.left) * grown;
    if (!this.large.signal) this.top = at.y - (at.y - this.top) * grown;
    this.clamp();
    return true;
  }

  /**
   * @param {number} x from the corner of the frame
   * @param {number} y
   * @returns {[number, number] | null}
   */
  unitAt(x, y) {
    const { large } = this;
    if (!large || !large.points) return null;
    const { cell, cellTall } = this.size;
    const column = Math.floor((x - this.left) / cell);
    const row = Math.floor((y - this.top) / cellTall);
    return column >= 0 && column < large.width && row >= 0 && row < large.height ? [row, column] : null;
  }

  /** @param {[number, number]} unit */
  bringIntoSight([y, x]) {
    const { wide, tall, cell, cellTall } = this.size;
    if (this.left + x * cell < 0) this.left = -x * cell;
    if (this.left + (x + 1) * cell > wide) this.left = wide - (x + 1) * cell;
    if (this.top + y * cellTall < 0) this.top = -y * cellTall;
    if (this.top + (y + 1) * cellTall > tall) this.top = tall - (y + 1) * cellTall;
  }
}
