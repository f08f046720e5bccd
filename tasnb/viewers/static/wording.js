// An expression whose words say which stage used them: by a colour, by a line of their own, and in writing below.
import { element } from "./elements.js";

const STAGE_NAMES = { head: "head", direction: "direction", modifier: "modifier" };

/** Fill a node with [[text, stage], ...]; stage "" is a word that no rule but CLIP reads. */
export function wordsOf(node, pieces) {
  const words = pieces.map(([text, stage]) => (stage in STAGE_NAMES
    ? element("span", { class: `tn-word tn-${stage}` }, element("span", { class: "tn-said" }, text), element("small", {}, STAGE_NAMES[stage]))
    : text));
  node.replaceChildren("\u201c", ...words, "\u201d");
}
