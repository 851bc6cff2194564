/**
 * @param {import("./scope.js").Scope} scope
 */
export function listenToKeys(scope) {
  scope.root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") scope.back();
  }, { signal: scope.signal });
}
