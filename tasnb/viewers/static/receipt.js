// What a ranking says in words: the receipt of a mask, the weights as Python code. Pure functions.
import { fixed, priorOf } from "./ranking.js";

const [MINUS, TIMES] = ["\u2212", "\u00d7"];
export const shown = (x) => (x < 0 ? MINUS : "") + fixed(Math.abs(x));
const term = (x, weight, name) => ` ${x < 0 ? MINUS : "+"} ${weight} ${TIMES} ${name}${fixed(Math.abs(x))}`;

/** "V 0.271 + 0.1 x P 0.712 - 0.7 x 0.190 = 0.209"; a part that is switched off is left out. */
export function equation(scores, settings, total, i) {
  const p = settings.useP ? term(scores.p[i], settings.alpha, "P ") : "";
  const n = settings.useN ? term(scores.n[i], settings.lam, "") : "";
  const prior = priorOf(scores, settings);
  const place = prior ? ` ${prior[i] < 0 ? MINUS : "+"} prior ${fixed(Math.abs(prior[i]))}` : "";
  return `V ${shown(scores.v[i])}${p}${n}${place} = ${shown(total)}`;
}

const quoted = (texts) => texts.map((t) => `\u201c${t}\u201d`).join(", ");

/** What the negatives did, for one mask. */
function negativesSay(scores, settings, i) {
  if (!settings.useN) return "N is switched off: nothing pushes away.";
  if (!scores.negatives.length) return "No phrase is left to push away from, so N is 0 for every mask.";
  const many = scores.negatives.length > 1 ? "mean likeness" : "likeness";
  return `${shown(-scores.n[i])} is its ${many} to ${quoted(scores.negatives)}.`;
}

/** The receipt of one mask: {title, equation, lines: [[name, text], ...]}. */
export function receiptOf(scene, reading, settings, ranked, i) {
  const scores = reading.variants[settings.variant];
  const place = ranked.order.indexOf(i) + 1;
  const state = ranked.kept[i] ? "stays in" : "taken out";
  const lines = [[priorOf(scores, settings) ? "place" : "half", ranked.verdicts[i]]];
  if (ranked.best !== null && i !== ranked.best) {
    const gap = ranked.totals[ranked.best] - ranked.totals[i];
    const away = gap < 0 ? `${shown(-gap)} above the answer, mask ${ranked.best}, but out` : `${shown(gap)} behind the answer, mask ${ranked.best}`;
    lines.push(["why not", gap === 0 && ranked.kept[i] ? `as high as mask ${ranked.best}, which comes earlier` : away]);
  }
  const caption = scene.captions[i];
  lines.push(["P", settings.useP ? `its caption: ${caption ? quoted([caption]) : "none"}` : `P is switched off; its caption: ${quoted([caption])}`]);
  lines.push(["N", negativesSay(scores, settings, i)]);
  if (scene.iou) {
    const oracle = i === scene.oracle ? "; no other proposal fits the target better" : "";
    lines.push(["IoU", `${scene.iou[i].toFixed(2)} with the target${oracle}`]);
  }
  return {
    title: `mask ${i}, rank ${place} of ${ranked.order.length}, ${state}${i === ranked.best ? ": the answer" : ""}`,
    equation: equation(scores, settings, ranked.totals[i], i),
    lines,
  };
}

/** The Python call for what is on screen; tasnb/viewers/explorer.py writes the same text. */
export function pythonCode(reading, settings, selected) {
  const use = ["v", ...(settings.useP ? ["p"] : []), ...(settings.useN ? ["n"] : []), ...(settings.spatial ? ["spatial"] : [])];
  const options = [`variant=${reading.variants[settings.variant].python}`];
  if (settings.useP) options.push(`alpha=${settings.alpha}`);
  if (settings.useN) options.push(`lam=${settings.lam}`);
  if (use.length < 4) options.push(`use=(${use.map((u) => `"${u}"`).join(", ")}${use.length === 1 ? "," : ""})`);
  const call = `answer = tn.tas(artifacts, ${JSON.stringify(reading.expression)}, models, ${options.join(", ")})`;
  return selected === null ? call : `${call}\nmask = artifacts.proposals.masks[${selected}]`;
}

