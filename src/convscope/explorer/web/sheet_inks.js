import { inks } from "./blanks.js";

/**
 * Read the colours of the sheet from the style of the page.
 * @param {Element} root
 */
export function sheetInks(root) {
  const style = getComputedStyle(root);
  const family = style.fontFamily || "system-ui, sans-serif";
  const lanes = [0, 1, 2, 3].map((lane) => style.getPropertyValue(`--cs-lane-${lane}`).trim() || "#888888");
  return { ...inks(root), family, lanes, trunk: style.getPropertyValue("--cs-trunk").trim() || "#888888", block: style.getPropertyValue("--cs-block").trim() || "transparent", chosen: style.getPropertyValue("--cs-chosen").trim() };
}
