import { pictureCanvas } from "./colour.js";
import { el, fill } from "./dom.js";

/** @typedef {import("./types.js").Picture} Picture */

/**
 * All pictures that can be looked at: those that were given and those that the person added.
 * @param {import("./scope.js").Scope} scope
 */
export function pictureStrip(scope) {
  const list = el("div", { class: "cs-strip", role: "listbox", "aria-label": "images", "aria-orientation": "horizontal" });
  const caption = el("p", { class: "cs-strip-words cs-figure" });
  const node = el("div", {}, list, caption);
  /** @type {{node: HTMLElement, picture: Picture}[]} */
  let entries = [];
  const near = new IntersectionObserver((changes) => {
    for (const change of changes) {
      const entry = entries.find((one) => one.node === change.target);
      if (!change.isIntersecting || !entry) continue;
      near.unobserve(change.target);
      paint(entry);
    }
  }, { root: list, rootMargin: "120px" });
  scope.signal.addEventListener("abort", () => near.disconnect());

  /** @param {{node: HTMLElement, picture: Picture}} entry */
  const paint = ({ node: option, picture }) => {
    if (!picture.thumbnail) return;
    const before = option.querySelector("canvas");
    const drawn = pictureCanvas(picture.thumbnail, before ?? undefined);
    if (before) return;
    drawn.className = drawn.width < 64 ? "cs-square" : "";
    fill(option, drawn);
  };

  const build = () => {
    near.disconnect();
    entries = scope.pictures.map((picture, place) => {
      const words = pictureWords(picture);
      const option = el("div", { class: "cs-thumb", role: "option", "aria-label": words, title: words, tabindex: -1 }, el("span", { "aria-hidden": "true" }, String(place + 1)));
      option.addEventListener("click", () => scope.change({ image: place }));
      return { node: option, picture };
    });
    fill(list, ...entries.map((entry) => entry.node));
    for (const entry of entries) near.observe(entry.node);
    node.hidden = !entries.length;
    mark();
  };

  const mark = () => {
    const { image } = scope.state;
    entries.forEach((entry, place) => {
      entry.node.setAttribute("aria-selected", String(place === image));
      entry.node.tabIndex = place === image ? 0 : -1;
    });
    const picture = scope.pictures[image];
    caption.textContent = picture ? `${image + 1} of ${entries.length} · ${pictureWords(picture)}` : "";
    entries[image]?.node.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  list.addEventListener("keydown", (event) => {
    const steps = /** @type {Object<string, number>} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity });
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(entries.length - 1, Math.max(0, scope.state.image + step));
    scope.change({ image: next });
    entries[next]?.node.focus();
  });

  scope.on("network", build);
  scope.on("pictures", build);
  scope.on("state", (changed) => changed.has("image") && mark());
  scope.on("run", () => {
    const entry = entries[scope.state.image];
    if (!entry || entry.picture.index !== undefined) return;
    paint(entry);
    if (entry.picture.survey === undefined) return;
    const words = pictureWords(entry.picture);
    entry.node.setAttribute("aria-label", words);
    entry.node.title = words;
    mark();
  });
  return node;
}

/** @param {Picture & {label?: number | null, class_name?: string}} picture */
function pictureWords(picture) {
  const label = picture.class_name || (typeof picture.label === "number" ? String(picture.label) : "");
  return label && !picture.name.endsWith(label) ? `${picture.name} · label ${label}` : picture.name;
}
