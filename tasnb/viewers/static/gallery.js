// gallery: a page of cases, filters and an order. The kernel filters and sends one page; here is only what is in view.
import { element, enable, freshId, setText, valuesOf } from "./elements.js";
import { caseCard, choiceOf, panelOf } from "./panel.js";

const CASES = "Asking the kernel for the cases \u2026";
const TYPING = 300; // ms without a key before a filter that is typed is sent
const SORT_NAMES = { sample: "order of the run", iou: "IoU", oracle_iou: "IoU of the best proposal", gap: "what the best proposal would add" };
const GALLERY_ALONE = "This page has no kernel, so it shows one page. To filter and to open cases, open the notebook and run the cell.";
const CARD_MOVES = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

export function mount(root, data, model) {
  return panelOf(root, { label: "Gallery: the cases of a run", kind: "gallery" }, data, model, buildGallery);
}

function buildGallery({ frame, say, problem, waiting, link, closing, model }) {
  const about = link.get("about");
  const query = () => link.get("query");
  const ask = (changes) => link.live && link.set({ query: { ...query(), page: 0, ...changes } }, CASES);
  const controls = about.fields.map((field) => filterOf(field, (value) => {
    const filters = { ...query().filters };
    if (value === null || value === "") delete filters[field.name];
    else filters[field.name] = value;
    ask({ filters });
  }));
  const orders = about.sorts.flatMap((name) => {
    const label = SORT_NAMES[name] ?? name.replaceAll("_", " ");
    return [[`${name} up`, `${label}, rising`], [`${name} down`, `${label}, falling`]];
  });
  const order = choiceOf("Order", orders, "sample up", (value) => {
    const [, name, way] = value.match(/^(.*) (up|down)$/);
    ask({ sort: name, descending: way === "down" });
  });
  const groups = choiceOf("Group by", [["", "none"], ...(about.groups ?? []).map((g) => [g, g === "types" ? "type" : g])], "", (value) => ask({ group: value }));
  groups.node.hidden = !about.groups?.length;
  const clear = element("button", { type: "button", onclick: () => ask({ filters: {} }) }, "Clear filters");
  const form = element("fieldset", { class: "tn-controls", disabled: !link.live }, element("legend", {}, "Which cases"),
    element("div", { class: "tn-filters" }, ...controls.map((c) => c.node), order.node, groups.node, clear));
  const count = element("p", { class: "tn-verdict" });
  const cards = element("div", { class: "tn-cards", role: "group", "aria-label": "Cases of this page" });
  cards.addEventListener("keydown", key);
  const turn = (by) => link.live && link.set({ query: { ...query(), page: link.get("page").number + by } }, CASES);
  const previous = element("button", { type: "button", onclick: () => turn(-1) }, "Previous page");
  const next = element("button", { type: "button", onclick: () => turn(1) }, "Next page");
  const place = element("span");
  const close = element("button", { type: "button", onclick: () => link.set({ opened: null }) }, "Close this case");
  const below = element("div", { class: "tn-opened" });
  const noting = noteForm(link);
  frame.append(
    element("h3", {}, about.title), element("p", { class: "tn-soft", hidden: link.live }, GALLERY_ALONE), form, count,
    element("p", { class: "tn-soft" }, `Dashed: the target. Tinted: the answer. Right: IoU above ${about.right}.`), cards,
    element("div", { class: "tn-switches", role: "group", "aria-label": "Pages" }, previous, place, next), waiting.node, close, noting.node, below,
  );
  let view = null;
  closing.push(() => view?.remove());

  function refresh() {
    const [page, { filters, sort, descending }] = [link.get("page"), query()];
    controls.forEach((control, at) => control.show(filters[about.fields[at].name] ?? null));
    order.select.value = `${sort} ${descending ? "down" : "up"}`;
    groups.select.value = query().group ?? "";
    setText(count, `${page.total.toLocaleString("en")} of ${about.of.toLocaleString("en")} cases`);
    setText(place, `Page ${page.number + 1} of ${page.pages}`);
    enable(previous, link.live && page.number > 0);
    enable(next, link.live && page.number + 1 < page.pages);
    const told = `${count.textContent}, ${place.textContent.toLowerCase()}`;
    if (page.cases.length) cards.replaceChildren(...page.cases.flatMap((each, at) => [
      ...(each.heading && each.heading !== page.cases[at - 1]?.heading ? [element("h4", { class: "tn-group" }, each.heading)] : []), cardOf(each),
    ]));
    else cards.replaceChildren(element("p", {}, "No case passes these filters."));
    mark();
    say(told);
  }

  function cardOf(each) {
    const lines = [each.right ? "\u2713 right" : "\u2717 wrong", ...each.lines];
    const card = caseCard({ ...each, lines }, link.live ? () => link.set({ opened: each.sample }, `Opening case ${each.sample} \u2026`) : null);
    card.dataset.sample = each.sample;
    return card;
  }

  function mark() {
    const opened = link.get("opened");
    for (const card of cards.children) {
      const on = card.dataset.sample === String(opened);
      if (card.tagName === "BUTTON") card.setAttribute("aria-pressed", String(on));
    }
    close.hidden = opened === null;
  }

  function key(event) {
    const all = [...cards.querySelectorAll("button")];
    const at = all.indexOf(event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const across = all.filter((card) => card.offsetTop === all[0].offsetTop).length;
    const step = { ...CARD_MOVES, ArrowDown: across, ArrowUp: -across }[event.key];
    if (step === undefined) {
      if (event.key !== "PageDown" && event.key !== "PageUp") return;
      const button = event.key === "PageDown" ? next : previous;
      if (button.getAttribute("aria-disabled") !== "true") { wantsFocus = true; button.click(); }
    } else all[Math.max(0, Math.min(all.length - 1, at + step))].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  let wantsFocus = false;
  function pageCame() {
    refresh();
    if (wantsFocus) cards.querySelector("button")?.focus({ preventScroll: true });
    wantsFocus = false;
  }

  async function openCame() {
    mark();
    const id = link.get("child");
    view?.remove();
    view = null;
    below.replaceChildren();
    if (!id || !model) return;
    try {
      const child = await model.widget_manager.get_model(id);
      const made = await model.widget_manager.create_view(child);
      if (link.get("child") !== id) { made.remove(); return; }
      view = made;
      below.replaceChildren(view.el);
      below.scrollIntoView({ block: "nearest" });
    } catch (error) {
      problem(`The case cannot be shown here: ${error.message}`);
    }
  }

  link.watch(["note"], noting.show);
  noting.show();
  link.watch(["query"], refresh);
  link.watch(["page"], pageCame);
  link.watch(["child", "opened"], openCame);
  link.watch(["problem"], () => { problem(link.get("problem")); if (link.get("problem")) noting.show(); });
  refresh();
  problem(link.get("problem"));
  openCame();
}

/** The note of the case that is open; the kernel saves it in the run's folder. */
function noteForm(link) {
  const [tagsId, noteId] = [freshId("tags"), freshId("note")];
  const tags = element("input", { type: "text", id: tagsId, autocomplete: "off" });
  const text = element("textarea", { id: noteId, rows: "2", cols: "50" });
  const told = element("p", { class: "tn-soft", role: "status" });
  const save = element("button", { type: "button", onclick: () => {
    const names = tags.value.split(",").map((each) => each.trim()).filter(Boolean);
    const wanted = { sample: link.get("note").sample, tags: names, note: text.value };
    // without its time the note is another one, so that what the kernel says of it always comes
    link.set({ problem: "", note: { ...wanted, time: "" }, writing: { ...wanted, number: Math.random() } }, "Saving the note \u2026");
  } }, "Save note");
  const node = element("fieldset", { class: "tn-controls", disabled: !link.live }, element("legend", {}, "Note"),
    element("p", { class: "tn-soft", hidden: link.live }, "Without a kernel a note cannot be saved."),
    element("p", {}, element("label", { for: tagsId }, "Tags, with commas between "), tags),
    element("p", {}, element("label", { for: noteId }, "Note "), text), save, told);
  let shown = "";
  const show = () => {
    const note = link.get("note") ?? {};
    node.hidden = note.sample === undefined;
    const now = JSON.stringify([note.sample, note.tags, note.note]);
    if (now !== shown) [tags.value, text.value] = [(note.tags ?? []).join(", "), note.note ?? ""]; // else it is older than what is typed
    shown = now;
    setText(told, note.time ? `saved ${note.time}` : "");
  };
  return { node, show };
}

/** One filter: {node, show(value)}; change(value) with null for nothing. */
function filterOf(field, change) {
  const { label, kind, options } = field;
  if (kind === "choice" || kind === "tag") {
    const choice = choiceOf(label, [["", "any"], ...options.map((o) => [o, field.counts?.[o] ? `${o} (${field.counts[o]})` : o])], "", (value) => change(value || null));
    return { node: choice.node, show: (value) => { choice.select.value = value ?? ""; } };
  }
  if (kind === "range") return rangeOf(field, change);
  const id = freshId("filter");
  const list = element("datalist", { id: `${id}-list` }, ...options.map((o) => element("option", { value: o })));
  const input = element("input", { type: "text", id, autocomplete: "off", spellcheck: "false", list: options.length ? list.id : false });
  const show = typedInto([input], ([text]) => change(text.trim() || null));
  return { node: element("span", { class: "tn-choice" }, element("label", { for: id }, label), " ", input, list), show: (value) => show([value]) };
}

function rangeOf({ label, low, high }, change) {
  const step = high - low <= 2 ? 0.05 : Math.max(1, Math.round((high - low) / 100));
  const ends = [["from", low], ["to", high]].map(([name, value]) => element("input", { type: "number", step, placeholder: String(value), "aria-label": `${label} ${name}` }));
  const show = typedInto(ends, (texts) => {
    const [a, b] = texts.map((text) => (text === "" ? null : Number(text)));
    change(a === null && b === null ? null : [a, b]);
  });
  return { node: element("span", { class: "tn-choice", role: "group", "aria-label": label }, element("span", {}, label), " ", ends[0], "to", ends[1]), show: (value) => show(value ?? [null, null]) };
}

/** Send what is typed after a pause, on Enter or on leaving. -> show(values): what is being typed is left alone. */
function typedInto(inputs, send) {
  let timer;
  let sent = JSON.stringify(inputs.map(() => ""));
  const now = () => {
    clearTimeout(timer);
    const texts = inputs.map((input) => input.value);
    if (JSON.stringify(texts) === sent) return;
    sent = JSON.stringify(texts);
    send(texts);
  };
  for (const input of inputs) {
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(now, TYPING); });
    input.addEventListener("change", now);
    input.addEventListener("keydown", (event) => event.key === "Enter" && now());
  }
  return (values) => {
    if (inputs.some((input) => input.matches(":focus"))) return;
    inputs.forEach((input, at) => { input.value = values[at] ?? ""; });
    sent = JSON.stringify(inputs.map((input) => input.value));
  };
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["about", "query", "page", "opened", "child", "problem", "note", "writing"]), model);
}

export default { render };
