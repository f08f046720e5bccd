// rectifier_view: each rule's geometry side by side: centres, medians, the part that stays or the prior, and the sentence why.
import { element, reveal, setText, valuesOf } from "./elements.js";
import { FOLLOWS, chipOf, panelOf, scaleNote, svgElement } from "./panel.js";
import { shown } from "./receipt.js";
import { CROWD, colourOf } from "./stage.js";
import { wordsOf } from "./wording.js";

const RADIUS = 2.8; // of a centre, in per cent of the picture's longer side
const ROOM = 2 * RADIUS; // around the photo: a dot on its edge is seen whole
const ROW_STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export function mount(root, data, model) {
  return panelOf(root, { label: "Rectifier: which proposals the directions leave in", kind: "rectifier", meanwhile: FOLLOWS }, data, model, buildRectifiers);
}

function buildRectifiers({ frame, say, link }) {
  const record = link.get("record");
  const count = record.captions.length;
  const words = element("div", { class: "tn-words" });
  wordsOf(words, record.pieces);
  const panels = record.rules.map((rule) => panelFor(record, rule, pick));
  const facts = element("p", { class: "tn-verdict" });
  const heads = ["mask", ...record.rules.map((rule) => rule.name), "caption"].map((name) => element("th", { scope: "col" }, name));
  const rows = Array.from({ length: count }, (_, i) => rowOf(i));
  const list = element("div", { class: "tn-list tn-verdicts", hidden: !count, tabindex: "0", role: "group", "aria-label": "Every mask's verdict" },
    element("table", {}, element("caption", { class: "tn-unseen" }, "Every mask's verdict under every rule"), element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows.map((r) => r.row))));
  list.addEventListener("keydown", key);
  const legend = "A coloured dot is the centre of a mask that stays; a crossed gray one is out. A ring marks the answer, dashed lines are medians of the centres, and the dark part of the photo is out. Under a soft prior nothing is out: the number beside a centre is added to S, and a place is the darker the less a centre there would get.";
  frame.append(words, element("div", { class: "tn-rules" }, ...panels.map((p) => p.node)), element("p", { class: "tn-soft" }, legend), scaleNote(record),
    count ? facts : element("p", {}, "No proposal was found, so there is nothing to rectify."), list);

  function rowOf(i) {
    const button = element("button", { type: "button", tabindex: "-1", "aria-pressed": "false", "aria-label": `mask ${i}`, onclick: () => pick(i) }, chipOf(i), String(i));
    const verdicts = record.rules.map((rule) => element("td", { class: `tn-text ${rule.kept[i] && !(rule.prior && rule.prior[i] < 0) ? "tn-in" : "tn-out"}` }, rule.verdicts[i] + (rule.best === i ? "; the answer" : "")));
    const row = element("tr", {}, element("td", {}, button), ...verdicts, element("td", { class: "tn-text" }, record.captions[i]));
    row.addEventListener("click", () => pick(i));
    return { row, button };
  }

  function pick(i) {
    if (i !== link.get("selected")) link.set({ selected: i });
  }

  function key(event) {
    const step = ROW_STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = Math.max(0, Math.min(count - 1, (link.get("selected") ?? 0) + step));
    pick(next);
    show(next); // wherever the pointer is: who types looks at the focus
    rows[next].button.focus({ preventScroll: true });
    event.preventDefault();
    event.stopPropagation();
  }

  function show(i) {
    reveal(list, rows[i].row, list.querySelector("thead").offsetHeight);
  }

  function refresh() {
    const selected = link.get("selected");
    rows.forEach(({ row, button }, i) => {
      button.setAttribute("aria-pressed", String(i === selected));
      button.tabIndex = i === (selected ?? 0) ? 0 : -1;
      row.classList.toggle("tn-active", i === selected);
    });
    if (selected !== null && !list.matches(":hover")) show(selected);
    for (const panel of panels) panel.mark(selected);
    if (selected === null) return;
    setText(facts, `mask ${selected}: ${record.rules.map((rule) => `${rule.name} ${rule.verdicts[selected]}`).join("; ")}.`);
    say(facts.textContent);
  }

  link.watch(["selected"], refresh);
  refresh();
}

function panelFor(record, rule, pick) {
  const [height, width] = record.full_hw;
  const unit = Math.max(height, width) / 100;
  const dots = rule.centres.map((centre, i) => (centre ? dotOf(rule, centre, i, unit, pick) : null));
  const labels = rule.centres.map((centre, i) => (centre && rule.prior ? labelOf(rule.prior[i], centre, height, unit) : null));
  const picture = svgElement(
    "svg", { viewBox: [-ROOM * unit, -ROOM * unit, width + 2 * ROOM * unit, height + 2 * ROOM * unit].join(" "), role: "img", class: rule.kept.length > CROWD ? "tn-svg tn-crowd" : "tn-svg", "aria-label": `${rule.name}: ${rule.sentence}` },
    svgElement("image", { href: record.image, width, height }), ...shadeOf(rule.region, width, height), ...fieldOf(rule.field, width, height),
    ...Object.entries(rule.medians).flatMap(([axis, at]) => medianOfAxis(axis, at, width, height, unit)), ...dots.filter(Boolean), ...labels.filter(Boolean),
  );
  const node = element("figure", {}, element("figcaption", {}, element("b", {}, rule.name), ` ${rule.effect}`), picture, ...scaleOf(rule.field),
    element("p", { class: "tn-sentence" }, rule.sentence));
  const mark = (selected) => {
    for (const marks of [dots, labels]) {
      marks.forEach((mark, i) => mark && mark.classList.toggle("tn-marked", i === selected));
      const mark = marks[selected];
      if (mark && mark !== picture.lastChild) picture.append(mark); // over those that it would lie under
    }
  };
  return { node, mark };
}

function dotOf(rule, [x, y], i, unit, pick) {
  const [stays, r] = [rule.kept[i], RADIUS * unit];
  const parts = [];
  if (rule.best === i) {
    parts.push(svgElement("circle", { r: r * 1.75, class: "tn-ring-dark", "stroke-width": unit * 1.2 }), svgElement("circle", { r: r * 1.75, class: "tn-ring", "stroke-width": unit * 0.6 }));
  }
  parts.push(svgElement("circle", { r: r * 1.4, class: "tn-halo", "stroke-width": unit * 0.9 }));
  parts.push(svgElement("circle", { r, fill: stays ? colourOf(i) : "#d0d4da", stroke: "#1d2129", "stroke-width": unit * 0.5 }));
  if (!stays) parts.push(svgElement("path", { d: `M${-r} ${r}L${r} ${-r}`, stroke: "#1d2129", "stroke-width": unit * 0.6 }));
  parts.push(svgElement("text", { "font-size": r * 1.25, "stroke-width": unit * 0.6, class: "tn-number" }, String(i)));
  const dot = svgElement("g", { transform: `translate(${x} ${y})`, class: "tn-dot" }, svgElement("title", {}, `mask ${i} ${rule.verdicts[i]}`), ...parts);
  dot.addEventListener("click", () => pick(i));
  dot.addEventListener("pointerenter", () => pick(i));
  return dot;
}

/** A mask's prior, below its centre, or above it at the lower edge. */
function labelOf(value, [x, y], height, unit) {
  const [r, above] = [RADIUS * unit, y + 3.2 * RADIUS * unit > height];
  return svgElement("text", { x, y: y + (above ? -2.2 : 2.2) * r, "font-size": r * 1.3, "stroke-width": unit, class: "tn-number tn-prior" }, signed(value));
}

/** Four dark bars around the part that stays. */
function shadeOf(region, width, height) {
  if (!region) return [];
  const [x0, y0, x1, y1] = region;
  const bars = [[0, 0, width, y0], [0, y1, width, height - y1], [0, y0, x0, y1 - y0], [x1, y0, width - x1, y1 - y0]];
  return bars.filter(([, , w, h]) => w > 0 && h > 0).map(([x, y, w, h]) => svgElement("rect", { x, y, width: w, height: h, class: "tn-shade" }));
}

/** What a centre in each place would get from a soft rule: the darker the less. */
function fieldOf(field, width, height) {
  if (!field) return [];
  const [h, w] = [height / field.length, width / field[0].length];
  const [low, high] = endsOf(field);
  const cells = field.flatMap((row, y) => row.map((value, x) => ({ x: x * w, y: y * h, width: w, height: h, opacity: (high - value) / (high - low) })));
  return [svgElement("g", { class: "tn-field" }, ...cells.map((cell) => svgElement("rect", { ...cell, class: "tn-shade" })))];
}

/** The numbers of its brightest and its darkest place. */
function scaleOf(field) {
  if (!field) return [];
  const [low, high] = endsOf(field);
  return [element("p", { class: "tn-ends" }, element("span", {}, signed(high)), element("i", { "aria-hidden": "true" }), element("span", {}, signed(low)))];
}

const endsOf = (field) => [Math.min(...field.flat()), Math.max(...field.flat())];
const signed = (x) => (x < 0 ? "" : "+") + shown(x);

function medianOfAxis(axis, at, width, height, unit) {
  const d = axis === "x" ? `M${at} 0V${height}` : `M0 ${at}H${width}`;
  const dash = `${unit * 2.5} ${unit * 1.8}`;
  return [svgElement("path", { d, stroke: "#1d2129", "stroke-width": unit * 1.5 }), svgElement("path", { d, stroke: "#ffffff", "stroke-width": unit * 0.7, "stroke-dasharray": dash })];
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["record", "selected"]), model);
}

export default { render };
