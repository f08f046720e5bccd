// What the viewers beside explore share: the link to Python, a frame, figures, a stage with a list of masks.
import { element, frameOf, freshId, guarded, mindedNotes, waitingLine } from "./elements.js";
import { colourOf, Stage } from "./stage.js";

/** The meanwhile of a viewer that works without the kernel. */
export const FOLLOWS = "What you see here follows you without it; the values in Python do not.";
const WAYS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/**
 * The values of a viewer: those of its widget's model, or the page's own where there is no kernel. All that a viewer
 * tells the kernel goes through `set`: the kernel says when it has dealt with it, and until then the line waits.
 */
export function linkTo(data, model, problem, waiting) {
  const values = { ...data };
  const keys = Object.keys(data);
  const watchers = [];
  const tell = (changed) => {
    for (const [names, act] of watchers) if (names.some((name) => changed.includes(name))) guarded(problem, () => act());
  };
  const follow = () => {
    // the kernel may send several values at once: take all, then tell
    const changed = keys.filter((key) => model.get(key) !== values[key]);
    for (const key of changed) values[key] = model.get(key);
    if (changed.length) tell(changed);
  };
  const hear = () => {
    const heard = model.get("heard");
    if (heard.problem) problem(heard.problem);
    if (heard.number === model.get("said")) waiting.tell();
  };
  if (model) for (const key of keys) model.on(`change:${key}`, follow);
  if (model) model.on("change:heard", hear);
  return {
    live: Boolean(model),
    get: (key) => values[key],
    watch: (names, act) => watchers.push([names, act]),
    /** words: what the kernel is asked for; without them the line speaks only when no answer comes. */
    set(changes, words = "") {
      Object.assign(values, changes);
      const heard = Boolean(model) && waiting.wait(words);
      tell(Object.keys(changes));
      if (!heard) return;
      try {
        for (const [key, value] of Object.entries(changes)) model.set(key, value);
        model.set("said", (model.get("said") ?? 0) + 1);
        model.save_changes();
      } catch (error) {
        console.info("tasnb: the kernel cannot be reached", error.message);
      }
    },
    close() {
      if (!model) return;
      for (const key of keys) model.off(`change:${key}`, follow);
      model.off("change:heard", hear);
    },
  };
}

/**
 * A viewer in its frame. build({frame, say, problem, waiting, link, closing, model}) fills it; what it throws is shown
 * inside. Where build gives the waiting line no place, it is the last one. meanwhile: as waitingLine has it.
 */
export function panelOf(root, { label, kind, meanwhile }, data, model, build) {
  const { frame, problem, say } = frameOf(root, label);
  frame.classList.add(`tn-${kind}`);
  const waiting = waitingLine(model, meanwhile);
  const link = linkTo(data, model, problem, waiting);
  const closing = [waiting.close];
  const minded = element("div");
  const remind = () => {
    const variant = link.get("reading")?.variants?.[link.get("settings")?.variant];
    minded.replaceChildren(...mindedNotes([...((link.get("scene") ?? link.get("record") ?? link.get("about"))?.minded ?? []), ...(variant?.minded ?? [])]));
  };
  frame.append(minded);
  link.watch(["scene", "record"], remind);
  remind();
  guarded(problem, () => build({ frame, say, problem, waiting, link, closing, model }));
  if (!frame.contains(waiting.node)) frame.append(waiting.node);
  return () => {
    link.close();
    for (const act of closing) act();
  };
}

/** Let the arrow keys walk the buttons of a list. */
export function walkable(list) {
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll("button")];
    const [at, step] = [all.indexOf(event.target), WAYS[event.key]];
    if (at < 0 || !step) return;
    all[Math.max(0, Math.min(all.length - 1, at + step))].focus();
    event.preventDefault();
    event.stopPropagation();
  });
  return list;
}

export const chipOf = (i) => {
  const chip = element("span", { class: "tn-chip", "aria-hidden": "true" });
  chip.style.background = colourOf(i);
  return chip;
};

/** A picture with words below it. */
export function figureOf({ name, words, uri, alt, enlarged }) {
  const image = element("img", { src: uri, alt, class: enlarged ? "tn-pixels" : false });
  return element("figure", {}, element("div", { class: "tn-frame" }, image), element("figcaption", {}, element("b", {}, name), ` ${words}`));
}

/** Says how much of a large photo travels; nothing for one that is shown as it is. */
export function scaleNote({ size_hw: shown, full_hw: full }) {
  const words = ([height, width]) => `${width.toLocaleString("en")} \u00d7 ${height.toLocaleString("en")}`;
  const text = full && full[0] > shown[0] ? `The photo of ${words(full)} pixels is shown at ${words(shown)}; masks, areas, centres and IoU are those of the full photo.` : "";
  return element("p", { class: "tn-soft tn-scale", hidden: !text }, text);
}

/** The photo with its masks. Returns {node, stage}; the canvas is a picture: its masks are reached by other controls. */
export function photoWith(scene, { onHover, onPick }, height = 380) {
  const stage = new Stage(scene, { onHover, onPick });
  stage.canvas.setAttribute("role", "img");
  const node = element("div", { class: "tn-photo" }, stage.canvas);
  node.style.maxWidth = `${Math.round((height * scene.size_hw[1]) / scene.size_hw[0])}px`;
  return { node: element("div", {}, node, scaleNote(scene)), stage };
}

/** A labelled choice. options: [[value, text], ...]. -> {node, select}. */
export function choiceOf(name, options, value, change) {
  const id = freshId("choice");
  const select = element("select", { id, onchange: () => change(select.value) }, ...options.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
  return { select, node: element("span", { class: "tn-choice" }, element("label", { for: id }, name), " ", select) };
}

export function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** One case: its thumbnail, its expression, a few lines; a button where a click does something. */
export function caseCard({ expression, thumb, alt, lines }, open = null) {
  const picture = thumb ? element("img", { src: thumb, alt, loading: "lazy" }) : element("span", { class: "tn-no-picture" }, alt);
  const words = [element("span", { class: "tn-case-words" }, expression), ...lines.map((line) => element("small", {}, line))];
  const inside = [element("span", { class: "tn-case-picture" }, picture), ...words];
  return open ? element("button", { type: "button", class: "tn-case", onclick: open }, ...inside) : element("div", { class: "tn-case" }, ...inside);
}
