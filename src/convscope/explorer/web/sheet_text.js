/** @type {Map<string, string>} */
const fittedTexts = new Map();

/**
 * Shorten a text until it fits; what was found is kept, since a pan asks again in every frame.
 * @param {CanvasRenderingContext2D} pen with its font set
 * @param {string} text
 * @param {number} width
 * @returns {string} empty where not even three letters fit
 */
export function fittedText(pen, text, width) {
  const room = Math.floor(width / 4) * 4;
  const key = `${pen.font}|${room}|${text}`;
  const known = fittedTexts.get(key);
  if (known !== undefined) return known;
  if (fittedTexts.size > 4000) fittedTexts.clear();
  let found = text;
  if (pen.measureText(text).width > width) {
    let [least, most] = [0, text.length];
    while (least < most) {
      const middle = (least + most + 1) >> 1;
      if (pen.measureText(`${text.slice(0, middle)}…`).width <= room) least = middle;
      else most = middle - 1;
    }
    found = least >= 3 ? `${text.slice(0, least)}…` : "";
  }
  fittedTexts.set(key, found);
  return found;
}

/**
 * A font of a size that is one of few, so that its letters are drawn once.
 * @param {number} size
 * @param {string} family
 * @param {number} [weight]
 */
export function fontOf(size, family, weight = 400) {
  return `${weight} ${Math.round(size * 2) / 2}px ${family}`;
}
