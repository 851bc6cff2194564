/** @typedef {"mute" | "image" | "target" | "pair" | "heatmap" | "ablation" | "unit" | "field" | "weights" | "numbers" | "lineage" | "shares" | "slices" | "survey" | "survey_pictures" | "survey_classes"} Topic */

/** @type {Object<string, string>} */
const LEFT_OUT = {
  mute: "muting needs the network itself",
  image: "other images need the network itself",
  target: "this file explains the best classes alone",
  pair: "this file explains no class against another",
  heatmap: "this file holds a few heat maps alone",
  ablation: "muting one map after the other needs the network itself",
  unit: "the products of a unit need the network itself",
  field: "what a unit feels needs the network itself",
  weights: "this file leaves the kernels out, since they are many",
  numbers: "this file holds the maps of this network in 240 levels, not as numbers",
  slices: "this file holds the middle slice of every volume; the others need the network itself",
  lineage: "this file leaves out which maps fed which",
  survey: "this file leaves out what the survey says of single channels, since they are many",
  survey_pictures: "this file holds no images of the survey",
  survey_classes: "this file holds no mean maps of classes",
  shares: "this file leaves out what each unit contributed",
};

/**
 * Say that a report holds no answer, and where there is one.
 * @param {string} topic
 */
export function leftOutWords(topic) {
  return `${LEFT_OUT[topic] ?? "this file holds no answer for that"}: open the network with convscope explore`;
}
