import { inks } from "./blanks.js";
import { pictureCanvas } from "./colour.js";
import { el, figure, fill, sharp, withhold } from "./dom.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {{image: number, value: number, label: number | null, class_name: string, unit: [number, number] | null, crop: [[number, number], [number, number]] | null}} Leader */
/** @typedef {{rank: number, name: string, size: [number, number], whole: import("./types.js").Numbers, crop: import("./types.js").Numbers | null}} LeaderPicture */

const LEADER_ACROSS = 60;
const CLOSE = 104;

/**
 * The images that excite the channel most, with what the peak sees outlined; one of them close.
 * @param {Scope} scope
 */
export function surveyLeaders(scope) {
  const note = el("span", { class: "cs-soft" });
  const row = el("div", { class: "cs-leaders", role: "group", "aria-label": "images that excite the channel most" });
  const close = el("canvas", { role: "img" });
  const words = el("p");
  const closeBox = el("div", { class: "cs-close-up" }, close, words);
  const missing = el("p", { class: "cs-soft" });
  const table = el("table", { class: "cs-figures" });
  const node = el("div", {}, el("h4", {}, "Strongest images ", note), missing, row, closeBox, table);
  /** @type {Leader[]} */
  let leaders = [];
  /** @type {LeaderPicture[]} */
  let pictures = [];
  let shownRank = 0;

  /** @param {number} rank */
  const showClose = (rank) => {
    shownRank = rank;
    const picture = pictures[rank];
    closeBox.hidden = !picture || scope.state.table;
    if (closeBox.hidden) return;
    const crop = picture.crop ?? picture.whole;
    drawPicture(close, crop, CLOSE, null, inks(scope.root));
    close.setAttribute("aria-label", `${picture.crop ? "what the peak sees of" : "all of"} ${picture.name}`);
    fill(words, ...closeWords(leaders[rank], picture).flatMap((line) => [line, el("br")]));
    [...row.children].forEach((one, place) => one.classList.toggle("cs-near", place === rank));
  };

  const draw = () => {
    const { info } = scope.surveys;
    node.hidden = !info || !leaders.length;
    if (!info || node.hidden) return;
    note.textContent = [info.among === "mistakes" ? "among the network’s mistakes" : "", info.ranking === "contribution" ? "by contribution to their class" : "by their largest value"].filter(Boolean).join(", ");
    const asTable = scope.state.table || !pictures.length;
    row.hidden = asTable;
    table.hidden = !asTable;
    if (asTable) fill(table, ...leaderTable(scope, leaders));
    else fillRow(info.dataset);
    const here = leaders.findIndex((leader) => leader.image === scope.state.surveyed);
    showClose(here >= 0 ? here : Math.min(shownRank, leaders.length - 1));
  };

  /** @param {string} dataset */
  const fillRow = (dataset) => {
    const focused = [...row.children].indexOf(/** @type {Element} */ (document.activeElement));
    const colours = inks(scope.root);
    fill(row, ...pictures.map((picture, rank) => {
      const leader = leaders[rank];
      const canvas = el("canvas", { "aria-hidden": "true" });
      drawPicture(canvas, picture.whole, LEADER_ACROSS, boxOn(picture, leader), colours);
      const press = el("button", {
        type: "button", class: "cs-leader", "aria-pressed": String(leader.image === scope.state.surveyed),
        "aria-label": `${rank + 1}: ${leaderName(dataset, leader)}, ${placedWords(leader)}: look at this image`, title: `look at ${picture.name}`,
      }, canvas, el("small", {}, leader.class_name || `${rank + 1}`), el("small", { class: "cs-number" }, figure(leader.value)));
      press.addEventListener("pointerenter", () => showClose(rank));
      press.addEventListener("focus", () => showClose(rank));
      press.addEventListener("click", () => scope.change({ surveyed: leader.image }, { back: true }));
      return press;
    }));
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (row.children[focused])?.focus({ preventScroll: true });
  };

  return {
    node,
    redraw: draw,
    /**
     * @param {Leader[]} next
     * @param {{pictures: LeaderPicture[], missing: string} | null} found null while they are not there
     */
    show(next, found) {
      if (next !== leaders) shownRank = 0;
      leaders = next;
      pictures = found?.pictures ?? [];
      missing.textContent = found?.missing ? `The images cannot be shown: ${found.missing}` : found ? "" : "reading the images …";
      missing.hidden = !missing.textContent;
      draw();
    },
  };
}

/**
 * The part that the peak sees, as shares of the picture; null where that is all of it, or unknown.
 * @param {LeaderPicture} picture
 * @param {Leader} leader
 */
function boxOn({ size }, { crop }) {
  if (!crop) return null;
  const [[top, bottom], [left, right]] = crop;
  if (top <= 0 && left <= 0 && bottom >= size[0] && right >= size[1]) return null;
  return { y: top / size[0], x: left / size[1], tall: (bottom - top) / size[0], wide: (right - left) / size[1] };
}

/**
 * Draw a picture into a square, with a part of it outlined.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./types.js").Numbers} picture
 * @param {number} across
 * @param {{y: number, x: number, tall: number, wide: number} | null} box
 * @param {ReturnType<typeof inks>} colours
 */
function drawPicture(canvas, picture, across, box, colours) {
  const source = pictureCanvas(picture);
  const factor = across / Math.max(source.width, source.height);
  const [wide, tall] = [Math.max(1, Math.round(source.width * factor)), Math.max(1, Math.round(source.height * factor))];
  const pen = sharp(canvas, across, across);
  pen.fillStyle = colours.ground;
  pen.fillRect(0, 0, across, across);
  const [left, top] = [(across - wide) / 2, (across - tall) / 2];
  pen.imageSmoothingEnabled = factor < 1;
  pen.imageSmoothingQuality = "medium";
  pen.drawImage(source, left, top, wide, tall);
  if (!box) return;
  // Seen on light and on dark ground.
  for (const [ink, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / 65%)", 4], [colours.pin, 2]])) {
    pen.strokeStyle = ink;
    pen.lineWidth = width;
    pen.strokeRect(left + box.x * wide, top + box.y * tall, Math.max(3, box.wide * wide), Math.max(3, box.tall * tall));
  }
}

/**
 * @param {string} dataset
 * @param {Leader} leader
 */
function leaderName(dataset, { image, class_name: name }) {
  return `${dataset}:${image}${name ? `, class ${name}` : ""}`;
}

/** @param {Leader} leader */
function placedWords({ value, unit }) {
  return `${figure(value, 4)}${unit ? ` at y ${unit[0]}, x ${unit[1]}` : ""}`;
}

/**
 * @param {Leader} leader
 * @param {LeaderPicture} picture
 * @returns {(string | HTMLElement)[]}
 */
function closeWords(leader, picture) {
  const { crop } = leader;
  const sees = !crop ? "what the peak sees is not known" : boxOn(picture, leader) ? `sees y ${crop[0][0]}–${crop[0][1] - 1}, x ${crop[1][0]}–${crop[1][1] - 1}` : "sees the whole image";
  return [el("b", {}, picture.name), leader.class_name ? `class ${leader.class_name}` : "", placedWords(leader), sees].filter(Boolean);
}

/**
 * The same in a table, where there are no pictures or none are wanted.
 * @param {Scope} scope
 * @param {Leader[]} leaders
 */
function leaderTable(scope, leaders) {
  const dataset = scope.surveys.info?.dataset ?? "";
  const rows = leaders.map((leader, rank) => {
    const press = el("button", { type: "button", class: "cs-cellbutton", "aria-pressed": String(leader.image === scope.state.surveyed) }, `${dataset}:${leader.image}`);
    press.addEventListener("click", () => scope.change({ surveyed: leader.image }, { back: true }));
    withhold(press, scope.unavailable("image"));
    return el("tr", {}, el("th", { scope: "row" }, String(rank + 1)), el("td", {}, press), el("td", {}, leader.class_name), el("td", {}, figure(leader.value, 4)), el("td", {}, leader.unit ? leader.unit.join(", ") : "–"));
  });
  return [el("caption", { class: "cs-unseen" }, "images that excite the channel most"), el("thead", {}, el("tr", {}, ...["", "image", "class", "value", "y, x"].map((words) => (words ? el("th", { scope: "col" }, words) : el("td"))))), el("tbody", {}, ...rows)];
}
