// How long a scan takes, and how long plain JavaScript takes for the same kinds, in the same run and in turns.

import { findByRegex } from "./regex.ts";
import { coreScreen } from "./reported.ts";

export interface Timing {
  /** Microseconds; the least is what it takes where nothing else runs. */
  readonly least: number;
  readonly p50: number;
  readonly p99: number;
}

/** Three fields as a payment has them, 200 bytes in all, with nothing in them. */
export const FIELDS: readonly string[] = [
  "https://api.example.com/v1/reports/weather/lisbon?days=7&units=metric&format=json&lang=en&detail=full",
  "Weather report for Lisbon for the next 7 days, hourly, JSON",
  "the agent needs the forecast to plan a trip",
];
const BUSY: readonly string[] = [
  "https://api.example.com/v1/lookup?email=jane.doe%40example.com&phone=%2B14155552671&limit=10",
  "Background check of jane.doe@example.com, SSN 123-45-6789, one call",
  "the user gave the card 4111 1111 1111 1111",
];

const KB64 = 65_536;
/** Of the texts that src/privacy/tests.rs counts the work for, those that take the longest. */
export const HOSTILE: readonly string[] = [
  "1 2 3 4 5 6 7 8 9 ",
  "(1",
  "4111 1111 ",
  "8.8.8.8 ",
  "a@b.co ",
  "a@a.",
  "-----BEGIN PRIVATE KEY-----",
  "eyJhbGciOiJIUzI1NiJ9.",
  "zoo ",
  "%40",
];

export function measure(rounds = 4_000): Readonly<Record<string, Timing>> {
  const three = (fields: readonly string[], find: (text: string) => unknown) => () => {
    for (const field of fields) find(field);
  };
  const timings = race(
    {
      "core, three fields, nothing in them": three(FIELDS, coreScreen),
      "regex, three fields, nothing in them": three(FIELDS, findByRegex),
      "core, three fields, five values": three(BUSY, coreScreen),
      "regex, three fields, five values": three(BUSY, findByRegex),
    },
    rounds,
  );
  return {
    ...timings,
    ...race(
      {
        ...Object.fromEntries(
          HOSTILE.map((piece) => {
            const text = piece.repeat(KB64 / Buffer.byteLength(piece));
            return [`core, 64 KB of \`${piece}\``, () => coreScreen(text)];
          }),
        ),
      },
      40,
    ),
  };
}

/** In turns of a few calls each, so that whatever else the machine does falls on all alike. */
function race(work: Readonly<Record<string, () => unknown>>, rounds: number): Record<string, Timing> {
  const names = Object.keys(work);
  const batch = rounds > 1_000 ? 8 : 1;
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const call = work[name] as () => unknown;
      const since = process.hrtime.bigint();
      for (let i = 0; i < batch; i++) call();
      const spent = Number(process.hrtime.bigint() - since) / 1_000 / batch;
      // The first tenth warms up.
      if (round >= rounds / 10) times.get(name)?.push(spent);
    }
  }
  const at = (sorted: readonly number[], share: number): number =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100;
  return Object.fromEntries(
    names.map((name) => {
      const sorted = [...(times.get(name) ?? [])].sort((a, b) => a - b);
      return [name, { least: at(sorted, 0), p50: at(sorted, 0.5), p99: at(sorted, 0.99) }];
    }),
  );
}
