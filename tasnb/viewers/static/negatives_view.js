// negatives_view: the phrases mined against an expression. A phrase that is switched off re-ranks here, without a kernel.
import { element, freshId, setText, valuesOf } from "./elements.js";
import { FOLLOWS, panelOf, photoWith } from "./panel.js";
import { rank } from "./ranking.js";
import { shown } from "./receipt.js";
import { RankedTable } from "./table.js";
import { wordsOf } from "./wording.js";

/** N: minus the mean likeness to the phrases that are on; none on: 0. tasnb/viewers/negatives.py does the same. */
export function negativesFrom(likeness, on) {
  return likeness.map((row) => {
    const counted = row.filter((_, k) => on[k]);
    return counted.length ? -(counted.reduce((sum, x) => sum + x, 0) / counted.length) : 0;
  });
}

export function mount(root, data, model) {
  return panelOf(root, { label: "Negatives: what the answer is pushed away from", kind: "negatives", meanwhile: FOLLOWS }, data, model, buildNegatives);
}

function buildNegatives({ frame, say, link, closing }) {
  const [scene, reading, settings] = ["scene", "reading", "settings"].map(link.get);
  const { phrases, likeness } = reading;
  let [active, selected] = [null, null];
  let ranked;
  const point = (i) => { if (i !== active) { active = i; draw(); } };
  const pick = (i) => { selected = i; active = i; draw(); };
  const { node, stage } = photoWith(scene, { onHover: point, onPick: pick }, 400);
  closing.push(() => stage.destroy());
  const table = new RankedTable(scene, { onHover: point, onPick: pick, onKey: key });
  const words = element("div", { class: "tn-words" });
  wordsOf(words, reading.pieces);
  const verdict = element("p", { class: "tn-verdict" });
  const before = element("p", { class: "tn-soft" });
  const sentence = element("p");
  const caption = element("p", { class: "tn-said-caption" });
  const cosine = element("th", { scope: "col", class: "tn-num" });
  const rows = phrases.map(rowOf);
  const head = ["pushes", "phrase", "rule", "similarity"].map((name) => element("th", { scope: "col" }, name));
  const list = element(
    "div", { class: "tn-list tn-phrases", hidden: !phrases.length, tabindex: "0", role: "group", "aria-label": "The mined phrases" },
    element("table", {}, element("caption", { class: "tn-unseen" }, "The mined phrases"), element("thead", {}, element("tr", {}, ...head, cosine, element("th", { scope: "col" }, "why"))),
      element("tbody", {}, ...rows.map((r) => r.row))),
  );
  const all = (on) => link.set({ on });
  const button = (text, on) => element("button", { type: "button", onclick: () => all(on) }, text);
  const buttons = element("div", { class: "tn-switches", role: "group", "aria-label": "Which phrases push" },
    button("As mined", phrases.map((p) => p.kept)), button("All", phrases.map(() => true)), button("None", phrases.map(() => false)));
  const legend = `Underlined in the caption: phrases that push away. Struck through: phrases that do not. N is minus the mean cosine with those that push.`;
  frame.append(
    words, element("h3", {}, "The overall caption"), caption,
    element("p", { class: "tn-soft" }, phrases.length ? legend : "No noun phrase was mined, so N is 0 for every mask."),
    ...(phrases.length ? [buttons] : []), list, verdict, before, sentence, element("div", { class: "tn-columns" }, node, table.node),
  );

  function rowOf(phrase, k) {
    const id = freshId("phrase");
    const box = element("input", { type: "checkbox", id, onchange: () => link.set({ on: link.get("on").map((yes, at) => (at === k ? box.checked : yes)) }) });
    const near = element("td", { class: "tn-num" });
    const similarity = phrase.similarity === null ? "-" : phrase.similarity.toFixed(2);
    const row = element(
      "tr", {}, element("td", {}, box), element("td", {}, element("label", { for: id }, phrase.text)),
      element("td", { class: phrase.kept ? "tn-in" : "tn-out" }, phrase.kept ? "kept" : "dropped"),
      element("td", {}, phrase.synsets ? `${similarity} (${phrase.synsets.join(", ")})` : similarity), near, element("td", { class: "tn-text" }, phrase.reason),
    );
    return { row, box, near };
  }

  function key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (!(event.key in steps)) return;
    const place = ranked.order.indexOf(active ?? selected ?? ranked.best);
    point(ranked.order[Math.max(0, Math.min(ranked.order.length - 1, place + steps[event.key]))]);
    table.focus(active);
    event.preventDefault();
    event.stopPropagation();
  }

  function rankWith(on) {
    const scores = { ...reading.variants[settings.variant], n: negativesFrom(likeness, on) };
    const changed = { ...reading, variants: { [settings.variant]: scores } };
    return { changed, found: rank(changed, settings) };
  }

  const wins = ({ best, totals }) => (best === null ? "No proposal was found, so there is no answer." : `Mask ${best} wins with S ${shown(totals[best])}.`);

  function refresh() {
    const on = link.get("on");
    const { changed, found } = rankWith(on);
    const first = rankWith(phrases.map((p) => p.kept)).found;
    ranked = found;
    selected = found.best;
    rows.forEach(({ box, row }, k) => { box.checked = on[k]; row.classList.toggle("tn-off", !on[k]); });
    caption.replaceChildren("\u201c", ...reading.caption.map(([text, k]) => (k === null ? text : element(on[k] ? "ins" : "del", {}, text))), "\u201d");
    table.refresh(changed, settings, found);
    const count = on.filter(Boolean).length;
    setText(verdict, `${count} of ${phrases.length} phrases push away. ${wins(found)}`);
    setText(before, phrases.some((p, k) => p.kept !== on[k]) ? `As mined: ${wins(first)}` : "");
    setText(sentence, found.sentence);
    draw();
    say(verdict.textContent);
  }

  function draw() {
    const at = active ?? selected;
    stage.draw({ kept: ranked.kept, best: ranked.best, selected, hovered: active, oracle: null, target: false, all: true });
    stage.canvas.setAttribute("aria-label", `The photo with ${scene.masks.length} masks. ${verdict.textContent}`);
    table.mark(at, selected, active !== null);
    setText(cosine, at === null ? "cosine" : `cosine with mask ${at}`);
    rows.forEach(({ near }, k) => setText(near, at === null ? "-" : shown(likeness[at][k])));
  }

  link.watch(["on"], refresh);
  refresh();
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "reading", "settings", "on"]), model);
}

export default { render };
