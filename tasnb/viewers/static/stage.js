// The canvas: a photo with masks over it, drawn, hovered and picked. Masks are COCO runs in column order.

// Okabe and Ito (2008), as in tasnb/pictures.py: a mask keeps the colour of its number everywhere
const OKABE_ITO = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];
const INK = "#1d2129";
const SPOT_GRID = 160; // cells along the photo's longer side when a place for each number is sought
export const CROWD = 30; // masks: with more of them the numbers are smaller
// where a number may go when its spot is taken, in widths and heights of its own
const NEARBY = [[0, 0], [0, 1], [0, -1], [1, 0], [-1, 0], [1, 1], [-1, -1], [1, -1], [-1, 1], [0, 2], [0, -2], [2, 0], [-2, 0]];
const SAME_SPOT = 5; // CSS pixels: a click this near the last one asks for the next mask below

export const colourOf = (index) => OKABE_ITO[index % OKABE_ITO.length];

/** Runs of one mask: `ends` are the pixel numbers at which background and mask take turns. */
export function readRuns(counts, [height, width]) {
  const ends = new Int32Array(counts.length);
  let [at, left, right, top, bottom] = [0, width, 0, height, 0];
  counts.forEach((count, k) => {
    const start = at;
    at += count;
    ends[k] = at;
    if (k % 2 === 0 || !count) return;
    const [first, last] = [Math.floor(start / height), Math.floor((at - 1) / height)];
    [left, right] = [Math.min(left, first), Math.max(right, last + 1)];
    [top, bottom] = first < last ? [0, height] : [Math.min(top, start % height), Math.max(bottom, ((at - 1) % height) + 1)];
  });
  return { ends, height, width, box: right > left ? [left, top, right, bottom] : null };
}

/** Is the pixel (x, y) in the mask? A binary search, so 60 masks cost a few hundred steps. */
export function contains({ ends, height, width }, x, y) {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const pixel = x * height + y;
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] > pixel) high = middle;
    else low = middle + 1;
  }
  return low % 2 === 1;
}

/** The mask's box as bytes, row by row, with a rim of one empty pixel. */
function bitmapOf({ ends, height, box: [left, top, right, bottom] }) {
  const [w, h] = [right - left + 2, bottom - top + 2];
  const bits = new Uint8Array(w * h);
  for (let k = 1; k < ends.length; k += 2) {
    for (let pixel = ends[k - 1]; pixel < ends[k]; pixel += 1) {
      const x = Math.floor(pixel / height);
      bits[(pixel - x * height - top + 1) * w + (x - left + 1)] = 1;
    }
  }
  return { bits, w, h };
}

/** The outline along pixel borders, as long straight pieces. */
function outlineOf(runs) {
  const path = new Path2D();
  if (!runs.box) return path;
  const { bits, w, h } = bitmapOf(runs);
  const [x0, y0] = [runs.box[0] - 1, runs.box[1] - 1];
  const pieces = (outer, inner, edge, piece) => {
    for (let o = 1; o < outer; o += 1) {
      for (let i = 0, start = -1; i <= inner; i += 1) {
        const on = i < inner && edge(o, i);
        if (on && start < 0) start = i;
        if (!on && start >= 0) { piece(o, start, i); start = -1; }
      }
    }
  };
  pieces(h, w, (y, x) => bits[y * w + x] !== bits[(y - 1) * w + x], (y, a, b) => { path.moveTo(x0 + a, y0 + y); path.lineTo(x0 + b, y0 + y); });
  pieces(w, h, (x, y) => bits[y * w + x] !== bits[y * w + x - 1], (x, a, b) => { path.moveTo(x0 + x, y0 + a); path.lineTo(x0 + x, y0 + b); });
  return path;
}

/**
 * Where each mask's number stands: as deep inside the mask as it can, on a coarse grid, and off the smaller masks that lie
 * on it, so that nested masks do not share a spot. [x, y] a mask, null for an empty one.
 */
export function spotsOf(masks, areas, [height, width]) {
  const step = Math.ceil(Math.max(height, width) / SPOT_GRID);
  const [w, h] = [Math.ceil(width / step), Math.ceil(height / step)];
  const at = (k) => [Math.min(width - 1, (k % w) * step + (step >> 1)), Math.min(height - 1, Math.floor(k / w) * step + (step >> 1))];
  const cellsOf = (mask) => {
    const cells = [];
    if (!mask.box) return cells;
    const [left, top, right, bottom] = mask.box.map((side) => Math.floor(side / step));
    for (let y = top; y <= Math.min(bottom, h - 1); y += 1) {
      for (let x = left; x <= Math.min(right, w - 1); x += 1) if (contains(mask, ...at(y * w + x))) cells.push(y * w + x);
    }
    return cells;
  };
  const cells = masks.map(cellsOf);
  const top = new Map(); // cell -> the smallest mask there
  for (const i of masks.map((_, k) => k).sort((a, b) => areas[b] - areas[a] || a - b)) for (const k of cells[i]) top.set(k, i);
  return masks.map((mask, i) => {
    if (!mask.box) return null;
    const own = cells[i].filter((k) => top.get(k) === i);
    const inside = own.length ? own : cells[i];
    return inside.length ? at(deepest(inside, w, h)) : firstPixelOf(mask);
  });
}

/** The cell that is farthest from any that is out: two passes of a chamfer distance. */
function deepest(inside, w, h) {
  const deep = new Float32Array((w + 2) * (h + 2)); // with a rim that is out
  const placeOf = (k) => k + w + 3 + 2 * Math.floor(k / w);
  for (const k of inside) deep[placeOf(k)] = Infinity;
  const pass = (cells, s) => {
    for (const k of cells) {
      const [p, row] = [placeOf(k), s * (w + 2)];
      deep[p] = Math.min(deep[p], deep[p - s] + 1, deep[p - row] + 1, deep[p - row - 1] + 4 / 3, deep[p - row + 1] + 4 / 3);
    }
  };
  pass(inside, 1);
  pass(inside.toReversed(), -1);
  return inside.reduce((best, k) => (deep[placeOf(k)] > deep[placeOf(best)] ? k : best));
}

const firstPixelOf = ({ ends, height }) => {
  const k = ends.findIndex((end, place) => place % 2 === 1 && end > ends[place - 1]);
  return [Math.floor(ends[k - 1] / height), ends[k - 1] % height];
};

function fillOf(runs, colour) {
  const canvas = document.createElement("canvas");
  const { bits, w, h } = bitmapOf(runs);
  [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  const rgb = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  bits.forEach((bit, k) => bit && image.data.set([...rgb, 255], 4 * k));
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * scene: {image, size_hw, masks, areas, target?}. `draw(view)` shows {kept, best, selected, hovered, oracle, target, all,
 * numbers}: oracle is a mask number or null, target, all and numbers are switches. onHover(index | null), onPick(index).
 */
export class Stage {
  constructor(scene, { onHover, onPick }) {
    this.size = scene.size_hw;
    this.runs = scene.masks.map((counts) => readRuns(counts, this.size));
    this.areas = scene.areas;
    this.target = scene.target ? readRuns(scene.target, this.size) : null;
    this.outlines = new Map();
    this.fills = new Map();
    this.spots = null;
    this.view = null;
    this.last = null; // where the last click was, and what it picked
    this.canvas = document.createElement("canvas");
    this.canvas.className = "tn-canvas";
    this.base = document.createElement("canvas");
    this.photo = new Image();
    this.photo.onload = () => { this.baseOf = null; this.redraw(); };
    this.photo.src = scene.image;
    this.canvas.addEventListener("pointermove", (event) => this.move(event, onHover));
    this.canvas.addEventListener("pointerleave", () => onHover(null));
    this.canvas.addEventListener("click", (event) => this.click(event, onPick));
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.canvas);
  }

  destroy() {
    this.watcher.disconnect();
  }

  /** Mask numbers under a point of the window, the smallest mask first, so that a thing on a thing can be reached. */
  hits(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const [h, w] = this.size;
    const [x, y] = [Math.floor(((clientX - box.left) / box.width) * w), Math.floor(((clientY - box.top) / box.height) * h)];
    const found = this.runs.flatMap((runs, i) => (contains(runs, x, y) ? [i] : []));
    return found.sort((a, b) => this.areas[a] - this.areas[b] || a - b);
  }

  near(event) {
    return this.last && Math.hypot(event.clientX - this.last.x, event.clientY - this.last.y) <= SAME_SPOT;
  }

  move(event, onHover) {
    const found = this.hits(event.clientX, event.clientY);
    // after a click the pointer trembles: keep what the click asked for
    onHover(this.near(event) && found.includes(this.last.picked) ? this.last.picked : (found[0] ?? null));
  }

  click(event, onPick) {
    const found = this.hits(event.clientX, event.clientY);
    if (!found.length) return;
    const before = this.near(event) ? found.indexOf(this.last.picked) : -1;
    const picked = found[(before + 1) % found.length];
    this.last = { x: event.clientX, y: event.clientY, picked };
    onPick(picked, found);
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * ratio);
    if (!width || width === this.canvas.width) return;
    this.canvas.width = width;
    this.canvas.height = Math.round((width * this.size[0]) / this.size[1]);
    this.baseOf = null;
    this.redraw();
  }

  draw(view) {
    this.view = view;
    this.redraw();
  }

  outline(i) {
    if (!this.outlines.has(i)) this.outlines.set(i, outlineOf(i === "target" ? this.target : this.runs[i]));
    return this.outlines.get(i);
  }

  redraw() {
    if (!this.view || !this.canvas.width) return;
    this.drawBase();
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.base, 0, 0);
    const { best, selected, hovered, oracle, target } = this.view;
    if (best !== null) this.highlight(context, best, 0.35, 3);
    if (selected !== null && selected !== best) this.highlight(context, selected, 0.2, 3);
    if (hovered !== null && hovered !== best) this.highlight(context, hovered, 0.55, 3);
    if (oracle !== null) this.stroke(context, oracle, ["#ffffff"], 2.5, [2, 4]);
    if (target && this.target) this.stroke(context, "target", ["#ffffff"], 2.5, [9, 6]);
    const labels = new Map();
    const say = (i, text) => i !== null && labels.set(i, [...(labels.get(i) ?? []), text]);
    say(best, "answer");
    say(selected, "selected");
    say(oracle, "oracle");
    if (hovered !== null && !labels.has(hovered)) labels.set(hovered, []);
    const taken = [];
    if (this.view.numbers) this.numbers(context);
    for (const [i, texts] of labels) this.label(context, this.runs[i], [`mask ${i}`, ...texts].join(", "), taken);
    if (target && this.target) this.label(context, this.target, "target", taken);
  }

  /** Photo and thin outlines: they change with the candidates only, not with the pointer. */
  drawBase() {
    const { kept, all } = this.view;
    const state = `${this.canvas.width} ${all} ${kept.map(Number).join("")} ${this.photo.complete}`;
    if (state === this.baseOf) return;
    this.baseOf = state;
    [this.base.width, this.base.height] = [this.canvas.width, this.canvas.height];
    const context = this.base.getContext("2d");
    context.imageSmoothingQuality = "high";
    if (this.photo.complete && this.photo.naturalWidth) context.drawImage(this.photo, 0, 0, this.base.width, this.base.height);
    if (!all) return;
    kept.forEach((stays, i) => this.stroke(context, i, [stays ? colourOf(i) : "#d0d4da"], 1.5, stays ? [] : [3, 4]));
  }

  scale() {
    return this.canvas.width / this.size[1];
  }

  stroke(context, i, colours, width, dash) {
    const [scale, ratio] = [this.scale(), window.devicePixelRatio || 1];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.lineCap = dash.length ? "butt" : "square";
    // a dark line under a light one reads on any photo
    for (const [colour, extra, pattern] of [[INK, 2, []], ...colours.map((c) => [c, 0, dash])]) {
      context.strokeStyle = colour;
      context.lineWidth = ((width + extra) * ratio) / scale;
      context.setLineDash(pattern.map((piece) => (piece * ratio) / scale));
      context.stroke(this.outline(i));
    }
    context.setLineDash([]);
  }

  highlight(context, i, alpha, width) {
    const { box } = this.runs[i];
    if (!box) return;
    if (!this.fills.has(i)) this.fills.set(i, fillOf(this.runs[i], colourOf(i)));
    const scale = this.scale();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.imageSmoothingEnabled = false;
    context.globalAlpha = alpha;
    context.drawImage(this.fills.get(i), box[0] - 1, box[1] - 1);
    context.globalAlpha = 1;
    const stays = this.view.kept[i];
    this.stroke(context, i, [stays ? colourOf(i) : "#d0d4da"], width, stays ? [] : [5, 5]);
  }

  /** The number of every mask, inside it. */
  numbers(context) {
    const [scale, ratio] = [this.scale(), window.devicePixelRatio || 1];
    this.spots ??= spotsOf(this.runs, this.areas, this.size);
    context.setTransform(1, 0, 0, 1, 0, 0);
    const size = (this.runs.length > CROWD ? 12 : 15) * ratio;
    context.font = `700 ${size}px system-ui, "DejaVu Sans", sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 4 * ratio;
    context.strokeStyle = INK;
    context.fillStyle = "#ffffff";
    const taken = [];
    for (const [i, spot] of this.spots.entries()) {
      if (!spot) continue;
      const half = context.measureText(String(i)).width / 2 + 2 * ratio;
      const within = (at, room, side) => Math.max(room, Math.min(side - room, at));
      const places = NEARBY.map(([dx, dy]) => [
        within((spot[0] + 0.5) * scale + dx * 2 * half, half, this.canvas.width), within((spot[1] + 0.5) * scale + dy * 1.15 * size, size / 2, this.canvas.height),
      ]);
      const free = places.filter(([u, v]) => !taken.some(([a, b, c]) => Math.abs(b - v) < 1.1 * size && Math.abs(a - u) < half + c));
      const [x, y] = free.find(([u, v]) => contains(this.runs[i], Math.floor(u / scale), Math.floor(v / scale))) ?? free[0] ?? places[0];
      taken.push([x, y, half]);
      context.strokeText(String(i), x, y);
      context.fillText(String(i), x, y);
    }
    context.textAlign = "start";
  }

  /** White on dark, above the mask; moved down where another label is. */
  label(context, { box }, text, taken) {
    if (!box) return;
    const [scale, ratio] = [this.scale(), window.devicePixelRatio || 1];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.font = `600 ${13 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
    const [w, h] = [context.measureText(text).width + 12 * ratio, 20 * ratio];
    const x = Math.max(0, Math.min(this.canvas.width - w, ((box[0] + box[2]) / 2) * scale - w / 2));
    let y = Math.max(0, box[1] * scale - h - 3 * ratio);
    while (taken.some(([a, b, c]) => Math.abs(b - y) < h && x < a + c && a < x + w)) y += h + 2 * ratio;
    y = Math.min(y, this.canvas.height - h);
    taken.push([x, y, w]);
    context.fillStyle = INK;
    context.beginPath();
    context.roundRect(x, y, w, h, 4 * ratio);
    context.fill();
    context.fillStyle = "#ffffff";
    context.textBaseline = "middle";
    context.fillText(text, x + 6 * ratio, y + h / 2 + ratio);
  }
}
