/** Commits of two cells each: after a crash each is there with both halves, or not at all. Pages use it too. */

export const pairOf = (name: string) =>
  ["a", "b"].map((half) => ({ key: `${name}/${half}`, value: "1", expires: null }));

/** Fails if one that was acknowledged is missing, or if half of any is. */
export function pairsAreWhole(acknowledged: readonly string[], found: readonly string[]): void {
  const keys = new Set(found);
  for (const pair of acknowledged) if (!keys.has(`${pair}/a`)) throw new Error(`lost: ${pair}`);
  for (const key of keys) {
    const other = `${key.slice(0, -1)}${key.endsWith("a") ? "b" : "a"}`;
    if (!keys.has(other)) throw new Error(`half of a commit: ${key}`);
  }
}
