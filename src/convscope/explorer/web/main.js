import { el } from "./dom.js";
import { pageHost, widgetHost } from "./hosts.js";
import { listenToKeys } from "./keys.js";
import { layOut } from "./layout.js";
import { Scope } from "./scope.js";
import { layStill } from "./still.js";
import { storedHost } from "./stored.js";
import { followTheme } from "./theme.js";

/**
 * Show the explorer in an element.
 * @param {HTMLElement} root
 * @param {import("./hosts.js").Host} host
 * @returns {Scope}
 */
function open(root, host) {
  root.classList.add("cs-root");
  const scope = new Scope(root, host);
  followTheme(scope);
  layOut(scope);
  listenToKeys(scope);
  scope.start().catch((problem) => scope.fail(problem));
  return scope;
}

/**
 * Show the explorer in a notebook: what anywidget calls.
 * @param {{model: any, el: HTMLElement}} place
 * @returns {() => void}
 */
function render(place) {
  const host = widgetHost(place.model);
  const root = el("div", { class: "cs-root" });
  place.el.append(root);
  /** @type {Scope | null} */
  let scope = null;
  let due = 0;
  const begin = () => {
    // Colours are read from the style, which holds once the notebook has put the output in place.
    if (!getComputedStyle(root).getPropertyValue("--cs-paper")) {
      due = requestAnimationFrame(begin);
      return;
    }
    const shown = open(root, host);
    let laid = false;
    host.tell = (words) => {
      shown.emit("status", words);
      if (!laid) layStill(shown, place.model.get("_still"));
      laid = true;
    };
    passShortcuts(root, place.el, shown.signal);
    scope = shown;
  };
  begin();
  return () => {
    cancelAnimationFrame(due);
    scope?.dispose();
    host.close();
  };
}

/**
 * Let the notebook have what is pressed with Ctrl or Cmd, such as to save: it hears no key that is
 * pressed in the explorer, since single letters have another meaning here.
 * @param {HTMLElement} root
 * @param {HTMLElement} around
 * @param {AbortSignal} signal
 */
function passShortcuts(root, around, signal) {
  root.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (event.defaultPrevented || typing || !(event.ctrlKey || event.metaKey)) return;
    if (!around.dispatchEvent(new KeyboardEvent("keydown", event))) event.preventDefault();
  }, { signal });
}

for (const page of document.querySelectorAll("[data-convscope]")) {
  const root = /** @type {HTMLElement} */ (page);
  const stored = root.dataset.convscope === "report";
  const host = stored ? storedHost(document) : pageHost(new URLSearchParams(location.search).get("token") ?? "");
  /** @type {any} */ (globalThis).convscope = open(root, host);
}

export default { render };
