// predict: votes before the answer. The kernel keeps the answer and sends it when it is told.
import { element, enable, freshId, guarded, reveal, setText, valuesOf } from "./elements.js";
import { chipOf, panelOf, photoWith, walkable } from "./panel.js";
import { shown } from "./receipt.js";

const QUESTIONS = { mask: "Which mask will TAS choose?", part: "Which part decides?" };
const QUIZ_ALONE = "This page has no kernel, which keeps the answer. To play, open the notebook and run the cell.";

export function mount(root, data, model) {
  return panelOf(root, { label: "Predict: guess before the answer is shown", kind: "predict" }, data, model, buildQuiz);
}

function buildQuiz({ frame, say, problem, waiting, link, closing }) {
  let photo = null;
  let hovered = null;
  let listed = []; // the scene and the question whose choices are listed
  let asked = false; // Reveal was pressed here: what comes is scrolled to
  let latest = []; // votes cast here for this case, the last one last, for "Undo"
  const words = element("p", { class: "tn-big" });
  const place = element("h3");
  const group = freshId("question");
  const radios = Object.entries(QUESTIONS).map(([kind, text]) => {
    const radio = element("input", { type: "radio", name: group, value: kind, onchange: () => link.set({ asking: kind }) });
    return { kind, radio, label: element("label", { class: "tn-switch" }, radio, ` ${text}`) };
  });
  const questions = element("div", { class: "tn-switches", role: "radiogroup", "aria-label": "The question" }, ...radios.map((r) => r.label));
  const picture = element("div");
  const hint = element("p", { class: "tn-soft" });
  const choices = walkable(element("div", { class: "tn-choices", role: "group" }));
  const undo = element("button", { type: "button", onclick: undoVote }, "Undo the last vote");
  const tell = element("button", { type: "button", class: "tn-main", onclick: tellAnswer }, "Reveal");
  const next = element("button", { type: "button", onclick: goOn }, "Next case");
  const result = element("div", { class: "tn-result" });
  const tally = element("p", { class: "tn-soft" });
  frame.append(
    place, words, element("p", { class: "tn-soft", hidden: link.live }, QUIZ_ALONE), questions,
    element("div", { class: "tn-columns" }, element("div", {}, picture, hint), element("div", {}, choices, element("div", { class: "tn-switches" }, undo, tell, next), waiting.node, result, tally)),
  );
  closing.push(() => photo?.stage.destroy());

  const told = () => link.get("revealed") && "text" in link.get("answer");

  function vote(kind, name) {
    if (link.get("revealed") || !link.live || isLeaving()) return;
    latest.push([kind, name]);
    recount(kind, name, 1);
  }

  function undoVote() {
    const last = latest.pop();
    if (last) recount(...last, -1);
  }

  function recount(kind, name, by) {
    const votes = link.get("votes");
    const count = (votes[kind][name] ?? 0) + by;
    const { [name]: _, ...others } = votes[kind];
    link.set({ votes: { ...votes, [kind]: count > 0 ? { ...others, [name]: count } : others } });
    say(`${count} ${count === 1 ? "vote" : "votes"} for ${kind === "mask" ? `mask ${name}` : name}`);
  }

  /** Is the next case on its way? Then a vote for this one would count for that one. */
  const isLeaving = () => link.get("number") !== link.get("case").number && !link.get("problem");

  function tellAnswer() {
    asked = true;
    link.set({ revealed: true }, "Asking the kernel for the answer \u2026");
  }

  function goOn() {
    asked = false;
    link.set({ number: link.get("number") + 1, problem: "" }, "Preparing the next case \u2026");
  }

  function newCase() {
    const [scene, { number, of, expression }] = [link.get("scene"), link.get("case")];
    photo?.stage.destroy();
    hovered = null;
    latest = [];
    photo = photoWith(scene, { onHover: (i) => { hovered = i; draw(); }, onPick: (i) => link.get("asking") === "mask" && vote("mask", String(i)) }, 430);
    picture.replaceChildren(photo.node);
    setText(place, `Case ${number + 1} of ${of}`);
    words.replaceChildren("\u201c", expression, "\u201d");
    refresh();
  }

  function refresh() {
    const [scene, asking, open] = [link.get("scene"), link.get("asking"), !link.get("revealed")];
    for (const { kind, radio } of radios) radio.checked = kind === asking;
    setText(hint, asking === "mask" && open ? "Click a mask to vote for it, once for each hand in class; where masks lie on each other, use the list." : "");
    choices.setAttribute("aria-label", QUESTIONS[asking]);
    showChoices(scene, asking, open);
    enable(undo, open && latest.length > 0);
    enable(tell, open && link.live && !isLeaving());
    enable(next, link.live && !isLeaving() && link.get("number") + 1 < link.get("case").of);
    const { cases, mask, part } = link.get("tally");
    setText(tally, cases ? `So far, over ${cases} ${cases === 1 ? "case" : "cases"}: ${mask.right} of ${mask.votes} votes for a mask were right, ${part.right} of ${part.votes} for a part.` : "");
    showResult();
    draw();
  }

  /** The list is made once for a question about a case, then only its words change: focus and scrolling stay. */
  function showChoices(scene, asking, open) {
    const options = asking === "mask" ? scene.captions.map((text, i) => [String(i), `mask ${i}`, text ? `\u201c${text}\u201d` : ""]) : link.get("case").parts;
    if (listed[0] !== scene || listed[1] !== asking) {
      listed = [scene, asking];
      choices.replaceChildren(...options.map((option) => choiceButton(option, asking)));
      if (!options.length) choices.append(element("p", {}, "No proposal was found in this image: there is nothing to choose."));
    }
    const votes = link.get("votes")[asking];
    for (const button of choices.querySelectorAll("button")) {
      const { name } = button.dataset;
      const right = told() && String(link.get("answer")[asking]) === name;
      setText(button.querySelector(".tn-votes"), votes[name] ? `${votes[name]} ${votes[name] === 1 ? "vote" : "votes"}` : "");
      setText(button.querySelector(".tn-right"), right ? " \u2713 the answer" : "");
      button.classList.toggle("tn-is-answer", right);
      // a choice that is told stays in the tab order, so that it can still be read
      enable(button, open && link.live && !isLeaving());
      if (right) reveal(choices, button);
    }
  }

  function choiceButton([name, title, text], asking) {
    const inside = [element("b", {}, title), ` ${text} `, element("span", { class: "tn-votes" }), element("span", { class: "tn-right" })];
    if (asking === "mask") inside.unshift(chipOf(Number(name)));
    const button = element("button", { type: "button", "data-name": name, onclick: () => vote(asking, name) }, ...inside);
    if (asking === "mask") {
      button.addEventListener("pointerenter", () => { hovered = Number(name); draw(); });
      button.addEventListener("pointerleave", () => { hovered = null; draw(); });
      button.addEventListener("focus", () => { hovered = Number(name); draw(); });
    }
    return button;
  }

  function showResult() {
    if (!told()) {
      result.replaceChildren();
      return;
    }
    const { text, rectifier, steps, rows, weights } = link.get("answer");
    const stepRows = steps.map(([name, best, total], at) => element("tr", {}, element("td", {}, at ? `+ ${name}` : name), element("td", {}, best === null ? "none" : `mask ${best}`), element("td", { class: "tn-num" }, total === null ? "-" : shown(total))));
    const scoreRows = rows.map((r) => element("tr", {}, element("td", {}, chipOf(r.mask), `mask ${r.mask}`), ...[r.total, r.v, r.p, r.n].map((x) => element("td", { class: "tn-num" }, shown(x))), element("td", { class: r.kept && !(r.prior < 0) ? "tn-in" : "tn-out" }, r.prior !== undefined ? shown(r.prior) : r.kept ? "in" : "out")));
    const place = rows.some((r) => r.prior !== undefined) ? "prior" : "half";
    result.replaceChildren(
      element("p", { class: "tn-verdict" }, text), rectifier ? element("p", {}, rectifier) : "",
      listOfRows("The winner as parts are added", ["parts", "winner", "S"], stepRows),
      listOfRows("The best masks", ["mask", "S", "V", `${weights.alpha} P`, `${weights.lam} N`, place], scoreRows),
    );
  }

  function draw() {
    const [scene, answer] = [link.get("scene"), link.get("answer")];
    const open = !told();
    const all = scene.masks.map(() => true);
    photo.stage.draw({ kept: open ? all : answer.kept, best: open ? null : answer.mask, selected: null, hovered, oracle: null, target: !open && answer.target !== null, all: true, numbers: true });
    photo.stage.canvas.setAttribute("aria-label", open ? `The photo with ${scene.masks.length} masks; the answer is not shown yet.` : `The photo. ${answer.text}`);
  }

  function answerCame() {
    if (told()) {
      const { target, text } = link.get("answer");
      if (target) showTarget(target);
      say(text);
    }
    refresh();
    if (asked && told()) result.scrollIntoView({ block: result.offsetHeight < window.innerHeight ? "nearest" : "start" });
    asked = asked && !told();
  }

  /** A new stage that knows the target: before, the browser had none. */
  function showTarget(target) {
    photo.stage.destroy();
    photo = photoWith({ ...link.get("scene"), target }, { onHover: (i) => { hovered = i; draw(); }, onPick: () => {} }, 430);
    picture.replaceChildren(photo.node);
  }

  link.watch(["scene", "case"], newCase);
  link.watch(["answer", "revealed"], answerCame);
  link.watch(["votes", "asking", "tally"], refresh);
  link.watch(["problem"], () => { problem(link.get("problem")); refresh(); });
  guarded(problem, newCase);
  answerCame();
  problem(link.get("problem"));
}

function listOfRows(name, heads, rows) {
  const cells = heads.map((head, at) => element("th", { scope: "col", class: at && !["winner", "half", "prior"].includes(head) ? "tn-num" : false }, head));
  return element("div", { class: "tn-list" }, element("table", {}, element("caption", {}, name), element("thead", {}, element("tr", {}, ...cells)), element("tbody", {}, ...rows)));
}

function render({ model, el }) {
  return mount(el, valuesOf(model, ["scene", "case", "number", "asking", "votes", "revealed", "answer", "tally", "problem"]), model);
}

export default { render };
