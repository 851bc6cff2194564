/**
 * Whether nothing is seen on a map of which this is said.
 * @param {string} word
 */
export function isBlankWord(word) {
  return word === "zero here" || word === "constant";
}

/**
 * Draw a blank tile: a hatch, and the word where it fits.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} word
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} tall
 * @param {{ground: string, hatch: string, ink: string}} colours
 */
export function drawBlank(pen, word, x, y, wide, tall, colours) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, wide, tall);
  pen.clip();
  pen.fillStyle = colours.ground;
  pen.fillRect(x, y, wide, tall);
  pen.strokeStyle = colours.hatch;
  pen.lineWidth = 3;
  pen.beginPath();
  for (let at = -tall; at < wide; at += 9) {
    pen.moveTo(x + at, y + tall);
    pen.lineTo(x + at + tall, y);
  }
  pen.stroke();
  pen.fillStyle = colours.ink;
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  if (pen.measureText(word).width < wide - 4) pen.fillText(word, x + wide / 2, y + tall / 2);
  pen.restore();
}

/**
 * Read the colours that canvases draw with from the style of the page.
 * @param {Element} root
 */
export function inks(root) {
  const style = getComputedStyle(root);
  /** @param {string} name */
  const of = (name) => style.getPropertyValue(`--cs-${name}`).trim();
  return {
    paper: of("paper"), ink: of("ink"), soft: of("soft"), faint: of("faint"), line: of("line"),
    for: of("for"), against: of("against"), pin: of("pin"), muted: of("muted"), accent: of("accent"),
    ground: of("blank"), hatch: of("hatch"),
  };
}
