/** What a step may be about; lesson.py has the same names. @type {Object<string, string>} */
const PANELS = {
  input: ".cs-stage",
  prediction: ".cs-prediction",
  maps: ".cs-centre, .cs-sheet",
  map: ".cs-channel",
  effect: ".cs-channel [aria-label='effect of muting']",
  unit: ".cs-channel [aria-label='arithmetic of a unit']",
  lineage: ".cs-channel [aria-label=lineage]",
  strip: ".cs-bottom",
};
// Milliseconds in which a panel may grow after what it shows was asked for.
const GROWS = [80, 500, 1500];

/** Scrolls to the panel that a step is about, where a page is too small for all of them. */
export class LessonPanels {
  /** @param {import("./scope.js").Scope} scope */
  constructor(scope) {
    this.root = scope.root;
    /** @type {ReturnType<typeof setTimeout>[]} */
    this.clocks = [];
    this.name = "";
    const leave = () => this.leave();
    scope.signal.addEventListener("abort", leave);
    // Whoever looks elsewhere by now is not called back.
    for (const event of ["wheel", "pointerdown", "keydown"]) this.root.addEventListener(event, leave, { signal: scope.signal, passive: true });
    // What follows from muting is there after the run.
    scope.on("run", () => this.watch());
  }

  /** @param {string} name of a panel, or nothing */
  show(name) {
    this.name = name;
    const channel = this.root.querySelector(".cs-channel");
    if (channel) channel.scrollTop = 0;
    this.watch();
  }

  leave() {
    this.name = "";
    this.clocks.forEach(clearTimeout);
  }

  watch() {
    this.clocks.forEach(clearTimeout);
    const which = PANELS[this.name];
    this.clocks = which ? GROWS.map((after) => setTimeout(() => this.reach(which), after)) : [];
  }

  /** @param {string} which */
  reach(which) {
    const all = /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll(which)]);
    const one = all.find((panel) => panel.offsetParent);
    if (!one) return;
    // A notebook around the page stays where it is.
    for (let box = one.parentElement; box && box !== this.root; box = box.parentElement) {
      if (box.scrollHeight <= box.clientHeight || getComputedStyle(box).overflowY === "visible") continue;
      const own = one.getBoundingClientRect();
      const frame = box.getBoundingClientRect();
      if (own.top < frame.top || own.bottom > frame.bottom) box.scrollTop += own.top - frame.top;
    }
  }
}
