// answer_view: an answer beside everything annotated in the picture, and what it covers of each.
import { element, valuesOf } from "./elements.js";
import { FOLLOWS, figureOf, panelOf } from "./panel.js";

const HEADS = ["", "kind", "meant", "IoU", "covered by the answer", "of the answer"];

export function mount(root, data, model) {
  return panelOf(root, { label: "Answer: beside everything annotated in the picture", kind: "answer", meanwhile: FOLLOWS }, data, model, buildAnswer);
}

function buildAnswer({ frame, say, link }) {
  const { said, figures, instances } = link.get("record");
  const row = (each) => element("tr", {}, element("th", { scope: "row" }, String(each.number)), element("td", {}, each.category || "\u2013"),
    element("td", {}, each.meant ? "meant" : ""), ...[each.iou, each.covered, each.inside].map((value) => element("td", {}, value.toFixed(2))));
  const table = element("table", {}, element("caption", { class: "tn-unseen" }, "Annotated things, and the answer's share of each"),
    element("thead", {}, element("tr", {}, ...HEADS.map((name) => element("th", { scope: "col" }, name)))), element("tbody", {}, ...instances.map(row)));
  frame.append(element("p", { class: "tn-verdict" }, said), element("div", { class: "tn-figures" }, ...figures.map(figureOf)));
  if (instances.length) frame.append(element("div", { class: "tn-list" }, table));
  say(said);
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["record"]), model);
}

export default { render };
