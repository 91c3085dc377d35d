// How many tests passed, read from what the two runners print.

/** Sums cargo's lines, one for each test program: `test result: ok. 12 passed; 0 failed; 1 ignored; …`. */
export function cargoCounts(output) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm,
  )) {
    total.passed += Number(passed);
    total.failed += Number(failed);
    total.skipped += Number(ignored);
  }
  return total;
}

/** Reads the totals at the end of Node's TAP. A test that was cancelled, as by a timeout, has failed. */
export function nodeCounts(tap) {
  const total = (name) => Number(tap.match(new RegExp(`^# ${name} (\\d+)$`, "m"))?.[1] ?? 0);
  return {
    passed: total("pass"),
    failed: total("fail") + total("cancelled"),
    skipped: total("skipped") + total("todo"),
  };
}

/** The tests that failed in Node's TAP, `{ name, file }`, without those that only hold another that failed. */
export function nodeFailures(tap) {
  const failures = tap.matchAll(
    /^( *)not ok \d+ - (?!.* # (?:SKIP|TODO)\b)(.*)\n\1 {2}---\n([\s\S]*?)^\1 {2}\.\.\.$/gm,
  );
  return [...failures]
    .filter(([, , , about]) => !about.includes("failureType: 'subtestsFailed'"))
    .map(([, , name, about]) => ({ name, file: about.match(/^ *location: '(.*):\d+:\d+'$/m)?.[1] }));
}

/** What was skipped in Node's TAP, and why: `name: reason`. A skip that nobody sees looks like a pass. */
export function nodeSkips(tap) {
  const skips = tap.matchAll(/^\s*ok \d+ - (.*) # (?:SKIP|TODO)\b ?(.*)$/gm);
  return [...skips].map(([, name, reason]) => (reason === "" ? name : `${name}: ${reason}`));
}

/** The last line of `npm test`. A run without a single test is no success. */
export function summary(counts) {
  const sum = (name) => counts.reduce((total, count) => total + (count[name] ?? 0), 0);
  const [passed, failed, skipped, flaky] = [sum("passed"), sum("failed"), sum("skipped"), sum("flaky")];
  const more = [skipped > 0 ? `, ${skipped} skipped` : "", flaky > 0 ? `, ${flaky} FLAKY` : ""].join("");
  const line = `${passed} passed, ${failed} failed${more}`;
  return { line, ok: failed === 0 && passed > 0 };
}
