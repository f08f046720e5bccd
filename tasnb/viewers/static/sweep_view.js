// sweep_view: a grid of weights; a cell shows which samples it turns right or wrong. The lists come from the kernel.
import { element, setText, valuesOf } from "./elements.js";
import { caseCard, panelOf } from "./panel.js";

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const SAMPLES = "Asking the kernel for the samples \u2026";
const SWEEP_ALONE = "This page has no kernel: the numbers of every cell are here, the samples only of the one that was picked last. For others, open the notebook and run the cell.";

export function mount(root, data, model) {
  return panelOf(root, { label: "Sweep: figures by the two weights", kind: "sweep" }, data, model, buildSweep);
}

function buildSweep({ frame, say, waiting, link }) {
  const record = link.get("record");
  const { used } = record;
  const cells = record.rows.map((row, y) => row.map((cell, x) => cellOf(cell, y, x)));
  const lams = record.rows[0].map((cell) => element("th", { scope: "col" }, String(cell.lam)));
  const body = cells.map((row, y) => element("tr", {}, element("th", { scope: "row" }, String(record.rows[y][0].alpha)), ...row.map((button) => element("td", {}, button))));
  const top = element("tr", {}, element("th", { scope: "col" }, "\u03b1 \\ \u03bb"), ...lams);
  const grid = element("table", { class: "tn-grid" },
    element("caption", {}, `${record.metric} in per cent of ${record.data}: ${record.n} sentences, rectifier ${record.variant}, protocol ${record.protocol}. Rows: \u03b1, the weight of P; columns: \u03bb, the weight of N.`),
    element("thead", {}, top), element("tbody", {}, ...body));
  grid.addEventListener("keydown", key);
  const legend = `Each cell: the figure; below it how many samples turn right (+) and wrong (\u2212) against the run's own \u03b1 ${used.alpha} and \u03bb ${used.lam}. Right: IoU above ${record.threshold}. In the pictures below the target is dashed and the answer of the cell tinted.`;
  const title = element("p", { class: "tn-verdict" });
  const gained = listOf("Turned right");
  const lost = listOf("Turned wrong");
  const more = element("button", { type: "button", onclick: () => link.set({ limit: 2 * link.get("limit") }, SAMPLES) }, "Show more");
  frame.append(
    element("div", { class: "tn-scroll" }, grid), element("p", { class: "tn-soft" }, legend),
    ...record.notes.map((note) => element("p", { class: "tn-soft" }, `Note: ${note}.`)),
    element("p", { class: "tn-soft", hidden: link.live }, SWEEP_ALONE), title, waiting.node, gained.node, lost.node, more,
  );

  function cellOf(cell, y, x) {
    const marks = cell.marks.length ? [element("small", {}, cell.marks.join(", "))] : [];
    const flips = element("small", {}, `+${cell.gained} \u2212${cell.lost}`);
    const words = `alpha ${cell.alpha}, lambda ${cell.lam}: ${record.metric} ${cell.value}, ${cell.gained} turn right, ${cell.lost} turn wrong${cell.marks.length ? `, ${cell.marks.join(", ")}` : ""}`;
    const button = element("button", { type: "button", "aria-label": words, "aria-pressed": "false", onclick: () => pick(y, x) }, element("b", {}, cell.value), flips, ...marks);
    button.style.background = cell.colour;
    button.style.color = cell.ink;
    return button;
  }

  function listOf(name) {
    const heading = element("h3");
    const cards = element("div", { class: "tn-cards" });
    const fill = ({ total, cases }) => {
      setText(heading, `${name}: ${total}${cases.length < total ? `, the first ${cases.length} shown` : ""}`);
      cards.replaceChildren(...cases.map((each) => caseCard(each)));
    };
    return { node: element("div", { role: "group", "aria-label": name }, heading, cards), fill };
  }

  function pick(y, x) {
    const { alpha, lam } = record.rows[y][x];
    link.set({ cell: [alpha, lam] }, SAMPLES);
  }

  function key(event) {
    const move = MOVES[event.key];
    const y = cells.findIndex((row) => row.includes(event.target));
    if (!move || y < 0) return;
    const x = cells[y].indexOf(event.target);
    cells[y + move[0]]?.[x + move[1]]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  function refresh() {
    const [alpha, lam] = link.get("cell");
    const shown = link.get("shown");
    let picked;
    cells.forEach((row, y) => row.forEach((button, x) => {
      const cell = record.rows[y][x];
      const on = cell.alpha === alpha && cell.lam === lam;
      if (on) picked = cell;
      button.setAttribute("aria-pressed", String(on));
      button.tabIndex = on ? 0 : -1;
    }));
    setText(title, `\u03b1 ${alpha}, \u03bb ${lam}: ${record.metric} ${picked.value}. ${picked.gained} samples turn right and ${picked.lost} turn wrong against the run's own weights.`);
    say(title.textContent);
    const here = shown.cell[0] === alpha && shown.cell[1] === lam;
    gained.node.hidden = lost.node.hidden = !here;
    more.hidden = !here || !link.live || !["gained", "lost"].some((name) => shown[name].cases.length < shown[name].total);
    if (!here) return;
    gained.fill(shown.gained);
    lost.fill(shown.lost);
  }

  link.watch(["cell", "shown"], refresh);
  refresh();
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["record", "cell", "limit", "shown"]), model);
}

export default { render };
