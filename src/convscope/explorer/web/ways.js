import { el } from "./dom.js";

/** The largest file that is sent, in bytes. */
export const LARGEST_FILE = 16 * 2 ** 20;

/**
 * Take files that are dropped anywhere, pasted or chosen: pictures, and arrays or sound.
 * @param {import("./scope.js").Scope} scope
 * @returns {{node: HTMLInputElement, open: () => void}} the hidden entry, and what opens it
 */
export function listenToFiles(scope) {
  const { root, signal } = scope;
  const node = el("input", { type: "file", multiple: true, accept: "image/*,.npy,.npz,.wav", hidden: true, "aria-label": "open files" });
  node.addEventListener("change", () => {
    take([...(node.files ?? [])]);
    node.value = "";
  });

  /** @param {File[]} files */
  const take = (files) => {
    addFiles(scope, files).catch((problem) => scope.fail(problem));
  };
  const ready = () => scope.network?.live && !scope.unavailable("image");

  let depth = 0;
  /** @param {number} now */
  const over = (now) => {
    depth = Math.max(0, now);
    root.classList.toggle("cs-dropping", depth > 0);
  };
  /** @param {DragEvent} event */
  const brings = (event) => ready() && Boolean(event.dataTransfer?.types.includes("Files"));
  root.addEventListener("dragenter", (event) => brings(event) && over(depth + 1), { signal });
  root.addEventListener("dragleave", (event) => brings(event) && over(depth - 1), { signal });
  root.addEventListener("dragover", (event) => brings(event) && event.preventDefault(), { signal });
  root.addEventListener("drop", (event) => {
    over(0);
    if (!brings(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  }, { signal });
  // What is pasted while nothing has the focus goes to the body, not to the root.
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const ours = scope.host.kind !== "widget" || root.contains(/** @type {Node} */ (event.target));
    if (!ours || !ready() || !files.length) return;
    event.preventDefault();
    take(files);
  }, { signal });
  return { node, open: () => node.click() };
}

/**
 * Add files one after the other; the last one is looked at.
 * @param {import("./scope.js").Scope} scope
 * @param {File[]} files
 */
async function addFiles(scope, files) {
  for (const file of files) {
    if (file.size > LARGEST_FILE) {
      scope.fail(`${file.name} has ${megabytes(file.size)} MB, and at most ${megabytes(LARGEST_FILE)} are sent: make it smaller first`);
      continue;
    }
    try {
      await scope.add({ name: file.name || "pasted", kind: "file", bytes: new Uint8Array(await file.arrayBuffer()), thumbnail: null });
    } catch (problem) {
      scope.fail(problem);
    }
  }
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Number((bytes / 2 ** 20).toFixed(1));
}
