/** @typedef {import("./sheet_layout.js").Group} Group */
/** @typedef {import("./sheet_scene.js").SheetScene} SheetScene */

// Milliseconds without a move after which maps are asked for.
const CALM = 140;
// Layers that are asked for at the same time.
const AT_ONCE = 2;

/** The maps of layers whose tiles are larger than what the overview holds: asked for when it is calm. */
export class SheetLoading {
  /**
   * @param {SheetScene} scene
   * @param {import("./later.js").Later} later
   */
  constructor(scene, later) {
    this.scene = scene;
    this.later = later;
    /** @type {Set<string>} */
    this.asked = new Set();
  }

  soon(delay = CALM) {
    this.later.after("calm", delay, () => this.load());
  }

  load() {
    const { scene } = this;
    const { scope } = scene;
    if (!scope.run || scope.state.mode !== "sheet" || scene.moving) return;
    const wanted = scene.layout.groups.filter((group) => this.wants(group));
    /** @param {Group} group */
    const away = (group) => Math.hypot(group.x + group.wide / 2 - scene.camera.x, group.y + group.tall / 2 - scene.camera.y);
    wanted.sort((a, b) => away(a) - away(b));
    for (const { item } of wanted.slice(0, Math.max(0, AT_ONCE - this.asked.size))) {
      this.asked.add(item.name);
      scope.need(item.name).finally(() => {
        this.asked.delete(item.name);
        this.soon(0);
      });
    }
  }

  /** @param {Group} group */
  wants(group) {
    const { scene, asked } = this;
    const { item } = group;
    const layer = scene.layers.get(item.name);
    const shape = item.kind === "maps" ? scene.shapeOf(item.name) : null;
    if (!layer || !shape || scene.scope.maps(item.name) || asked.has(item.name)) return false;
    const pixels = group.tileWide * scene.camera.zoom * (globalThis.devicePixelRatio || 1);
    if (pixels < layer.width * 1.3 || shape[1] * shape[2] <= layer.height * layer.width) return false;
    const { x, y, wide } = scene.onScreen({ ...group, tall: 0 });
    return x < scene.width && y < scene.height && x + wide > 0 && scene.screenY(group.body + group.tall) > 0;
  }
}
