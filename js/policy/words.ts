/** The nearest known word, for messages: as the core finds it, for words that only the platform knows. */

/** The word that takes the fewest changes, if that is no more than a third of its letters. */
export function nearestWord(text: string, words: readonly string[]): string | undefined {
  const asked = text.toLowerCase();
  let best: string | undefined;
  let least = Math.floor(asked.length / 3) + 1;
  for (const word of words) {
    if (Math.abs(word.length - asked.length) >= least) continue;
    const changes = distance(asked, word.toLowerCase());
    if (changes < least) [best, least] = [word, changes];
  }
  return best;
}

/** How many letters have to be put in, taken out or changed (Levenshtein), over two rows of the table. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const changed = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
