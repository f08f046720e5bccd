// What annotate keeps in the browser: for each picture its expressions, their masks and what is half typed, nothing else.
// tasnb/viewers/drafts.py keeps the same records in a file. A page that may store nothing does without.

const SHELF = "tasnb annotate ";
const plain = (text) => text.toLowerCase().split(/\s+/u).filter(Boolean).join(" ");

/** The same words? tasnb/viewers/annotation.py asks the same. */
export const sameWords = (one, other) => plain(one) === plain(other);

/** The record of a picture with so many masks: {time, entries, half}; null where there is none, or another thing. */
export function recall(key, masks) {
  const isMask = (n) => n === null || (Number.isInteger(n) && n >= 0 && n < masks);
  const entryOf = ({ expression, proposal }) => {
    if (!plain(expression) || !isMask(proposal)) throw new TypeError("no annotation");
    return { expression, proposal };
  };
  try {
    const { time, entries, half } = JSON.parse(localStorage.getItem(SHELF + key));
    if (!Number.isSafeInteger(time)) return null;
    return { time, entries: entries.map(entryOf), half: half && { expression: String(half.expression), choice: String(half.choice) } };
  } catch {
    return null;
  }
}

/** Keep a record; one that says the same keeps its time, an empty one is not begun. -> whether the browser allows it. */
export function remember(key, record, masks) {
  const { entries, half } = recall(key, masks) ?? { entries: [], half: null };
  try {
    if (JSON.stringify([entries, half]) !== JSON.stringify([record.entries, record.half])) localStorage.setItem(SHELF + key, JSON.stringify(record));
    return Boolean(localStorage);
  } catch {
    return false;
  }
}
