/**
 * Follow the theme: the person's choice, else the host's (a notebook says it on its body), else the
 * system's.
 * @param {import("./scope.js").Scope} scope
 */
export function followTheme(scope) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const settle = () => {
    const dark = chosenTheme(scope.state.theme, scope.host.kind) ?? system.matches;
    scope.root.dataset.theme = dark ? "dark" : "light";
    if (scope.dark === dark) return;
    scope.dark = dark;
    if (scope.network) scope.recolour();
  };
  system.addEventListener("change", settle, { signal: scope.signal });
  scope.on("state", (changed) => changed.has("theme") && settle());
  settle();
}

/**
 * @param {string} theme
 * @param {string} host
 * @returns {boolean | null} whether it is dark; null where nobody says
 */
function chosenTheme(theme, host) {
  if (theme === "dark" || theme === "light") return theme === "dark";
  if (host !== "widget") return null;
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return !vscodeThemeKind.includes("light");
  return null;
}
