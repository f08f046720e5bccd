// The ranked table beside the photo: a row a mask, best first, linked to the photo both ways.
// The style sheet lays its rows out as blocks, so that only those on screen cost time; the roles say that it is a table.
import { element, reveal, setText } from "./elements.js";
import { priorOf, weightsOf } from "./ranking.js";
import { shown } from "./receipt.js";
import { colourOf } from "./stage.js";

const headOf = (text, kind = "tn-num") => element("th", { role: "columnheader", scope: "col", class: kind }, text);
const cellOf = (kind, ...content) => element("td", { role: "cell", class: kind }, ...content);
const rowWith = (...cells) => element("tr", { role: "row" }, ...cells);

/** refresh() after a ranking, mark() when the pointer or the selection moves. onKey gets the rows' key events. */
export class RankedTable {
  constructor(scene, { onHover, onPick, onKey }) {
    this.hasIou = scene.iou !== null;
    this.alphaHead = headOf("");
    this.lamHead = headOf("");
    this.placeHead = headOf("half", "");
    const heads = [
      headOf("#"), headOf("mask", ""), headOf("S"),
      headOf("V"), this.alphaHead, this.lamHead, this.placeHead,
      ...(this.hasIou ? [headOf("IoU")] : []),
    ];
    this.rows = scene.masks.map((_, i) => this.rowOf(scene, i, onHover, onPick));
    const title = element("caption", { class: "tn-unseen" }, "The masks, best first; below each its caption");
    this.table = element("table", { role: "table" }, title, element("thead", { role: "rowgroup" }, rowWith(...heads)), ...this.rows.map((r) => r.row));
    this.node = element("div", { class: this.hasIou ? "tn-ranked tn-has-iou" : "tn-ranked", hidden: !this.rows.length }, this.table);
    this.node.addEventListener("pointerleave", () => onHover(null));
    this.node.addEventListener("keydown", onKey);
    this.order = [];
  }

  rowOf(scene, i, onHover, onPick) {
    const chip = element("span", { class: "tn-chip", "aria-hidden": "true" });
    chip.style.background = colourOf(i);
    const button = element("button", { type: "button", tabindex: "-1", "aria-pressed": "false", "aria-label": `mask ${i}` }, chip, String(i));
    const cells = ["rank", "total", "v", "p", "n"].map((name) => [name, cellOf("tn-num")]);
    const state = cellOf("");
    const iou = this.hasIou ? [cellOf("tn-num", scene.iou[i].toFixed(2))] : [];
    const [rank, ...numbers] = cells.map(([, node]) => node);
    // the caption has a line of its own: beside eight columns of numbers there is no room for it
    const caption = cellOf("tn-caption", scene.captions[i] || "no caption");
    const row = element("tbody", { role: "rowgroup" }, rowWith(rank, cellOf("", button), ...numbers, state, ...iou), rowWith(caption));
    row.addEventListener("pointerenter", () => onHover(i));
    row.addEventListener("click", () => onPick(i));
    button.addEventListener("focus", () => button.matches(":focus-visible") && onHover(i));
    return { row, button, state, ...Object.fromEntries(cells) };
  }

  refresh(reading, settings, { order, totals, kept, best }) {
    const scores = reading.variants[settings.variant];
    const [{ alpha, lam }, prior] = [weightsOf(settings), priorOf(scores, settings)];
    setText(this.placeHead, prior ? "prior" : "half");
    setText(this.alphaHead, settings.useP ? `${alpha} P` : "P off");
    setText(this.lamHead, settings.useN ? `${lam} N` : "N off");
    order.forEach((i, place) => {
      const cells = this.rows[i];
      setText(cells.rank, String(place + 1));
      setText(cells.total, shown(totals[i]));
      setText(cells.v, shown(scores.v[i]));
      setText(cells.p, shown(alpha * scores.p[i]));
      setText(cells.n, shown(lam * scores.n[i]));
      setText(cells.state, prior && kept[i] ? shown(prior[i]) : kept[i] ? "in" : "out");
      cells.state.className = kept[i] && !(prior && prior[i] < 0) ? "tn-in" : "tn-out";
      cells.row.classList.toggle("tn-best", i === best);
    });
    if (order.some((i, place) => i !== this.order[place])) this.table.append(...order.map((i) => this.rows[i].row));
    this.order = order;
  }

  /** at: the row that the receipt is about; it alone is in the tab order. */
  mark(at, selected, pointed) {
    if (this.marked) {
      this.marked.row.classList.remove("tn-active");
      this.marked.button.tabIndex = -1;
    }
    if (this.chosen) {
      this.chosen.row.classList.remove("tn-selected");
      this.chosen.button.setAttribute("aria-pressed", "false");
    }
    [this.marked, this.chosen] = [this.rows[at], this.rows[selected]];
    if (this.marked) {
      this.marked.row.classList.toggle("tn-active", pointed);
      this.marked.button.tabIndex = 0;
      if (!this.node.matches(":hover")) this.reveal(this.marked.row);
    }
    if (this.chosen) {
      this.chosen.row.classList.add("tn-selected");
      this.chosen.button.setAttribute("aria-pressed", "true");
    }
  }

  reveal(row) {
    reveal(this.node, row, this.node.querySelector("thead").offsetHeight);
  }

  focus(i) {
    if (this.rows[i]) this.reveal(this.rows[i].row); // wherever the pointer is: who types looks at the focus
    this.rows[i]?.button.focus({ preventScroll: true });
  }
}
