import { el } from "./dom.js";
import { pageHost, widgetHost } from "./hosts.js";
import { listenToKeys } from "./keys.js";
import { layOut } from "./layout.js";
import { Scope } from "./scope.js";
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
  const root = el("div");
  place.el.append(root);
  const scope = open(root, host);
  return () => {
    scope.dispose();
    host.close();
  };
}

const pages = document.querySelectorAll("[data-convscope='page']");
for (const page of pages) {
  const root = /** @type {HTMLElement} */ (page);
  /** @type {any} */ (globalThis).convscope = open(root, pageHost(new URLSearchParams(location.search).get("token") ?? ""));
}

export default { render };
