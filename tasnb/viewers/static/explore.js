// explore, in a notebook or alone in a frozen page: photo, receipt, weights and ranked table, joined.
// Ranks by ranking.js; asks the kernel for expressions only.
import { element, frameOf, freshId, guarded, mindedNotes, setText, sliderOf, switchOf, valuesOf, waitingLine } from "./elements.js";
import { linkTo, scaleNote } from "./panel.js";
import { priorOf, rank } from "./ranking.js";
import { pythonCode, receiptOf, shown } from "./receipt.js";
import { Stage } from "./stage.js";
import { RankedTable } from "./table.js";
import { cured, WhyPanel } from "./why.js";
import { wordsOf } from "./wording.js";

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
const NO_KERNEL = "This page has no kernel, so the expression stays. To ask for another one, open the notebook and run the cell.";
const MEANWHILE = "The expression stays; the weights rank without it.";

/** data: {scene, reading, settings, selected, why, asking, problem}; model: the widget's, null without a kernel. -> a function that cleans up. */
export function mount(root, data, model) {
  const explorer = new Explorer(root, data, model);
  return () => explorer.destroy();
}

class Explorer {
  constructor(root, { why = {}, ...data }, model) {
    const { scene, reading, settings, selected } = data;
    Object.assign(this, { scene, reading, settings, selected, why, model });
    this.first = settings;
    this.active = null; // the mask under the pointer, or where the arrow keys are
    this.view = { all: true, target: false, oracle: false };
    const { frame, problem, say } = frameOf(root, "Explorer: a photo, its mask proposals, and why one of them won");
    frame.classList.add("tn-explorer");
    const waiting = waitingLine(model, MEANWHILE);
    Object.assign(this, { frame, problem, say, waiting, link: linkTo({ ...data, why }, model, problem, waiting) });
    guarded(problem, () => {
      this.build();
      this.refresh();
      this.link.watch(["reading", "settings", "selected", "why"], () => this.follow());
      this.link.watch(["problem"], () => problem(this.link.get("problem")));
    });
  }

  destroy() {
    this.stage?.destroy();
    this.waiting.close();
    this.link.close();
  }

  build() {
    const { scene } = this;
    const count = scene.masks.length;
    this.words = element("div", { class: "tn-words" });
    this.verdict = element("p", { class: "tn-verdict" });
    this.sentence = element("p", { class: "tn-sentence" });
    this.stage = new Stage(scene, { onHover: (i) => this.point(i), onPick: (i, found) => this.pick(i, found) });
    this.stage.canvas.setAttribute("role", "img");
    const receiptId = freshId("receipt");
    this.photo = element(
      "div",
      { class: "tn-photo", tabindex: "0", role: "application", "aria-roledescription": "photo with masks", "aria-describedby": receiptId,
        "aria-label": `${count} masks. Arrow keys walk them by rank, Enter selects, Escape goes back to the selected one.` },
      this.stage.canvas,
    );
    this.photo.style.maxWidth = `${Math.round((460 * scene.size_hw[1]) / scene.size_hw[0])}px`;
    this.photo.addEventListener("keydown", (event) => this.key(event));
    this.hint = element("p", { class: "tn-soft tn-hint" });
    this.receipt = element("div", { class: "tn-receipt", id: receiptId });
    this.table = new RankedTable(scene, { onHover: (i) => this.point(i), onPick: (i) => this.pick(i), onKey: (e) => this.key(e) });
    this.whyPanel = new WhyPanel(scene, () => this.change(this.settings));
    const left = element("div", { class: "tn-column" }, this.photo, scaleNote(scene), this.showSwitches(), this.hint, this.receipt);
    const right = element("div", { class: "tn-column" }, this.controls(), this.whyPanel.node, this.table.node);
    this.minded = element("div");
    this.frame.append(this.minded, this.askRow(), this.words, this.verdict, this.sentence, element("div", { class: "tn-columns" }, left, right), this.codeRow());
  }

  // ---- the controls

  askRow() {
    if (!this.model) return element("p", { class: "tn-soft tn-no-kernel" }, NO_KERNEL);
    const id = freshId("expression");
    this.input = element("input", { type: "text", id, spellcheck: "false", autocomplete: "off" });
    this.input.value = this.asked = this.reading.expression;
    // no <form>: in JupyterLab its submit event does not come
    const ask = () => this.ask(this.input.value);
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && ask());
    const row = element("div", { class: "tn-ask" }, element("label", { for: id }, "Expression"), this.input, element("button", { type: "button", onclick: ask }, "Rank"));
    return element("div", {}, row, this.waiting.node);
  }

  controls() {
    const change = (values) => this.change({ ...this.settings, ...values });
    const { alpha, lam } = this.settings;
    this.alpha = sliderOf("\u03b1, weight of P", { min: Math.min(0, alpha), max: Math.max(1, alpha), step: 0.01, value: alpha }, (x) => change({ alpha: x }));
    this.lam = sliderOf("\u03bb, weight of N", { min: Math.min(0, lam), max: Math.max(2, lam), step: 0.01, value: lam }, (x) => change({ lam: x }));
    this.useP = switchOf("P: captions", true, (on) => change({ useP: on }));
    this.useN = switchOf("N: negatives", true, (on) => change({ useN: on }));
    this.spatial = switchOf("spatial rectifier", true, (on) => change({ spatial: on }));
    const name = freshId("variant");
    this.variants = this.scene.variants.map((variant) => {
      const radio = element("input", { type: "radio", name, value: variant, onchange: () => change({ variant }) });
      return { variant, radio, label: element("label", { class: "tn-switch" }, radio, ` ${variant}`) };
    });
    const note = element("details", {}, element("summary", {}, "What the variant switch changes"), element("p", {}, this.scene.note));
    const reset = element("button", { type: "button", onclick: () => this.change(this.first) }, "Reset");
    this.sum = element("legend", {});
    return element(
      "fieldset", { class: "tn-controls" }, this.sum, this.alpha.row, this.lam.row,
      element("div", { class: "tn-switches" }, this.useP.label, this.useN.label, this.spatial.label),
      element("div", { class: "tn-switches", role: "radiogroup", "aria-label": "Variant" }, element("span", {}, "Variant:"), ...this.variants.map((each) => each.label)),
      element("div", { class: "tn-switches" }, note, reset),
    );
  }

  showSwitches() {
    const { scene, view } = this;
    const change = (key) => (on) => { view[key] = on; this.draw(); };
    const known = scene.target !== null;
    const switches = [
      switchOf("outlines", true, change("all")), switchOf("target", false, change("target"), !known),
      switchOf("oracle", false, change("oracle"), scene.oracle === null),
    ];
    const why = !known ? "No target is known." : scene.oracle === null ? "No proposal touches the target." : "";
    return element("div", { class: "tn-switches", role: "group", "aria-label": "Show on the photo" }, element("span", {}, "Show:"),
      ...switches.map((s) => s.label), element("span", { class: "tn-soft" }, why));
  }

  codeRow() {
    this.code = element("pre", { class: "tn-code", tabindex: "0", "aria-label": "Python code", hidden: true });
    this.copied = element("span", { class: "tn-soft", role: "status" });
    const button = element("button", { type: "button", onclick: () => this.copy() }, "Copy as Python");
    return element("div", { class: "tn-codes" }, button, " ", this.copied, this.code);
  }

  async copy() {
    this.code.hidden = false;
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      setText(this.copied, "copied");
    } catch {
      setText(this.copied, "The browser did not allow it: select the text below and copy it.");
    }
  }

  // ---- what happens

  /** Keep values, here and in the kernel if there is one; without it nothing is lost on screen. */
  keep(values) {
    Object.assign(this, values);
    this.link.set(values);
  }

  change(settings) {
    guarded(this.problem, () => {
      const wasAnswer = this.selected === this.ranked.best;
      const { best } = rank(...cured(this.reading, settings, this.whyPanel.cures));
      // who has not picked another mask follows the answer
      this.keep(wasAnswer ? { settings, selected: best } : { settings });
      this.refresh();
      this.say(this.verdict.textContent);
    });
  }

  point(i) {
    if (i === this.active) return;
    this.active = i;
    this.draw();
  }

  pick(i, found = []) {
    this.active = i;
    this.keep({ selected: i });
    this.draw();
    setText(this.hint, found.length > 1 ? `${found.length} masks lie here (${found.join(", ")}): click again for the next.` : "");
    this.say(`selected: ${this.receipt.textContent}`);
  }

  key(event) {
    const { order } = this.ranked;
    if (event.altKey || event.ctrlKey || event.metaKey || !order.length) return;
    if (event.key in STEPS) {
      const place = order.indexOf(this.active ?? this.selected ?? -1);
      this.point(order[Math.max(0, Math.min(order.length - 1, place + STEPS[event.key]))]);
      this.say(this.receipt.textContent);
      if (this.table.node.contains(event.target)) this.table.focus(this.active);
    } else if (event.key === "Enter" || event.key === " ") {
      const at = this.active ?? this.selected ?? this.ranked.best;
      if (at !== null) this.pick(at);
    } else if (event.key === "Escape") {
      this.point(null);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  ask(expression) {
    this.asked = expression;
    this.link.set({ problem: "", asking: { expression, times: (this.link.get("asking").times ?? 0) + 1 } }, "Asking the kernel \u2026");
  }

  /** What Python changed; what was set here is here already. */
  follow() {
    const asked = this.link.get("reading") !== this.reading;
    const changed = ["reading", "settings", "selected", "why"].filter((name) => this.link.get(name) !== this[name]);
    if (!changed.length) return;
    for (const name of changed) this[name] = this.link.get(name);
    this.active = null;
    // what was typed since stays: an answer, or a state that comes again, is older
    if (asked && this.input.value === this.asked) this.input.value = this.asked = this.reading.expression;
    this.refresh();
    if (asked) this.say(this.verdict.textContent);
  }

  // ---- what is shown

  refresh() {
    const { scene } = this;
    this.whyPanel.show(this.why[this.settings.variant]);
    const [reading, settings] = cured(this.reading, this.settings, this.whyPanel.cures);
    this.ranked = rank(reading, settings);
    this.whyPanel.refresh(this.reading, this.settings);
    const { best, totals, kept, sentence } = this.ranked;
    this.alpha.set(settings.alpha);
    this.lam.set(settings.lam);
    this.alpha.input.disabled = !settings.useP;
    this.lam.input.disabled = !settings.useN;
    [this.useP.box.checked, this.useN.box.checked, this.spatial.box.checked] = [settings.useP, settings.useN, settings.spatial];
    for (const { variant, radio } of this.variants) radio.checked = variant === settings.variant;
    setText(this.sum, `S = V + \u03b1 P + \u03bb N${priorOf(reading.variants[settings.variant], settings) ? " + prior" : ""}`);
    this.minded.replaceChildren(...mindedNotes([...scene.minded, ...reading.variants[settings.variant].minded]));
    wordsOf(this.words, reading.variants[settings.variant].pieces);
    const fits = best !== null && scene.iou ? `, IoU ${scene.iou[best].toFixed(2)} with the target` : "";
    const stay = kept.filter(Boolean).length;
    setText(this.verdict, best === null ? "No proposal was found, so there is no answer."
      : `Answer: mask ${best}, S ${shown(totals[best])}${fits}. ${stay} of ${kept.length} ${stay === 1 ? "stays" : "stay"} in.`);
    setText(this.sentence, sentence);
    this.table.refresh(reading, settings, this.ranked);
    this.draw();
  }

  draw() {
    const { ranked, selected, active, view, scene } = this;
    const at = active ?? selected ?? ranked.best;
    this.stage.draw({ kept: ranked.kept, best: ranked.best, selected, hovered: active, oracle: view.oracle ? scene.oracle : null, target: view.target, all: view.all });
    this.stage.canvas.setAttribute("aria-label", `The photo: ${scene.caption || "no caption"}. ${this.verdict.textContent}`);
    this.table.mark(at, selected, active !== null);
    this.drawReceipt(at);
    setText(this.code, pythonCode(this.reading, this.settings, selected));
    if (this.copied.textContent === "copied") setText(this.copied, "");
  }

  drawReceipt(i) {
    if (i === null) {
      this.receipt.replaceChildren(element("p", { class: "tn-soft" }, "No mask, so no receipt."));
      return;
    }
    const { title, equation, lines } = receiptOf(this.scene, ...cured(this.reading, this.settings, this.whyPanel.cures), this.ranked, i);
    this.receipt.replaceChildren(
      element("p", { class: "tn-title" }, `${title}. `), element("p", { class: "tn-equation" }, `${equation} `),
      element("dl", {}, ...lines.flatMap(([name, text]) => [element("dt", {}, `${name} `), element("dd", {}, `${text} `)])),
    );
  }
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "reading", "settings", "selected", "why", "asking", "problem"]), model);
}

export default { render };
