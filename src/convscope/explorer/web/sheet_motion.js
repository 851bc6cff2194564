import { cameraOn, fitted, flight, keptInView, readCamera, writtenCamera, zoomedAt } from "./sheet_camera.js";

/** @typedef {import("./sheet_camera.js").Camera} Camera */

// Milliseconds without a move after which the address is written.
const WRITE = 400;
const FLIGHT = 240;

/** Which part of the sheet is in view, and how it moves. */
export class SheetMotion {
  /**
   * @param {import("./sheet_scene.js").SheetScene} scene
   * @param {HTMLElement} view
   * @param {import("./later.js").Later} later
   * @param {import("./sheet_loading.js").SheetLoading} loading
   */
  constructor(scene, view, later, loading) {
    this.scene = scene;
    this.scope = scene.scope;
    this.view = view;
    this.later = later;
    this.loading = loading;
    this.flying = 0;
    this.written = this.scope.state.view;
    this.scope.signal.addEventListener("abort", () => cancelAnimationFrame(this.flying));
  }

  /** Lay the sheet out for the size that the view has, or had when its address was written. */
  place() {
    const { scope, scene, view } = this;
    if (!scope.network || scope.state.mode !== "sheet") return;
    scene.width = view.clientWidth;
    scene.height = view.clientHeight;
    if (!scene.width || !scene.height) return;
    const asked = readCamera(scope.state.view);
    scene.lay(asked?.width ?? scene.width, asked?.height ?? scene.height);
    if (!asked) scene.camera = this.whole();
  }

  lay() {
    this.place();
    this.scene.redraw();
  }

  /** The camera from which the whole sheet is in view. */
  whole() {
    const { layout, width, height } = this.scene;
    return fitted(layout, width, height);
  }

  limits() {
    const { scene } = this;
    const widest = this.scope.network.layers.reduce((most, layer) => Math.max(most, layer.shape[2] ?? 64), 1);
    return { least: this.whole().zoom * 0.5, most: (Math.min(scene.width, scene.height) * 1.1 * widest) / scene.layout.measures.tile };
  }

  /** @param {Camera} camera */
  look(camera) {
    this.scene.camera = keptInView(camera, this.scene.layout);
    this.scene.redraw();
    this.loading.soon();
    this.later.after("write", WRITE, () => this.write());
  }

  write() {
    const { scene } = this;
    if (!scene.width) return;
    const [wide, tall] = JSON.parse(scene.laidFor || "[0,0]");
    this.written = writtenCamera(scene.camera, wide, tall);
    this.scope.change({ view: this.written });
  }

  stop() {
    cancelAnimationFrame(this.flying);
    this.flying = 0;
  }

  /**
   * Zoom so that a point of the view stays where it is.
   * @param {number} factor
   * @param {number} [x]
   * @param {number} [y]
   */
  zoom(factor, x = this.view.clientWidth / 2, y = this.view.clientHeight / 2) {
    const { scene } = this;
    this.stop();
    this.look(zoomedAt(scene.camera, factor, x - scene.width / 2, y - scene.height / 2, this.limits()));
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.stop();
    const { camera } = this.scene;
    this.look({ ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom });
  }

  /**
   * Fly to where something is seen.
   * @param {Camera} to
   * @param {() => void} [landed]
   */
  fly(to, landed) {
    this.stop();
    const from = this.scene.camera;
    const { least, most } = this.limits();
    const goal = { ...to, zoom: Math.min(most, Math.max(least, to.zoom)) };
    const began = performance.now();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = () => {
      const share = calm ? 1 : Math.min(1, (performance.now() - began) / FLIGHT);
      this.look(flight(from, goal, share * (2 - share)));
      this.flying = share < 1 ? requestAnimationFrame(step) : 0;
      if (share === 1) landed?.();
    };
    step();
  }

  /** Fly to where all is seen. */
  fit() {
    const { scope, scene } = this;
    scope.change({ view: "" });
    this.written = "";
    scene.lay(scene.width, scene.height);
    this.fly(this.whole(), () => {
      this.later.cancel("write");
      scope.change({ view: "" });
    });
  }

  /**
   * A camera that shows a box.
   * @param {{x: number, y: number, wide: number, tall: number}} box
   * @param {number} room share of the view that it fills
   */
  on(box, room) {
    return cameraOn(box, this.scene.width, this.scene.height, room);
  }

  /** Look at what the address says, unless it was written here. */
  follow() {
    if (this.scope.state.view !== this.written) this.apply();
  }

  /** Look at what the address says. */
  apply() {
    this.written = this.scope.state.view;
    const asked = readCamera(this.written);
    this.lay();
    if (!asked) return;
    this.scene.camera = asked.camera;
    this.loading.soon();
    this.scene.redraw();
  }

  /** After folding what lies in the middle stays near it. */
  refold() {
    const { scene } = this;
    if (!readCamera(this.scope.state.view)) return this.lay();
    const { camera } = scene;
    const near = scene.layout.groups.find((group) => Math.abs(group.x + group.wide / 2 - camera.x) < group.wide / 2 && camera.y > group.y && camera.y < group.body + group.tall);
    const index = near?.item.first ?? -1;
    const { tile } = scene.layout.measures;
    this.lay();
    const now = scene.layout.groups.find((group) => group.item.first <= index && index <= group.item.last);
    if (!near || !now) return;
    const grown = scene.layout.measures.tile / tile;
    this.look({ x: now.x + now.wide / 2, y: now.body + Math.min(now.tall, (scene.camera.y - near.body) * grown), zoom: scene.camera.zoom / grown });
  }

  /** Move the view so that the chosen map is in it. */
  reveal() {
    const { scene, scope } = this;
    const box = scene.boxFor(scope.state.layer, scope.state.channel);
    if (!box || !readCamera(scope.state.view)) return;
    const { x, y, wide, tall } = scene.onScreen(box);
    const dx = x < 0 || wide > scene.width ? x - 20 : Math.max(0, x + wide + 20 - scene.width);
    const dy = y < 26 || tall > scene.height ? y - 46 : Math.max(0, y + tall + 20 - scene.height);
    if (dx || dy) this.pan(-dx, -dy);
  }
}
