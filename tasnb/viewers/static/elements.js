// DOM pieces that all viewers build from. Text children become text nodes: data never becomes markup.

const PATIENCE = 8000; // ms without an answer of the kernel before the reader is told so
const GONE = "The kernel is gone or was restarted: run the cell again.";
const SILENT = "No answer yet: the kernel is busy, or it was restarted; then run the cell again.";
const RESTARTS = ["restarting", "autorestarting"];
const FOCUSABLE = ["button", "input", "select", "summary", "textarea"];

/** element("p", {class: "tn-soft", onclick: f, hidden: true}, "text", node); false, null and undefined set nothing. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "onclick") node.addEventListener("click", (event) => node.getAttribute("aria-disabled") !== "true" && value(event));
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  // Lumino looks for this from the focused node upwards and takes a shortcut that matches first: the root is too late
  if (FOCUSABLE.includes(tag) || "tabindex" in attributes) node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.append(...children);
  return node;
}

/** What to mind before a viewer is believed: a sentence each. */
export const mindedNotes = (notes) => notes.map((text) => element("p", { class: "tn-minded", role: "note" }, `${text[0].toUpperCase()}${text.slice(1)}.`));

/** An id that no other viewer of the page has: two may show the same value. */
export const freshId = (stem) => `tn-${stem}-${Math.random().toString(36).slice(2, 10)}`;

/** Touch the DOM only where the text differs: 200 rows are compared in well under a frame. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Switch a button on or off; a button that is `disabled` would drop the focus that it has. */
export const enable = (button, on) => button.setAttribute("aria-disabled", String(!on));

/** A checkbox in its label. */
export function switchOf(text, on, change, disabled = false) {
  const box = element("input", { type: "checkbox", disabled, onchange: () => change(box.checked) });
  box.checked = on;
  return { box, label: element("label", { class: "tn-switch" }, box, ` ${text}`) };
}

/** A slider with its name and its value, by `words` where it is no plain number; `set` moves it without an event. */
export function sliderOf(name, { min, max, step, value, words = null }, change) {
  const id = freshId("slider");
  const input = element("input", { type: "range", id, min, max, step, oninput: () => change(Number(input.value)) });
  const output = element("output", { for: id });
  const set = (number) => {
    [input.min, input.max] = [Math.min(Number(input.min), number), Math.max(Number(input.max), number)];
    input.value = number;
    if (words) input.setAttribute("aria-valuetext", words(number));
    setText(output, words ? words(number) : number.toFixed(Math.max(2, Math.min(6, (String(number).split(".")[1] ?? "").length))));
  };
  set(value);
  return { input, set, row: element("div", { class: "tn-slider" }, element("label", { for: id }, name), input, output) };
}

/**
 * The frame of a viewer: a labelled group whose keys JupyterLab leaves alone, with a place for problems and one for
 * what a screen reader should say. -> {frame, problem(text), say(text)}.
 */
export function frameOf(root, label) {
  const alert = element("p", { class: "tn-problem", role: "alert", hidden: true });
  const status = element("p", { class: "tn-unseen", role: "status" });
  // a group: two viewers of a page may have one label, which landmarks may not
  const frame = element("div", { class: "tn-viewer", role: "group", "aria-label": label, "data-lm-suppress-shortcuts": "true" }, alert, status);
  root.append(frame);
  const problem = (text) => {
    setText(alert, text);
    alert.hidden = !text;
  };
  return { frame, problem, say: (text) => setText(status, text) };
}

/** Run a piece of a viewer; what it throws is shown inside the viewer, where the reader is. */
export function guarded(problem, piece) {
  try {
    return piece();
  } catch (error) {
    problem(`This viewer met a problem: ${error.message}. Run the cell again; if it stays, please report it.`);
    return undefined;
  }
}

/** Is it sure that no kernel listens? Where the notebook program does not say, the answer is no. */
function kernelIsGone(manager) {
  if (!manager || !("kernel" in manager)) return false;
  return !manager.kernel || manager.kernel.isDisposed || manager.kernel.status === "dead";
}

/**
 * A line that says what the kernel is asked for, and after a while that it does not answer; tell() when it has answered.
 * The time runs from the first thing that is unanswered. A restart is told at once, where the notebook program reports
 * it. wait() -> whether anyone may listen. meanwhile: what the viewer can do without the kernel.
 */
export function waitingLine(model, meanwhile = "") {
  const node = element("p", { class: "tn-waiting", role: "status" });
  const manager = model?.widget_manager;
  const statuses = manager?.kernel?.statusChanged;
  let timer = null;
  let cut = false; // from a kernel that was restarted: the new one does not know this viewer
  const say = (text, silent) => {
    setText(node, text.trim());
    node.classList.toggle("tn-silent", silent);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = null;
  };
  const tellGone = () => {
    stop();
    say(`${GONE} ${meanwhile}`, true);
  };
  const follow = (_, status) => {
    if (!RESTARTS.includes(status)) return;
    cut = true;
    tellGone();
  };
  statuses?.connect(follow);
  const tell = () => {
    stop();
    if (!cut) say("", false);
  };
  const wait = (text) => {
    if (cut || kernelIsGone(manager)) {
      tellGone();
      return false;
    }
    if (!node.classList.contains("tn-silent")) {
      if (text) say(text, false);
      timer ??= setTimeout(() => say(`${SILENT} ${meanwhile}`, true), PATIENCE);
    }
    return true;
  };
  const close = () => {
    stop();
    statuses?.disconnect(follow);
  };
  return { node, tell, wait, close };
}

/** Scroll inside a list only: scrollIntoView would move the whole notebook. head: what stays on top of the list. */
export function reveal(list, row, head = 0) {
  const [top, bottom] = [row.offsetTop - head, row.offsetTop + row.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

/** The values of a widget's model, by name. */
export const valuesOf = (model, names) => Object.fromEntries(names.map((name) => [name, model.get(name)]));
