// experiment_view: a slider through precomputed settings; what each module is worth there, with its interval.
import { element, setText, sliderOf, valuesOf } from "./elements.js";
import { FOLLOWS, panelOf, svgElement } from "./panel.js";

const STRIP = [190, 34]; // of a module's marks, in pixels of its own
// a module's mark around its place, as plots/charts.py draws it; its colour is in panels.css
const MARKS = { P: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z", N: "M-5-5H5V5H-5z", rectifier: "M0-6L6 5H-6z", TAS: "M0-6L6 0L0 6L-6 0z" };

export function mount(root, data, model) {
  return panelOf(root, { label: "Experiment: what each module is worth in each setting", kind: "experiment", meanwhile: FOLLOWS }, data, model, buildExperiment);
}

function buildExperiment({ frame, say, link }) {
  const { question, settings, sentences, steps } = link.get("record");
  const [splits, names] = ["split", "step"].map((key) => [...new Set(steps.map((step) => step[key]))]);
  const ends = [Math.min(0, ...steps.map((step) => step.low)), Math.max(0, ...steps.map((step) => step.high))];
  const across = (value) => 8 + ((STRIP[0] - 16) * (value - ends[0])) / (ends[1] - ends[0] || 1); // one scale for all settings
  const words = (place) => settings[place];
  const slider = sliderOf("Setting", { min: 0, max: settings.length - 1, step: 1, value: 0, words }, (place) => link.set({ setting: settings[place] }));
  const heads = ["module", "points of mIoU, line at 0", ...splits].map((name) => element("th", { scope: "col" }, name));
  const body = element("tbody");
  const table = element("table", {}, element("caption", { class: "tn-unseen" }, question), element("thead", {}, element("tr", {}, ...heads)), body);
  const sentence = element("p", { class: "tn-verdict" });
  const legend = `The mark is all samples, with its 95 % interval${splits.length > 1 ? "; the light marks are the splits" : ""}. A module helps where its interval lies right of 0, and hurts where it lies left of it.`;
  frame.append(element("p", {}, question), slider.row, element("div", { class: "tn-list" }, table), sentence, element("p", { class: "tn-soft" }, legend));

  function rowOf(name) {
    const here = splits.map((split) => steps.find((step) => step.setting === link.get("setting") && step.step === name && step.split === split));
    const cells = here.map((step) => element("td", {}, ...(step ? [step.text.replace(", ", ",\u00a0"), element("small", {}, step.verdict)] : ["\u2013"])));
    return element("tr", { class: `tn-module-${name}` }, element("th", { scope: "row" }, markOf(name), name), element("td", {}, stripOf(name, here)), ...cells);
  }

  function stripOf(name, [all, ...parts]) {
    const zero = svgElement("path", { d: `M${across(0)} 0V${STRIP[1]}`, class: "tn-zero" });
    const at = (step, light) => svgElement("path", { d: MARKS[name], class: light ? "tn-light" : "tn-full", transform: `translate(${across(step.gain)} ${STRIP[1] / 2})` });
    const interval = svgElement("path", { d: `M${across(all.low)} ${STRIP[1] / 2}H${across(all.high)}`, class: "tn-interval" });
    return svgElement("svg", { viewBox: `0 0 ${STRIP.join(" ")}`, "aria-hidden": "true" }, zero, ...parts.filter(Boolean).map((step) => at(step, true)), interval, at(all, false));
  }

  function refresh() {
    slider.set(settings.indexOf(link.get("setting")));
    body.replaceChildren(...names.map(rowOf));
    setText(sentence, sentences[link.get("setting")]);
    say(sentence.textContent);
  }

  link.watch(["setting"], refresh);
  refresh();
}

const markOf = (name) => svgElement("svg", { viewBox: "-8 -8 16 16", class: "tn-mark", "aria-hidden": "true" }, svgElement("path", { d: MARKS[name], class: "tn-full" }));

function render({ model, el }) {
  return mount(el, valuesOf(model, ["record", "setting"]), model);
}

export default { render };
