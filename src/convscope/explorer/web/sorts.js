/** @type {[string, string][]} */
export const SORTS = [["contribution", "contribution"], ["index", "index"], ["mean", "mean"], ["maximum", "maximum"], ["active", "share active"], ["ablation", "ablation effect"], ["selectivity", "selectivity"]];
