/**
 * The bytes of a NumPy file of float32 numbers: format 1.0 of numpy.lib.format.
 * @param {ArrayLike<number>} values in C order
 * @param {number[]} shape
 * @returns {Uint8Array}
 */
export function npyBytes(values, shape) {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const words = `{'descr': '<f4', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Magic, version and length take ten bytes, and the numbers begin at a multiple of 64.
  const header = words + " ".repeat(63 - ((10 + words.length) % 64)) + "\n";
  const bytes = new Uint8Array(10 + header.length + 4 * values.length);
  bytes.set([0x93, ...[..."NUMPY"].map((letter) => letter.charCodeAt(0)), 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  const view = new DataView(bytes.buffer, 10 + header.length);
  for (let at = 0; at < values.length; at++) view.setFloat32(4 * at, values[at], true);
  return bytes;
}

/**
 * The shortest decimal that is read as the same float32.
 * @param {number} value
 */
export function shortest(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return Object.is(value, -0) ? "-0" : String(value);
  for (let digits = 6; digits < 9; digits++) {
    const words = value.toPrecision(digits);
    if (Math.fround(Number(words)) === value) return String(Number(words));
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * One map as a table: a header row of x, a first column of y. Several: a first column of channel.
 * @param {ArrayLike<number>} values in C order
 * @param {number[]} shape channels, height, width
 * @param {boolean} several
 * @returns {string[]} lines
 */
export function csvLines(values, [channels, height, width], several) {
  const corner = several ? ["channel", "y"] : ["y"];
  const lines = [[...corner, ...Array.from({ length: width }, (_, x) => x)].join(",")];
  for (let channel = 0, at = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      const cells = several ? [String(channel), String(y)] : [String(y)];
      for (const end = at + width; at < end; at++) cells.push(shortest(values[at]));
      lines.push(cells.join(","));
    }
  }
  return lines;
}

/**
 * Write a text into a PNG, as convscope.pictures does: keyword and text before the picture's data.
 * @param {Uint8Array} file
 * @param {string} keyword
 * @param {string} text
 * @returns {Uint8Array}
 */
export function withText(file, keyword, text) {
  const plain = text.replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const data = new TextEncoder().encode(`tEXt${keyword}\0${plain}`);
  const chunk = new Uint8Array(data.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length - 4);
  chunk.set(data, 4);
  view.setUint32(data.length + 4, checksum(data));
  // Behind the signature of 8 bytes and the header chunk of 25.
  const whole = new Uint8Array(file.length + chunk.length);
  whole.set(file.subarray(0, 33));
  whole.set(chunk, 33);
  whole.set(file.subarray(33), 33 + chunk.length);
  return whole;
}

/**
 * CRC-32 of PNG (ISO/IEC 15948, annex D).
 * @param {Uint8Array} bytes
 */
function checksum(bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return (rest ^ 0xffffffff) >>> 0;
}

/**
 * Bytes as text of letters that any file takes.
 * @param {Uint8Array} bytes
 */
export function base64Of(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000) letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(letters);
}

/**
 * Let the browser keep a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function keepFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * A name that every file system takes.
 * @param {(string | number)[]} parts
 * @param {string} ending
 */
export function fileName(parts, ending) {
  const words = parts.map((part) => String(part).replaceAll("/", ".").replace(/[^\p{L}\p{N}._#-]+/gu, "-").replace(/^[.-]+|[.-]+$/g, "")).filter(Boolean);
  return `${words.join("_").slice(0, 150)}.${ending}`;
}
