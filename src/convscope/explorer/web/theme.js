/**
 * Follow the theme: the person's choice, else the host's, else the system's.
 * @param {import("./scope.js").Scope} scope
 */
export function followTheme(scope) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const settle = () => {
    const dark = chosenTheme(scope) ?? system.matches;
    scope.root.dataset.theme = dark ? "dark" : "light";
    if (scope.dark === dark) return;
    scope.dark = dark;
    if (scope.network) scope.colours.forget();
  };
  system.addEventListener("change", settle, { signal: scope.signal });
  scope.on("state", (changed) => changed.has("theme") && settle());
  if (scope.host.kind === "widget") {
    // JupyterLab and VS Code say their theme on the body; both may change it at any time.
    const watch = new MutationObserver(settle);
    watch.observe(document.body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light", "data-vscode-theme-kind"] });
    scope.signal.addEventListener("abort", () => watch.disconnect());
  }
  settle();
}

/**
 * @param {import("./scope.js").Scope} scope
 * @returns {boolean | null} whether it is dark; null where nobody says
 */
function chosenTheme(scope) {
  const { theme } = scope.state;
  if (theme === "dark" || theme === "light") return theme === "dark";
  if (scope.host.kind !== "widget") return null;
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return !vscodeThemeKind.includes("light");
  return darkBehind(scope.root.parentElement);
}

/**
 * Whether what lies behind an element is dark.
 * @param {Element | null} element
 * @returns {boolean | null} null where nothing has a colour
 */
function darkBehind(element) {
  for (let behind = element; behind; behind = behind.parentElement) {
    const [red, green, blue, alpha = 1] = getComputedStyle(behind).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    if (alpha > 0.5) return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
  }
  return null;
}
