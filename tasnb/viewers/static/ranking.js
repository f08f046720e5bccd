// The ranking, in the browser: pure functions over the record of tasnb/viewers/record.py.
// They do what ScoreTable.best, ScoreTable.ranking and tasnb/stages/spatial/halves.py do, bit for bit: tests/browser/test_ranking.py.

const AXIS = { left: 0, right: 0, top: 1, bottom: 1 };
const BEFORE = ["left", "top"]; // strictly less than the median; the other two hold the ties

/** The weights that count: a part that is switched off has weight 0. */
export function weightsOf(settings) {
  return { alpha: settings.useP ? settings.alpha : 0, lam: settings.useN ? settings.lam : 0 };
}

/** What a soft rectifier adds to S, a number a mask; null where there is none, or it is switched off. */
export const priorOf = (scores, settings) => (settings.spatial && scores.prior) || null;

/** S = V + alpha P + lam N, and a soft rectifier's prior, in the order in which numpy adds. */
export function totalsOf(scores, settings) {
  const [{ alpha, lam }, prior] = [weightsOf(settings), priorOf(scores, settings)];
  const totals = scores.v.map((v, i) => v + alpha * scores.p[i] + lam * scores.n[i]);
  return prior ? totals.map((total, i) => total + prior[i]) : totals;
}

/** Proposal numbers, best first: kept ones by S, then the others by S; a tie keeps the earlier one. */
export function orderOf(totals, kept) {
  const order = totals.map((_, i) => i);
  return order.sort((a, b) => kept[b] - kept[a] || totals[b] - totals[a] || a - b);
}

/** Three decimals as Python writes them: toFixed rounds an exact half up, Python to the even digit. */
export function fixed(x) {
  const size = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  if ((size * 16) % 2 !== 1) return sign + size.toFixed(3); // half of the last digit is an odd number of sixteenths
  const below = Math.floor(size * 1000);
  return sign + ((below + (below % 2)) / 1000).toFixed(3);
}

export function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Is proposal i in the half? An empty mask (centre null) is in none and does not count in the median. */
function halfOf(centres, direction) {
  const axis = AXIS[direction];
  const median = medianOf(centres.filter((c) => c).map((c) => c[axis]));
  return centres.map((c) => c !== null && (BEFORE.includes(direction) ? c[axis] < median : c[axis] >= median));
}

const both = (a, b) => a.map((yes, i) => yes && b[i]);

/** suoych/TAS: of the half's two quadrants the one that holds the best total, the later one in a tie. */
function quadrantOf(centres, directions, totals) {
  const across = ["left", "right"].find((d) => directions.includes(d));
  const down = ["top", "bottom"].find((d) => directions.includes(d));
  const options = [];
  for (const h of ["left", "right"]) {
    for (const v of ["top", "bottom"]) if (h === (across ?? h) && v === (down ?? v)) options.push([v, h]);
  }
  const members = options.map(([v, h]) => both(halfOf(centres, v), halfOf(centres, h)));
  let [chosen, why] = [0, ""];
  if (options.length === 2) {
    const best = members.map((inside) => Math.max(-Infinity, ...totals.filter((_, i) => inside[i])));
    chosen = best[0] > best[1] ? 0 : 1;
    if (best[chosen] > -Infinity) why = `, as it holds the better S of the half's two (${fixed(best[chosen])})`;
  }
  const inside = members[chosen];
  const count = inside.filter(Boolean).length;
  return {
    inside,
    finding: `${count} of ${centres.length} proposals lie in the ${options[chosen].join(" ")} quadrant${why}`,
  };
}

/** {kept, sentence, verdicts} of one reading's rule; `rule` has directions, words, half, centres, texts. */
export function rectify(rule, totals) {
  const { centres, directions, texts } = rule;
  const all = centres.map(() => true);
  const placed = centres.filter((c) => c).length;
  if (centres.length < 2 || !directions.length || !placed || rule.half !== "quadrants") {
    // nothing here depends on the totals, so the sentences are Python's own
    let kept = all;
    if (rule.half !== "soft" && centres.length > 1 && directions.length && placed) {
      const inside = directions.map((d) => halfOf(centres, d)).reduce(both);
      if (inside.some(Boolean)) kept = inside;
    }
    return { kept, sentence: texts.sentence, verdicts: texts.verdicts };
  }
  const { inside, finding } = quadrantOf(centres, directions, totals);
  if (!inside.some(Boolean)) {
    const sentence = `"${rule.words}": no candidate is there (${finding}), so all stay.`;
    return { kept: all, sentence, verdicts: all.map(() => "stays") };
  }
  const verdicts = inside.map((yes, i) => `${yes ? "stays" : "out"}: ${texts.reasons[i]}`);
  return { kept: inside, sentence: `"${rule.words}": ${finding}.`, verdicts };
}

/** settings: {alpha, lam, useP, useN, spatial, variant}. -> {order, totals, kept, best, sentence, verdicts}. */
export function rank(record, settings) {
  const scores = record.variants[settings.variant];
  const totals = totalsOf(scores, settings);
  const off = { kept: totals.map(() => true), sentence: "The spatial rectifier is off.", verdicts: totals.map(() => "stays") };
  // what a cure of the why panel leaves in was decided in Python
  const given = scores.kept && { kept: scores.kept, sentence: "What if: a switch of the why panel decides what stays.", verdicts: scores.kept.map((yes) => (yes ? "stays" : "out")) };
  const found = given ? given : settings.spatial ? rectify(scores.rule, totals) : off;
  const order = orderOf(totals, found.kept);
  return { ...found, totals, order, best: order.length && found.kept[order[0]] ? order[0] : null };
}
