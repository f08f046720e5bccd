// cause_view: cause x type as a table; a cell filters the gallery below, which the kernel keeps.
import { element, setText, valuesOf } from "./elements.js";
import { panelOf } from "./panel.js";

const CASES_OF_CELL = "Asking the kernel for the cases \u2026";
const CAUSES_ALONE = "This page has no kernel, so the table shows its figures and no cases. To see them, open the notebook and run the cell.";

export function mount(root, data, model) {
  return panelOf(root, { label: "Causes of failure", kind: "causes" }, data, model, buildCauses);
}

function buildCauses({ frame, say, problem, waiting, link, closing, model }) {
  const { by, causes, rows, failures, of } = link.get("record");
  const buttons = [];
  const body = rows.map((row) => element("tr", {}, element("th", { scope: "row" }, row.type), ...row.cells.map((cell) => {
    const label = `${row.type}, ${cell.cause}: ${cell.failures} failures, ${cell.recoverable} points of mIoU`;
    const button = element("button", { type: "button", "aria-label": label, disabled: !cell.failures, onclick: () => link.set({ picked: [cell.cause, row.type] }, CASES_OF_CELL) },
      element("b", {}, String(cell.failures)), element("small", {}, cell.recoverable));
    [button.style.background, button.style.color] = [cell.colour, cell.ink];
    buttons.push({ button, cause: cell.cause, type: row.type, label });
    return element("td", {}, cell.failures ? button : element("span", { class: "tn-soft" }, "0"));
  })));
  const table = element("table", { class: "tn-grid" },
    element("caption", {}, `${failures} failures of ${of} cases: how many, and below the points of mIoU that they cost`),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, by), ...causes.map((cause) => element("th", { scope: "col" }, cause)))),
    element("tbody", {}, ...body));
  const all = element("button", { type: "button", onclick: () => link.set({ picked: [] }, CASES_OF_CELL) }, "Show all cases");
  const told = element("p", { class: "tn-verdict" });
  const below = element("div", { class: "tn-opened" });
  frame.append(element("div", { class: "tn-scroll", tabindex: "0", role: "group", "aria-label": "Table of causes" }, table),
    element("p", { class: "tn-soft", hidden: by !== "type" }, "A case of several types counts in each row."), element("p", { class: "tn-soft", hidden: link.live }, CAUSES_ALONE), told, all, waiting.node, below);
  let view = null;
  closing.push(() => view?.remove());

  function refresh() {
    const [cause, type] = link.get("picked");
    const at = buttons.find((each) => each.cause === cause && each.type === type);
    for (const each of buttons) each.button.setAttribute("aria-pressed", String(each === at));
    setText(told, at ? at.label : failures ? "All cases. Pick a cell to see its cases." : "No case failed.");
    all.hidden = !at;
    say(told.textContent);
  }

  async function show() {
    if (!model || !link.get("child")) return;
    try {
      view = await model.widget_manager.create_view(await model.widget_manager.get_model(link.get("child")));
      below.replaceChildren(view.el);
    } catch (error) {
      problem(`The gallery cannot be shown here: ${error.message}`);
    }
  }

  link.watch(["picked"], refresh);
  refresh();
  show();
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["record", "picked", "child"]), model);
}

export default { render };
