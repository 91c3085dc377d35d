/** The time that a view tells of. */

import { asked, Select } from "./filters.tsx";

const HOUR = 3_600_000;

const PERIODS: Readonly<
  Record<string, { readonly ms: number; readonly step: "hour" | "day"; readonly words: string }>
> = {
  "": { ms: 24 * HOUR, step: "hour", words: "the last 24 hours" },
  "7d": { ms: 7 * 24 * HOUR, step: "hour", words: "the last 7 days" },
  "30d": { ms: 30 * 24 * HOUR, step: "day", words: "the last 30 days" },
};

/** As the address has it. `since` is cut to the minute: the same question stays the same. */
export function period() {
  const { ms, step, words } = PERIODS[asked("period")] ?? {
    ms: 24 * HOUR,
    step: "hour" as const,
    words: "the last 24 hours",
  };
  return {
    since: () => new Date(Math.floor((Date.now() - ms) / 60_000) * 60_000).toISOString(),
    step,
    words,
    key: asked("period"),
  };
}

export function Period() {
  return (
    <Select
      label="Time"
      name="period"
      options={[
        ["", "24 hours"],
        ["7d", "7 days"],
        ["30d", "30 days"],
      ]}
    />
  );
}

/** Whether one of the texts holds what is searched for. */
export function found(...texts: readonly (string | null | undefined)[]): boolean {
  const wanted = asked("q").toLowerCase();
  return wanted === "" || texts.some((text) => text?.toLowerCase().includes(wanted) ?? false);
}
