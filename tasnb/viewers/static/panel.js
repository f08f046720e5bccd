// What the viewers beside explore share: the link to Python, a frame, figures, a stage with a list of masks.
import { element, frameOf, freshId, guarded, mindedNotes, waitingLine } from "./elements.js";
import { colourOf, Stage } from "./stage.js";

const WAYS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** The values of a viewer: those of its widget's model, or the page's own where there is no kernel. */
export function linkTo(data, model, problem) {
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
  if (model) for (const key of keys) model.on(`change:${key}`, follow);
  return {
    live: Boolean(model),
    get: (key) => values[key],
    watch: (names, act) => watchers.push([names, act]),
    set(changes) {
      Object.assign(values, changes);
      tell(Object.keys(changes));
      if (!model) return;
      try {
        for (const [key, value] of Object.entries(changes)) model.set(key, value);
        model.save_changes();
      } catch (error) {
        console.info("tasnb: the kernel cannot be reached", error.message);
      }
    },
    close() {
      if (model) for (const key of keys) model.off(`change:${key}`, follow);
    },
  };
}

/** A viewer in its frame. build({frame, say, problem, waiting, link, closing}) fills it; what it throws is shown inside. */
export function panelOf(root, { label, kind }, data, model, build) {
  const { frame, problem, say } = frameOf(root, label);
  frame.classList.add(`tn-${kind}`);
  const link = linkTo(data, model, problem);
  const closing = [];
  const minded = element("div");
  const remind = () => {
    const variant = link.get("reading")?.variants?.[link.get("settings")?.variant];
    minded.replaceChildren(...mindedNotes([...((link.get("scene") ?? link.get("record") ?? link.get("about"))?.minded ?? []), ...(variant?.minded ?? [])]));
  };
  frame.append(minded);
  link.watch(["scene", "record"], remind);
  remind();
  guarded(problem, () => build({ frame, say, problem, waiting: waitingLine(model), link, closing, model }));
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

/** The photo with its masks. Returns {node, stage}; the canvas is a picture: its masks are reached by other controls. */
export function photoWith(scene, { onHover, onPick }, height = 380) {
  const stage = new Stage(scene, { onHover, onPick });
  stage.canvas.setAttribute("role", "img");
  const node = element("div", { class: "tn-photo" }, stage.canvas);
  node.style.maxWidth = `${Math.round((height * scene.size_hw[1]) / scene.size_hw[0])}px`;
  return { node, stage };
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
