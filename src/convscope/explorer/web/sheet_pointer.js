import { el } from "./dom.js";
import { foundAt } from "./sheet_found.js";
import { tipWords, valueOfUnit } from "./sheet_words.js";

/** @typedef {import("./sheet_found.js").Found} Found */

// Below this many pixels nobody can point at a unit.
const POINTABLE = 2.5;
// Milliseconds that the pointer rests before a number is asked for.
const REST = 120;

/** What the pointer is at, and the tip that says so. */
export class SheetPointer {
  /**
   * @param {import("./sheet_scene.js").SheetScene} scene
   * @param {HTMLElement} view
   * @param {import("./later.js").Later} later
   */
  constructor(scene, view, later) {
    this.scene = scene;
    this.scope = scene.scope;
    this.view = view;
    this.later = later;
    this.tip = el("div", { class: "cs-tip", hidden: true });
    this.place = { x: 0, y: 0 };
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {Found | null}
   */
  under(x, y) {
    const { scene } = this;
    const found = foundAt(scene, x, y);
    if (found?.kind !== "tile" || !found.unit || !found.group) return found;
    const shape = scene.shapeOf(found.group.item.name) ?? [1, 1, 1];
    const cell = (found.group.tileWide * scene.camera.zoom) / shape[2];
    return cell < POINTABLE && shape[2] > 1 ? { ...found, unit: null } : found;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  point(x, y) {
    this.place = { x, y };
    const found = this.under(x, y);
    const same = nameOf(found) === nameOf(this.scene.hover);
    this.scene.hover = found;
    this.view.dataset.over = found && ["heading", "pill", "block", "folded"].includes(found.kind) ? "press" : found?.kind ?? "";
    if (!same) {
      this.scene.redraw();
      this.tell();
      if (found?.kind === "tile" && found.unit) this.later.after("exact", REST, () => this.askExact());
    }
    this.showTip();
  }

  leave() {
    this.tip.hidden = true;
    this.scene.hover = null;
    this.scope.point(null);
    this.scene.redraw();
  }

  /** Tell the other panels. */
  tell() {
    const { scene, scope } = this;
    const found = scene.hover;
    if (found?.kind !== "tile" || !found.group || found.channel === undefined) {
      scope.point(null);
      return;
    }
    const name = found.group.item.name;
    scope.point({ layer: name, channel: found.channel, unit: found.unit ?? null, value: valueOfUnit(scene, name, found.channel, found.unit ?? null) ?? NaN });
  }

  /** The overview holds levels: the number itself is asked for when the pointer rests. */
  askExact() {
    const { scene, scope } = this;
    const found = scene.hover;
    if (found?.kind !== "tile" || !found.group || found.channel === undefined || scope.maps(found.group.item.name)?.values) return;
    valueOfUnit(scene, found.group.item.name, found.channel, found.unit ?? null);
    scene.values.pump().then(() => {
      if (scene.hover !== found) return;
      scope.hover = null;
      this.tell();
      this.showTip();
    }, (problem) => scope.fail(problem));
  }

  showTip() {
    const { scene, tip, place: { x, y } } = this;
    const words = tipWords(scene, scene.hover);
    tip.hidden = !words;
    if (!words) return;
    if (tip.textContent !== words) tip.textContent = words;
    const beyond = x + 18 + tip.offsetWidth > (tip.parentElement?.clientWidth ?? 0);
    tip.style.left = `${beyond ? Math.max(2, x - tip.offsetWidth - 10) : x + 14}px`;
    tip.style.top = `${y + 44 > scene.height ? y - 30 : y + 16}px`;
  }
}

/** @param {Found | null} found */
function nameOf(found) {
  return JSON.stringify([found?.kind, found?.group?.item.name, found?.channel, found?.unit, found?.block]);
}
