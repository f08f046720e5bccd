// crops_view: one proposal as every model sees it. The pictures of another mask come from the kernel, or with the page.
import { element, setText, valuesOf } from "./elements.js";
import { choiceOf, figureOf, panelOf, photoWith } from "./panel.js";

export function mount(root, data, model) {
  return panelOf(root, { label: "Crops: one proposal as every model sees it", kind: "crops" }, data, model, buildCrops);
}

function buildCrops({ frame, say, problem, waiting, link, closing }) {
  const scene = link.get("scene");
  const count = scene.masks.length;
  if (!count) {
    frame.append(element("p", {}, "No proposal was found in this image, so there is nothing to cut out."));
    return;
  }
  let hovered = null;
  const title = element("h3");
  const caption = element("p", { class: "tn-quote" });
  const figures = element("div", { class: "tn-figures" });
  const kept = link.live ? null : { ...link.get("others"), [link.get("index")]: link.get("shown") };
  const reach = scene.masks.map((_, i) => i).filter((i) => !kept || i in kept);
  const pick = (i) => {
    if (!reach.includes(i)) return problem(`The pictures of mask ${i} are not in this page.`);
    if (i === link.get("index")) return;
    if (kept) link.set({ index: i, shown: kept[i] });
    else link.set({ index: i }, `Cutting out mask ${i} \u2026`);
  };
  const { node, stage } = photoWith(scene, { onHover: (i) => { hovered = i; draw(); }, onPick: pick });
  const beside = (by) => reach[Math.max(0, Math.min(reach.length - 1, reach.indexOf(link.get("index")) + by))];
  const step = (by, text) => element("button", { type: "button", onclick: () => pick(beside(by)) }, text);
  const options = scene.captions.map((text, i) => [String(i), `mask ${i}: ${text.slice(0, 60)}`]);
  const choice = choiceOf("Mask", options, String(link.get("index")), (value) => pick(Number(value)));
  for (const option of choice.select.options) option.disabled = !reach.includes(Number(option.value));
  const controls = element("div", { class: "tn-switches" }, step(-1, "Previous"), choice.node, step(1, "Next"));
  frame.append(
    controls, element("p", { class: "tn-soft", hidden: reach.length === count }, aloneWith(reach, count)), title,
    element("div", { class: "tn-columns tn-narrow-first" }, node, element("div", {}, figures, caption)), waiting.node,
  );
  closing.push(() => stage.destroy());

  function draw() {
    const index = link.get("index");
    stage.draw({ kept: scene.masks.map(() => true), best: null, selected: index, hovered, oracle: null, target: false, all: true, numbers: true });
    stage.canvas.setAttribute("aria-label", `The photo with ${count} masks; mask ${index} is marked.`);
  }

  function refresh() {
    const [index, shown] = [link.get("index"), link.get("shown")];
    choice.select.value = String(index);
    draw();
    problem(shown.problem);
    if (shown.index !== index) return;
    setText(title, `mask ${index} of ${count}, as every model sees it`);
    figures.replaceChildren(...shown.pictures.map(figureOf));
    caption.replaceChildren("Its caption: ", element("q", {}, shown.caption));
    say(`mask ${index}: ${shown.caption}`);
  }

  link.watch(["index", "shown"], refresh);
  refresh();
}

/** Why a page without a kernel lacks the pictures of some masks. */
function aloneWith(reach, count) {
  const runs = [];
  for (const i of reach) if (runs.length && runs.at(-1)[1] === i - 1) runs.at(-1)[1] = i; else runs.push([i, i]);
  const names = runs.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(" and ");
  return `This page has no kernel, and the pictures of all ${count} masks would make it too large: it has those of ${names}. For the others, open the notebook and run the cell.`;
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "shown", "index"]), model);
}

export default { render };
