/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Object<string, string | number | boolean | null | undefined>} [attributes] `true` is an empty attribute; null, false and undefined leave it out
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  fill(node, ...children);
  return node;
}

/**
 * Put children in the place of all that an element holds.
 * @param {Element} node
 * @param {...(Node | string | null | undefined)} children
 */
export function fill(node, ...children) {
  node.replaceChildren(.../** @type {(Node | string)[]} */ (children.filter((child) => child !== null && child !== undefined)));
}

/**
 * Make a button.
 * @param {string} text
 * @param {() => void} press
 * @param {Object<string, string | number | boolean | null | undefined>} [attributes]
 */
export function button(text, press, attributes = {}) {
  const node = el("button", { type: "button", class: "cs-button", ...attributes }, text);
  node.addEventListener("click", press);
  return node;
}

/**
 * Make a menu of one choice.
 * @param {string} label what a screen reader calls it
 * @param {[string, string][]} choices value and words
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function menu(label, choices, chosen, choose) {
  const node = el("select", { class: "cs-menu", "aria-label": label });
  setChoices(node, choices, chosen);
  node.addEventListener("change", () => choose(node.value));
  return node;
}

/**
 * Give a menu other choices.
 * @param {HTMLSelectElement} node
 * @param {[string, string][]} choices value and words
 * @param {string} chosen
 */
export function setChoices(node, choices, chosen) {
  fill(node, ...choices.map(([value, words]) => el("option", { value }, words)));
  node.value = chosen;
}

/**
 * Let a control be of no use where what it asks for cannot be had, and say why.
 * @param {HTMLButtonElement | HTMLSelectElement | HTMLOptionElement} control
 * @param {string} why empty where it can
 */
export function withhold(control, why) {
  control.disabled = why !== "";
  if (why) control.title = why;
}

/**
 * A canvas of a size in CSS pixels, sharp on any screen.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @returns {CanvasRenderingContext2D} which draws in CSS pixels
 */
export function sharp(canvas, width, height) {
  const ratio = globalThis.devicePixelRatio || 1;
  const wide = Math.max(1, Math.round(width * ratio));
  const tall = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== wide || canvas.height !== tall) {
    canvas.width = wide;
    canvas.height = tall;
  }
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

/**
 * Write a number so that it can be read at a glance.
 * @param {number} value
 * @param {number} [digits] significant ones
 */
export function figure(value, digits = 3) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(Math.max(0, digits - 2));
  return value.toFixed(Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size)))));
}

/**
 * The same with its sign, as contributions are written.
 * @param {number} value
 * @param {number} [digits]
 */
export function signedFigure(value, digits = 3) {
  return (value > 0 ? "+" : "") + figure(value, digits);
}
