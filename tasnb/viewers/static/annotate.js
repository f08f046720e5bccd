// annotate: click a mask, type an expression for it. The list lives here and in the kernel; saving needs the kernel.
import { element, freshId, guarded, setText, valuesOf } from "./elements.js";
import { chipOf, panelOf, photoWith, walkable } from "./panel.js";

const ANNOTATE_ALONE = "This page has no kernel: you can try it on this picture, but nothing can be saved. Open the notebook and run the cell.";
const ANNOTATE_NONE = "none"; // the choice "no mask fits", beside mask numbers

/** The same words about the same picture? tasnb/viewers/annotation.py asks the same. */
export function sameWords(one, other) {
  const plain = (text) => text.toLowerCase().split(/\s+/u).filter(Boolean).join(" ");
  return one.image === other.image && plain(one.expression) === plain(other.expression);
}

export function mount(root, data, model) {
  return panelOf(root, { label: "Annotate: choose a mask and describe it", kind: "annotate" }, data, model, buildAnnotate);
}

function buildAnnotate({ frame, say, problem, waiting, link, closing }) {
  let photo = null;
  let hovered = null;
  let nothing = false; // "no mask fits" is chosen
  const place = element("h3");
  const back = element("button", { type: "button", onclick: () => turn(-1) }, "Previous picture");
  const on = element("button", { type: "button", onclick: () => turn(1) }, "Next picture");
  const picture = element("div");
  const choices = walkable(element("div", { class: "tn-choices", role: "group", "aria-label": "The masks of this picture" }));
  const typed = element("input", { type: "text", id: freshId("expression"), autocomplete: "off" });
  const label = element("label", { for: typed.id });
  const add = element("button", { type: "button", class: "tn-main", onclick: annotate }, "Add");
  const asking = element("div", { class: "tn-naming" }, label, element("div", { class: "tn-ask" }, typed, add));
  const hint = element("p", { class: "tn-soft" });
  const title = element("h3");
  const rows = element("tbody");
  const heads = ["picture", "expression", "mask"].map((name) => element("th", { scope: "col" }, name));
  const last = element("th", { scope: "col" }, element("span", { class: "tn-unseen" }, "remove"));
  const list = element("div", { class: "tn-list tn-annotations", tabindex: "0", role: "group", "aria-label": "The annotations" },
    element("table", {}, element("caption", { class: "tn-unseen" }, "The annotations"), element("thead", {}, element("tr", {}, ...heads, last)), rows));
  const folder = element("input", { type: "text", id: freshId("folder"), value: "my_photos", autocomplete: "off" });
  const store = element("button", { type: "button", onclick: keep }, "Save");
  const saving = element("div", { class: "tn-ask tn-saving" }, element("label", { for: folder.id }, "Save in the folder"), folder, store);
  // no <form>: in JupyterLab its submit event does not come
  for (const [field, act] of [[typed, annotate], [folder, keep]]) field.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && act());
  const notice = element("p", { class: "tn-right" });
  frame.append(
    element("div", { class: "tn-switches" }, place, back, on),
    element("p", { class: "tn-soft", hidden: link.live }, ANNOTATE_ALONE),
    element("div", { class: "tn-columns" }, element("div", {}, picture, hint), element("div", {}, choices, asking)),
    title, list, saving, waiting.node, notice,
  );
  closing.push(() => photo?.stage.destroy());

  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const isChosen = () => nothing || link.get("chosen") !== null;

  function turn(step) {
    for (const button of [back, on]) button.disabled = true;
    nothing = false;
    waiting.wait("Preparing the picture \u2026");
    link.set({ number: link.get("number") + step });
  }

  function choose(name) {
    nothing = name === ANNOTATE_NONE;
    link.set({ chosen: nothing ? null : Number(name) });
    say(nothing ? "no mask fits" : `mask ${name} is chosen`);
  }

  function annotate() {
    const expression = typed.value.trim();
    if (!isChosen() || !expression) {
      problem(isChosen() ? "Type an expression first." : "Choose a mask first: click it in the picture or in the list.");
      (isChosen() ? typed : choices.querySelector("button"))?.focus();
      return;
    }
    const entry = { image: link.get("number"), expression, proposal: nothing ? null : link.get("chosen") };
    const others = link.get("entries").filter((other) => !sameWords(other, entry));
    const moved = others.length < link.get("entries").length;
    typed.value = "";
    link.set({ entries: [...others, entry], notice: "", problem: "" });
    say(moved ? "These words were there already: they belong to the new choice now." : `Added. ${count(others.length + 1, "annotation")}.`);
  }

  function drop(row) {
    link.set({ entries: link.get("entries").filter((_, at) => at !== row), notice: "", problem: "" });
    say(`Removed. ${count(link.get("entries").length, "annotation")} left.`);
    (rows.querySelectorAll("button")[Math.max(0, row - 1)] ?? typed).focus();
  }

  function keep() {
    if (!link.live || store.disabled) return;
    link.set({ notice: "", problem: "", wish: { folder: folder.value, times: (link.get("wish").times ?? 0) + 1 } });
    waiting.wait("Saving \u2026");
  }

  function newPicture() {
    const [scene, number, names] = ["scene", "number", "names"].map(link.get);
    photo?.stage.destroy();
    hovered = null;
    photo = photoWith(scene, { onHover: point, onPick: (i) => { choose(String(i)); typed.focus({ preventScroll: true }); } }, 430);
    picture.replaceChildren(photo.node);
    waiting.tell("");
    setText(place, `Picture ${number + 1} of ${names.length}: ${names[number]}`);
    back.disabled = !link.live || number === 0;
    on.disabled = !link.live || number + 1 >= names.length;
    const options = [...scene.captions.map((where, i) => [String(i), `mask ${i}`, where]), [ANNOTATE_NONE, "no mask fits", ""]];
    choices.replaceChildren(...options.map(choiceOfMask));
    setText(hint, scene.masks.length ? "Click a mask, then type what only it is. Where masks lie on each other, click again or use the list." : "No proposal was found in this picture.");
    refresh();
  }

  function choiceOfMask([name, text, where]) {
    const number = name === ANNOTATE_NONE ? null : Number(name);
    const inside = [number === null ? "" : chipOf(number), element("b", {}, text), where ? ` ${where}` : "", element("span", { class: "tn-votes" })];
    const button = element("button", { type: "button", "data-name": name, "aria-pressed": "false", onclick: () => choose(name) }, ...inside);
    for (const [event, at] of [["pointerenter", number], ["pointerleave", null], ["focus", number], ["blur", null]]) button.addEventListener(event, () => point(at));
    return button;
  }

  function point(i) {
    hovered = i;
    draw();
  }

  function refresh() {
    const [entries, number, names, chosen] = ["entries", "number", "names", "chosen"].map(link.get);
    if (chosen !== null) nothing = false;
    const of = (name) => entries.filter((e) => e.image === number && (e.proposal === null ? ANNOTATE_NONE : String(e.proposal)) === name).length;
    for (const button of choices.children) {
      const { name } = button.dataset;
      button.setAttribute("aria-pressed", String(name === ANNOTATE_NONE ? nothing : name === String(chosen)));
      setText(button.querySelector(".tn-votes"), of(name) ? ` ${count(of(name), "expression")}` : "");
    }
    setText(label, isChosen() ? `Expression for ${nothing ? "a thing that no mask fits" : `mask ${chosen}`}` : "Expression (choose a mask first)");
    setText(title, entries.length ? count(entries.length, "annotation") : "No annotation yet");
    list.hidden = !entries.length;
    rows.replaceChildren(...entries.map((entry, row) => rowOfEntry(entry, row, names)));
    store.disabled = !link.live || !entries.length;
    draw();
  }

  function rowOfEntry({ image, expression, proposal }, row, names) {
    const mask = proposal === null ? ["no mask"] : [chipOf(proposal), `mask ${proposal}`];
    const remove = element("button", { type: "button", "aria-label": `Remove \u201c${expression}\u201d`, onclick: () => drop(row) }, "Remove");
    return element("tr", {}, element("td", { class: "tn-text" }, names[image]), element("td", { class: "tn-text" }, expression), element("td", {}, ...mask), element("td", {}, remove));
  }

  function draw() {
    const [scene, chosen] = ["scene", "chosen"].map(link.get);
    photo.stage.draw({ kept: scene.masks.map(() => true), best: null, selected: chosen, hovered, oracle: null, target: false, all: true });
    photo.stage.canvas.setAttribute("aria-label", `The photo with ${count(scene.masks.length, "mask")}. ${chosen === null ? "None is chosen." : `Mask ${chosen} is chosen.`}`);
  }

  function tell() {
    waiting.tell("");
    problem(link.get("problem"));
    setText(notice, link.get("notice"));
    if (link.get("notice")) say(link.get("notice"));
  }

  link.watch(["scene"], newPicture);
  link.watch(["entries", "chosen"], refresh);
  link.watch(["notice", "problem"], tell);
  guarded(problem, newPicture);
  tell();
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "number", "names", "entries", "chosen", "wish", "notice", "problem"]), model);
}

export default { render };
