// annotate: click a mask, type an expression for it. The list lives here and in the kernel; saving needs the kernel.
// All that is clicked and typed is kept at once, here by draft.js and in the kernel's file, and offered again.
import { recall, remember, sameWords } from "./draft.js";
import { element, enable, freshId, guarded, setText, valuesOf } from "./elements.js";
import { chipOf, panelOf, photoWith, walkable } from "./panel.js";

const ANNOTATE_ALONE = "This page has no kernel: you can try it on this picture, but nothing can be saved as a data set. Open the notebook and run the cell.";
const ANNOTATE_VALUES = ["scene", "number", "names", "marks", "counts", "entries", "halves", "found", "chosen", "folder", "at", "kept", "wish", "notice", "problem"];
const ANNOTATE_NONE = "none"; // the choice "no mask fits", beside mask numbers
const ANNOTATE_MEANWHILE = "What you click and type is kept in this browser and offered again.";
const PAUSE = 400; // ms without a key before the kernel hears what is typed; the browser keeps each key

export function mount(root, data, model) {
  return panelOf(root, { label: "Annotate: choose a mask and describe it", kind: "annotate", meanwhile: ANNOTATE_MEANWHILE }, data, model, buildAnnotate);
}

function buildAnnotate({ frame, say, problem, waiting, link, closing }) {
  let photo = null;
  let hovered = null;
  let nothing = false; // "no mask fits" is chosen
  let typing = null; // the timer that tells the kernel what is typed
  let untold = false; // something was typed that the kernel has not heard
  let turned = false; // another picture is awaited
  let fresh = false; // the choice was not added with words yet
  const [keys, counts] = ["marks", "counts"].map(link.get);
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
  const folder = element("input", { type: "text", id: freshId("folder"), autocomplete: "off" });
  const saves = element("button", { type: "button", onclick: save }, "Save");
  const saving = element("div", { class: "tn-ask tn-saving" }, element("label", { for: folder.id }, "Save in the folder"), folder, saves);
  // no <form>: in JupyterLab its submit event does not come
  for (const [field, act] of [[typed, annotate], [folder, save]]) field.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && act());
  typed.addEventListener("input", type);
  typed.addEventListener("change", tellTyped);
  folder.addEventListener("change", () => link.set({ folder: folder.value, at: Date.now() }));
  const notice = element("p", { class: "tn-right" });
  const safe = element("p", { class: "tn-soft", role: "status" });
  const offered = element("p");
  const goOn = element("button", { type: "button", class: "tn-main", onclick: resume }, "Continue where you stopped");
  const offer = element("div", { class: "tn-offer", role: "group", "aria-label": "Annotations from before" }, offered,
    element("div", { class: "tn-switches" }, goOn, element("button", { type: "button", onclick: startAgain }, "Start again")));
  const work = element("div", {}, element("div", { class: "tn-switches" }, place, back, on),
    element("div", { class: "tn-columns" }, element("div", {}, picture, hint), element("div", {}, choices, asking)), title, list, saving);
  frame.append(
    element("p", { class: "tn-soft", hidden: link.live }, ANNOTATE_ALONE), offer, work, waiting.node, notice, safe,
  );
  closing.push(() => photo?.stage.destroy(), tellTyped);

  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const isChosen = () => nothing || link.get("chosen") !== null;
  const here = () => link.get("scene").number; // of the picture on screen: while the next one is awaited, still the last
  const isNone = (choice) => choice === ANNOTATE_NONE;
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // ---- what is kept

  /** All that is kept of a picture: what was found and not decided on, then what was made since. */
  function recordOf(i) {
    const found = link.get("found")[keys[i]] ?? { entries: [], half: null };
    const made = link.get("entries").filter((entry) => entry.image === i);
    const before = found.entries.filter((old) => !made.some((entry) => sameWords(old.expression, entry.expression)));
    return { entries: [...before, ...made].map(({ expression, proposal }) => ({ expression, proposal })), half: link.get("halves")[keys[i]] ?? found.half };
  }

  /** What is chosen and typed for the picture on screen and not added yet, among those of the others. */
  function halvesNow() {
    const { [keys[here()]]: _, ...others } = link.get("halves");
    const choice = nothing ? ANNOTATE_NONE : String(link.get("chosen") ?? "");
    return (fresh && choice) || typed.value ? { ...others, [keys[here()]]: { expression: typed.value, choice } } : others;
  }

  /** Set values here and in the kernel, and keep all of it in the browser. */
  function keep(changes, words = "") {
    clearTimeout(typing);
    untold = false;
    const at = Date.now();
    link.set({ ...changes, at }, words);
    store(at);
  }

  function store(time) {
    const kept = keys.map((key, i) => remember(key, { time, ...recordOf(i) }, counts[i]));
    const { file, problem: why } = link.get("kept");
    const places = [kept.every(Boolean) ? "in this browser" : "", file ? `in ${file}` : ""].filter(Boolean).join(" and ");
    setText(safe, `${places ? `Every click and key is kept ${places}.` : "Nothing is kept but what you save."}${why ? ` No file keeps it: ${why}.` : ""}`);
    safe.classList.toggle("tn-problem", Boolean(why) || !places);
  }

  function type() {
    clearTimeout(typing);
    untold = true;
    remember(keys[here()], { time: Date.now(), ...recordOf(here()), half: halvesNow()[keys[here()]] ?? null }, counts[here()]);
    typing = setTimeout(() => keep({ halves: halvesNow() }), PAUSE);
  }

  function tellTyped() {
    clearTimeout(typing);
    untold = false;
    if (!same(link.get("halves"), halvesNow())) keep({ halves: halvesNow() });
  }

  /** What this browser kept and the kernel's file does not know; the newer record of a picture counts. */
  function lookHere() {
    const found = { ...link.get("found") };
    keys.forEach((key, i) => {
      const mine = recall(key, counts[i]);
      if (!mine || mine.time < (found[key]?.time ?? 0)) return;
      const now = link.get("entries").filter((entry) => entry.image === i);
      const isNew = mine.entries.some((old) => !now.some((entry) => entry.expression === old.expression && entry.proposal === old.proposal));
      if (isNew || (mine.half && !same(mine.half, link.get("halves")[key]))) found[key] = mine;
      else delete found[key];
    });
    if (!same(found, link.get("found"))) link.set({ found, at: Date.now() });
  }

  function showOffer() {
    const found = Object.values(link.get("found"));
    offer.hidden = !found.length;
    work.hidden = Boolean(found.length);
    if (!found.length) return;
    const made = found.reduce((sum, record) => sum + record.entries.length, 0);
    const half = found.some((record) => record.half) ? `${made ? ", and" : ""} one that was not added yet` : "";
    const when = new Date(Math.max(...found.map((record) => record.time))).toLocaleString();
    setText(offered, `From before, last changed ${when}: ${made || !half ? count(made, "annotation") : ""}${half}.`);
  }

  function resume() {
    const found = link.get("found");
    const halves = Object.fromEntries(Object.entries(found).filter(([, record]) => record.half).map(([key, record]) => [key, record.half]));
    const [last] = Object.entries(found).sort(([, one], [, other]) => other.time - one.time)[0];
    const entries = keys.flatMap((_, i) => recordOf(i).entries.map((entry) => ({ image: i, ...entry })));
    const number = link.live ? keys.indexOf(last) : here();
    turned = number !== here();
    keep({ entries, halves: { ...halves, ...link.get("halves") }, found: {}, number }, turned ? "Preparing the picture \u2026" : "");
    say(`${count(entries.length, "annotation")} from before.`);
    typed.focus({ preventScroll: true });
  }

  function startAgain() {
    keep({ found: {} });
    say("Started again.");
    choices.querySelector("button").focus({ preventScroll: true });
  }

  // ---- what is done

  function turn(step) {
    tellTyped();
    for (const button of [back, on]) enable(button, false);
    turned = true;
    link.set({ number: here() + step }, "Preparing the picture \u2026");
  }

  function choose(name) {
    [nothing, fresh] = [isNone(name), true];
    link.set({ chosen: nothing ? null : Number(name) });
    keep({ halves: halvesNow() });
    say(nothing ? "no mask fits" : `mask ${name} is chosen`);
  }

  function annotate() {
    const expression = typed.value.trim();
    if (!isChosen() || !expression) {
      problem(isChosen() ? "Type an expression first." : "Choose a mask first: click it in the picture or in the list.");
      (isChosen() ? typed : choices.querySelector("button"))?.focus();
      return;
    }
    const entry = { image: here(), expression, proposal: nothing ? null : link.get("chosen") };
    const others = link.get("entries").filter((other) => other.image !== entry.image || !sameWords(other.expression, expression));
    const moved = others.length < link.get("entries").length;
    [typed.value, fresh] = ["", false];
    const { [keys[here()]]: _, ...halves } = link.get("halves");
    keep({ entries: [...others, entry], halves, notice: "", problem: "" });
    say(moved ? "These words were there already: they belong to the new choice now." : `Added. ${count(others.length + 1, "annotation")}.`);
  }

  function drop(row) {
    keep({ entries: link.get("entries").filter((_, at) => at !== row), notice: "", problem: "" });
    say(`Removed. ${count(link.get("entries").length, "annotation")} left.`);
    (rows.querySelectorAll("button")[Math.max(0, row - 1)] ?? typed).focus();
  }

  function save() {
    if (!link.live) return;
    const wish = { folder: folder.value, times: (link.get("wish").times ?? 0) + 1 };
    keep({ notice: "", problem: "", folder: folder.value, wish }, "Saving \u2026");
  }

  // ---- what is shown

  /** What is half done with the picture on screen, as it was kept. */
  function showHalf() {
    const half = link.get("halves")[keys[here()]];
    if (untold) return; // a picture or a state that comes again is older than what is being typed
    if (half && typed.value !== half.expression) typed.value = half.expression;
    if (!half) return;
    [nothing, fresh] = [isNone(half.choice), true];
    const chosen = half.choice && !nothing && Number(half.choice) < counts[here()] ? Number(half.choice) : null;
    if (chosen !== link.get("chosen")) link.set({ chosen });
    else refresh();
  }

  function newPicture() {
    const [scene, names, number] = [link.get("scene"), link.get("names"), here()];
    photo?.stage.destroy();
    hovered = null;
    photo = photoWith(scene, { onHover: point, onPick: (i) => { choose(String(i)); typed.focus({ preventScroll: true }); } }, 430);
    picture.replaceChildren(photo.node);
    setText(place, `Picture ${number + 1} of ${names.length}: ${names[number]}`);
    enable(back, link.live && number > 0);
    enable(on, link.live && number + 1 < names.length);
    const options = [...scene.captions.map((where, i) => [String(i), `mask ${i}`, where]), [ANNOTATE_NONE, "no mask fits", ""]];
    choices.replaceChildren(...options.map(choiceOfMask));
    setText(hint, scene.masks.length ? "Click a mask, then type what only it is. Where masks lie on each other, click again or use the list." : "No proposal was found in this picture.");
    if (turned) {
      [typed.value, nothing, fresh, turned, untold] = ["", false, false, false, false];
      if (link.get("chosen") !== null) link.set({ chosen: null });
    }
    refresh();
    showHalf();
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
    const [entries, names, chosen] = ["entries", "names", "chosen"].map(link.get);
    const number = here();
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
    enable(saves, link.live && entries.length > 0);
    draw();
  }

  function rowOfEntry({ image, expression, proposal }, row, names) {
    const mask = proposal === null ? ["no mask"] : [chipOf(proposal), `mask ${proposal}`];
    const remove = element("button", { type: "button", "aria-label": `Remove \u201c${expression}\u201d`, onclick: () => drop(row) }, "Remove");
    return element("tr", {}, element("td", { class: "tn-text" }, names[image]), element("td", { class: "tn-text" }, expression), element("td", {}, ...mask), element("td", {}, remove));
  }

  function draw() {
    const [scene, chosen] = ["scene", "chosen"].map(link.get);
    photo.stage.draw({ kept: scene.masks.map(() => true), best: null, selected: chosen, hovered, oracle: null, target: false, all: true, numbers: true });
    photo.stage.canvas.setAttribute("aria-label", `The photo with ${count(scene.masks.length, "mask")}. ${chosen === null ? "None is chosen." : `Mask ${chosen} is chosen.`}`);
  }

  function showFolder() {
    folder.value = link.get("folder");
  }

  function tell() {
    problem(link.get("problem"));
    setText(notice, link.get("notice"));
    if (link.get("notice")) say(link.get("notice"));
  }

  link.watch(["scene"], newPicture);
  link.watch(["entries", "chosen"], refresh);
  link.watch(["notice", "problem"], tell);
  link.watch(["halves"], showHalf);
  link.watch(["found"], showOffer);
  link.watch(["kept"], () => store(link.get("at")));
  link.watch(["folder"], showFolder);
  guarded(problem, newPicture);
  showFolder();
  lookHere();
  showOffer();
  if (link.get("kept").problem) store(link.get("at"));
  tell();
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ANNOTATE_VALUES), model);
}

export default { render };
