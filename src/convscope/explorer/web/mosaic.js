import { colourBar } from "./bar.js";
import { inks } from "./blanks.js";
import { button, el, figure, fill, menu, setChoices, sharp, signedFigure } from "./dom.js";
import { drawTile, gridOf, tileAt } from "./tiles.js";

/** @typedef {import("./types.js").LayerReply} LayerReply */

/** @type {[string, string][]} */
export const SORTS = [["contribution", "contribution"], ["index", "index"], ["mean", "mean"], ["maximum", "maximum"], ["active", "share active"], ["ablation", "ablation effect"]];

/**
 * The mosaic of the chosen layer: all channels, of which those in sight are drawn.
 * @param {import("./scope.js").Scope} scope
 * @returns {HTMLElement}
 */
export function mosaicPanel(scope) {
  const title = el("h2");
  const note = el("span", { class: "cs-note" });
  const count = el("span", { class: "cs-note" });
  const bar = colourBar(scope);
  const sort = menu("sort the maps by", SORTS, scope.state.sort, (value) => scope.change({ sort: value }));
  const size = el("input", { type: "range", min: 24, max: 240, step: 4, value: scope.state.tile, "aria-label": "size of a tile in pixels" });
  size.addEventListener("input", () => scope.change({ tile: Number(size.value) }));
  const canvas = el("canvas");
  const spacer = el("div", { class: "cs-spacer" });
  const scroll = el("div", { class: "cs-scroll", tabindex: 0, role: "application", "aria-roledescription": "mosaic of feature maps" }, canvas, spacer);
  const tip = el("div", { class: "cs-tip", hidden: true });
  const drawer = blankDrawer(scope);
  const node = el("section", { class: "cs-centre", "aria-label": "maps of the layer" },
    el("div", { class: "cs-head" }, title, note, count),
    el("div", { class: "cs-tools" }, bar.node, el("label", {}, "sort", sort), el("label", {}, "size", size)),
    scroll, drawer.node, tip);

  /** @type {{layer: LayerReply, shown: number[], grid: import("./tiles.js").Grid} | null} */
  let laid = null;
  let due = 0;

  const redraw = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(draw);
  };

  const lay = () => {
    const info = scope.layers.get(scope.state.layer);
    const layer = scope.maps(scope.state.layer);
    node.hidden = scope.state.mode !== "layer";
    if (node.hidden || !info) return;
    title.textContent = info.name;
    note.textContent = described(info);
    setSorts();
    if (!layer) {
      laid = null;
      count.textContent = "running …";
      redraw();
      return;
    }
    const { shown, blank, by } = scope.order(layer);
    const [, height, width] = layer.shape;
    const grid = gridOf(shown.length, scroll.clientWidth, scope.state.tile, height / width);
    laid = { layer, shown, grid };
    count.textContent = blank.length ? `${blank.length} of ${layer.shape[0]} blank` : `${layer.shape[0]} maps`;
    if (by !== scope.state.sort && scope.state.sort !== "index") count.textContent += `, by index until ${scope.state.sort} is known`;
    spacer.style.height = `${grid.rows * grid.stepY + 12}px`;
    bar.show(layer);
    drawer.show(layer, blank);
    describePinned();
    redraw();
  };

  const setSorts = () => {
    const able = SORTS.filter(([name]) => name !== "contribution" || scope.network.differentiable);
    if (sort.options.length !== able.length) setChoices(sort, able, scope.state.sort);
    sort.value = scope.state.sort;
    size.value = String(scope.state.tile);
  };

  const draw = () => {
    const pen = sharp(canvas, scroll.clientWidth, scroll.clientHeight);
    const colours = inks(scope.root);
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, scroll.clientWidth, scroll.clientHeight);
    if (!laid) return;
    const { layer, shown, grid } = laid;
    const top = scroll.scrollTop;
    const strongest = Math.max(...layer.maximum.data.map(Math.abs)) || 1;
    const shares = scope.shares.get(layer.layer);
    const most = shares ? Math.max(...shares.map(Math.abs)) || 1 : 1;
    const first = Math.max(0, Math.floor(top / grid.stepY));
    const last = Math.min(grid.rows, Math.ceil((top + scroll.clientHeight) / grid.stepY));
    for (let place = first * grid.columns; place < Math.min(shown.length, last * grid.columns); place++) {
      const channel = shown[place];
      const box = {
        x: grid.left + (place % grid.columns) * grid.stepX,
        y: Math.floor(place / grid.columns) * grid.stepY - top + 4,
        wide: grid.wide, tall: grid.tall,
      };
      drawTile(pen, scope, layer, channel, box, { strongest, share: shares?.[channel] ?? NaN, most, pinned: channel === scope.state.channel, inks: colours });
    }
  };

  /** @param {MouseEvent} event */
  const under = (event) => {
    if (!laid) return null;
    const box = scroll.getBoundingClientRect();
    return tileAt(laid.grid, laid.shown, laid.layer.shape, event.clientX - box.left, event.clientY - box.top + scroll.scrollTop - 4);
  };

  const describePinned = () => {
    const { layer, channel } = scope.state;
    const words = channel >= 0 ? mapWords(scope, layer, channel) : `${layer}, no map chosen: arrow keys choose`;
    scroll.setAttribute("aria-label", words);
  };

  const showPinned = () => {
    const place = laid?.shown.indexOf(scope.state.channel) ?? -1;
    if (!laid || place < 0) return;
    const y = Math.floor(place / laid.grid.columns) * laid.grid.stepY;
    if (y < scroll.scrollTop) scroll.scrollTop = y;
    else if (y + laid.grid.stepY > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = y + laid.grid.stepY - scroll.clientHeight;
  };

  scroll.addEventListener("scroll", redraw);
  scroll.addEventListener("pointermove", (event) => {
    const found = under(event);
    const values = laid?.layer.values;
    if (!found || !laid) {
      tip.hidden = true;
      scope.point(null);
      return;
    }
    const { shape, layer } = laid.layer;
    const value = found.unit && values ? values.data[(found.channel * shape[1] + found.unit[0]) * shape[2] + found.unit[1]] : NaN;
    scope.point({ layer, channel: found.channel, unit: found.unit, value });
    const share = scope.shares.get(layer)?.[found.channel];
    fill(tip, [`channel ${found.channel}`, found.unit ? `y ${found.unit[0]}, x ${found.unit[1]}` : "", Number.isNaN(value) ? "" : `= ${figure(value, 4)}`, share === undefined ? "" : `share ${signedFigure(share)}`].filter(Boolean).join("  "));
    const box = node.getBoundingClientRect();
    tip.hidden = false;
    tip.style.left = `${Math.min(event.clientX - box.left + 14, node.clientWidth - tip.offsetWidth - 4)}px`;
    tip.style.top = `${event.clientY - box.top + 14}px`;
  });
  scroll.addEventListener("pointerleave", () => {
    tip.hidden = true;
    scope.point(null);
  });
  scroll.addEventListener("click", (event) => {
    const found = under(event);
    if (found && laid) scope.pin(laid.layer.layer, found.channel, found.unit);
  });

  const watch = new ResizeObserver(() => lay());
  watch.observe(scroll);
  scope.signal.addEventListener("abort", () => watch.disconnect());
  for (const event of ["run", "books", "costs", "colours", "network"]) scope.on(event, lay);
  scope.on("maps", (name) => name === scope.state.layer && lay());
  scope.on("state", (changed) => {
    if (changed.has("sort") && scope.state.sort === "ablation") scope.ablate(scope.state.layer).catch((problem) => scope.fail(problem));
    if (changed.has("layer")) {
      scroll.scrollTop = 0;
      if (scope.state.sort === "ablation") scope.ablate(scope.state.layer).catch((problem) => scope.fail(problem));
    }
    lay();
    if (changed.has("channel")) showPinned();
  });
  return node;
}

/**
 * The blank maps of a layer in a drawer that says how many they are, and why.
 * @param {import("./scope.js").Scope} scope
 */
function blankDrawer(scope) {
  const canvas = el("canvas", { role: "img", width: 0, height: 0 });
  let open = false;
  /** @type {[LayerReply, number[]] | null} */
  let held = null;
  const toggle = button("", () => {
    open = !open;
    show();
  }, { "aria-expanded": "false" });
  const node = el("div", { class: "cs-drawer" }, toggle, canvas);
  const show = () => {
    node.hidden = !held || !held[1].length;
    if (!held || node.hidden) return;
    const [layer, blank] = held;
    const counts = new Map();
    for (const channel of blank) {
      const word = scope.network.words[layer.codes.data[channel]];
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const words = [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
    toggle.textContent = `${words} ${open ? "▾" : "▸"}`;
    toggle.setAttribute("aria-expanded", String(open));
    canvas.hidden = !open;
    if (!open) return;
    const most = blank.slice(0, 400);
    canvas.setAttribute("aria-label", `${words}: channels ${most.join(", ")}${blank.length > 400 ? " and more" : ""}`);
    const grid = gridOf(most.length, node.clientWidth - 20, 64, layer.shape[1] / layer.shape[2]);
    const pen = sharp(canvas, node.clientWidth - 28, grid.rows * grid.stepY);
    const colours = inks(scope.root);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    most.forEach((channel, place) => {
      const box = { x: grid.left + (place % grid.columns) * grid.stepX, y: Math.floor(place / grid.columns) * grid.stepY + 2, wide: grid.wide, tall: grid.tall };
      drawTile(pen, scope, layer, channel, box, { strongest: 1, share: NaN, most: 1, pinned: channel === scope.state.channel, inks: colours });
    });
  };
  return {
    node,
    /** @param {LayerReply} layer @param {number[]} blank */
    show(layer, blank) {
      held = [layer, blank];
      show();
    },
  };
}

/** @param {import("./types.js").LayerInfo} info */
export function described(info) {
  const size = info.shape.slice(1).map((one) => one ?? "any").join(" × ");
  const sees = info.whole ? "sees the whole input" : info.receptive_field ? `sees ${info.receptive_field.join(" × ")} px` : "";
  return [info.operation, `${info.shape[0] ?? "any"} channels`, info.space.length ? size : "", sees].filter(Boolean).join(" · ");
}

/**
 * What a screen reader hears of a map.
 * @param {import("./scope.js").Scope} scope
 * @param {string} name
 * @param {number} channel
 */
export function mapWords(scope, name, channel) {
  const layer = scope.maps(name);
  if (!layer || channel >= layer.shape[0]) return `${name}, channel ${channel}`;
  const word = scope.network.words[layer.codes.data[channel]];
  const share = scope.shares.get(name)?.[channel];
  const said = [`${name}, channel ${channel}`, word, `from ${figure(layer.low.data[channel])} to ${figure(layer.maximum.data[channel])}`];
  if (share !== undefined) said.push(`contributes ${signedFigure(share)} to ${scope.books?.words}`);
  const { unit } = scope.state;
  if (unit && name === scope.state.layer && channel === scope.state.channel && layer.values) {
    said.push(`y ${unit[0]}, x ${unit[1]}: ${figure(layer.values.data[(channel * layer.shape[1] + unit[0]) * layer.shape[2] + unit[1]], 4)}`);
  }
  return said.join(", ");
}
