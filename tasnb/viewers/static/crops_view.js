// crops_view: one proposal as every model sees it. The pictures of another mask come from the kernel.
import { element, setText, valuesOf } from "./elements.js";
import { choiceOf, figureOf, panelOf, photoWith } from "./panel.js";

const CROPS_ALONE = "This page has no kernel, so it shows one mask. For another one, open the notebook and run the cell.";

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
  const pick = (i) => {
    const index = Math.max(0, Math.min(count - 1, i));
    if (link.live && index !== link.get("index")) link.set({ index }, `Cutting out mask ${index} \u2026`);
  };
  const { node, stage } = photoWith(scene, { onHover: (i) => { hovered = i; draw(); }, onPick: pick });
  const step = (by, text) => element("button", { type: "button", disabled: !link.live, onclick: () => pick(link.get("index") + by) }, text);
  const options = scene.captions.map((text, i) => [String(i), `mask ${i}: ${text.slice(0, 60)}`]);
  const choice = choiceOf("Mask", options, String(link.get("index")), (value) => pick(Number(value)));
  choice.select.disabled = !link.live;
  const controls = element("div", { class: "tn-switches" }, step(-1, "Previous"), choice.node, step(1, "Next"));
  frame.append(
    controls, element("p", { class: "tn-soft", hidden: link.live }, CROPS_ALONE), title,
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

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "shown", "index"]), model);
}

export default { render };
