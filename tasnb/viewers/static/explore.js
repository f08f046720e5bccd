// The entry of explore(): a widget of a live notebook, or alone in a frozen page.
import { valuesOf } from "./elements.js";
import { mountExplorer } from "./explorer.js";

/** data: {scene, reading, settings, selected}; model: the widget's, null without a kernel. -> a function that cleans up. */
export function mount(root, data, model) {
  return mountExplorer(root, data, model);
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "reading", "settings", "selected", "why"]), model);
}

export default { render };
