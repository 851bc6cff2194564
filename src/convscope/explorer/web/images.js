import { endsBar } from "./bar.js";
import { mapCard } from "./cards.js";
import { pictureCanvas } from "./colour.js";
import { el, fill } from "./dom.js";
import { sourceOf } from "./pictures.js";
import { planeEnds, planeOfReply } from "./plane.js";

const MOST_IMAGES = 64;

/**
 * One channel over all images, on one scale; they come one after the other.
 * @param {import("./scope.js").Scope} scope
 * @returns {import("./bottom.js").Part}
 */
export function imagesPanel(scope) {
  const title = el("b");
  const note = el("span", { class: "cs-soft", "aria-live": "polite" });
  const bar = endsBar();
  const row = el("div", { class: "cs-scrollrow cs-cards", role: "group", "aria-label": "this channel on every image" });
  const node = el("div", {}, el("div", { class: "cs-partbar" }, title, bar.node, note), row);
  /** @type {(import("./plane.js").Plane | undefined)[]} */
  let planes = [];
  /** @type {ReturnType<typeof mapCard>[]} */
  let cards = [];
  let key = "";
  let turn = 0;

  const paint = () => {
    const known = /** @type {import("./plane.js").Plane[]} */ (planes.filter(Boolean));
    if (!known.length) return;
    const ends = planeEnds(known);
    const lut = scope.colours.lut(ends.signed);
    bar.show(ends, lut);
    planes.forEach((plane, place) => plane && cards[place].show(plane, ends, lut));
  };

  const refresh = async () => {
    if (scope.state.strip !== "images" || !scope.run) return;
    const { layer, network, mute, solo, target } = scope.state;
    const channel = scope.state.channel >= 0 ? scope.state.channel : strongest(scope);
    const wanted = JSON.stringify([scope.moment, network, layer, channel, mute, solo, scope.depth, scope.pictures.length]);
    mark(scope, cards);
    if (wanted === key || channel < 0) return;
    key = wanted;
    const mine = ++turn;
    const pictures = scope.pictures.slice(0, MOST_IMAGES);
    title.textContent = `${layer} · channel ${channel}`;
    bar.show(null, scope.colours.lut(false));
    planes = [];
    cards = pictures.map((picture, place) => mapCard(scope, picture.name, cardThumbnail(picture), () => scope.change({ image: place }, { back: true })));
    fill(row, ...cards.map((card) => card.node));
    mark(scope, cards);
    let failed = 0;
    for (const [place, picture] of pictures.entries()) {
      note.textContent = `image ${place + 1} of ${pictures.length} …`;
      try {
        const { source, buffers } = sourceOf(picture);
        const run = await scope.client.ask({ type: "run", network, image: source, mute, solo, target, depth: scope.depth, ...scope.moment, then: [{ type: "channel", layer, channel }] }, buffers);
        if (mine !== turn || scope.signal.aborted) return;
        if (run.then[0].type === "error") throw new Error(run.then[0].message);
        planes[place] = planeOfReply(run.then[0]);
        paint();
      } catch (problem) {
        if (mine !== turn || scope.signal.aborted) return;
        failed++;
        cards[place].say(problem instanceof Error ? problem.message : String(problem));
      }
      // What the person does comes first.
      if (scope.state.strip !== "images") {
        key = "";
        return;
      }
    }
    note.textContent = [pictures.length === 1 ? "the only image: open, draw or drop others on the left" : `one scale for all ${pictures.length - failed}`, scope.pictures.length > MOST_IMAGES ? `the first ${MOST_IMAGES} of ${scope.pictures.length} images` : ""].filter(Boolean).join(", ");
  };

  const wake = () => {
    refresh().catch((problem) => scope.fail(problem));
  };
  for (const event of ["run", "maps", "pictures", "state"]) scope.on(event, wake);
  scope.on("colours", () => scope.state.strip === "images" && paint());
  return { node, wake };
}

/**
 * The map that comes first where none is pinned.
 * @param {import("./scope.js").Scope} scope
 */
export function strongest(scope) {
  const maps = scope.maps(scope.state.layer);
  return maps ? scope.ranking.order(maps).shown[0] ?? 0 : -1;
}

/**
 * @param {import("./scope.js").Scope} scope
 * @param {{node: HTMLElement}[]} cards
 */
function mark(scope, cards) {
  cards.forEach((card, place) => card.node.setAttribute("aria-current", String(place === scope.state.image)));
}

/** @param {import("./types.js").Picture} picture */
function cardThumbnail(picture) {
  if (!picture.thumbnail) return null;
  const canvas = pictureCanvas(picture.thumbnail);
  canvas.className = "cs-cardthumb";
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}
