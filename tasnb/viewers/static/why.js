// The why panel of explore: the cause of a failure, and its cures as switches. It ranks by ranking.js alone.
import { element, setText, switchOf } from "./elements.js";
import { rank } from "./ranking.js";

const WHAT_IF = "While a switch is on, the photo, the table and the receipt show what would be. Python's values and the copied code stay without it.";

/** A reading and settings with cures applied; a later cure replaces what an earlier one replaced too. */
export function cured(reading, settings, cures) {
  const variant = settings.variant;
  const scores = Object.assign({}, reading.variants[variant], ...cures.map((cure) => cure.scores));
  return [{ ...reading, variants: { ...reading.variants, [variant]: scores } }, Object.assign({}, settings, ...cures.map((cure) => cure.settings))];
}

const parts = (cure) => [...Object.keys(cure.scores), ...Object.keys(cure.settings)];

export class WhyPanel {
  constructor(scene, change) {
    Object.assign(this, { scene, change, made: null, on: new Set(), rows: [] });
    this.sentence = element("p", { class: "tn-verdict" });
    this.oracle = element("p");
    this.list = element("ul", { class: "tn-cures" });
    this.note = element("p", { class: "tn-soft" }, WHAT_IF);
    this.node = element("div", { class: "tn-why", role: "group", "aria-label": "Why: what would have helped" }, element("h3", {}, "Why?"), this.sentence, this.oracle, this.list, this.note);
  }

  get cures() {
    return this.rows.map((row) => row.cure).filter((cure) => this.on.has(cure.name));
  }

  /** told: the record of the variant in use, undefined where there is no target. */
  show(told) {
    if (told === this.made) return;
    this.made = told;
    this.on.clear();
    this.node.hidden = !told;
    if (!told) { this.rows = []; return; }
    setText(this.sentence, `${told.base}: ${told.sentence}`);
    setText(this.oracle, told.oracle);
    this.oracle.hidden = !told.oracle;
    this.rows = told.cures.map((cure) => {
      const result = element("span", { class: "tn-soft" });
      const { box, label } = switchOf(cure.words, false, (on) => this.toggle(cure, on));
      return { cure, box, result, node: element("li", {}, label, " ", result) };
    });
    this.list.replaceChildren(...this.rows.map((row) => row.node));
    this.list.hidden = this.note.hidden = !this.rows.length;
  }

  /** Two cures of the same part exclude each other. */
  toggle(cure, on) {
    if (on) for (const other of this.cures) if (parts(other).some((part) => parts(cure).includes(part))) this.on.delete(other.name);
    this.on[on ? "add" : "delete"](cure.name);
    this.change();
  }

  refresh(reading, settings) {
    for (const { cure, box, result } of this.rows) {
      box.checked = this.on.has(cure.name);
      const { best } = rank(...cured(reading, settings, [cure]));
      const iou = best === null ? 0 : this.scene.iou[best];
      setText(result, best === null ? "\u2192 no mask" : `\u2192 mask ${best}, IoU ${iou.toFixed(2)}, ${iou >= this.made.threshold ? "\u2713 right" : "\u2717 wrong"}`);
    }
  }
}
