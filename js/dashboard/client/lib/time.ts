/** Times for people. All are UTC: operators in several places compare them, and the log has no other. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "min"],
  [1000, "s"],
] as const;

/** `90_000` → `1 min 30 s`: the two largest parts. */
export function lasting(ms: number): string {
  if (ms < 1000) return ms <= 0 ? "0 s" : `${Math.round(ms)} ms`;
  const at = STEPS.findIndex(([size]) => ms >= size);
  const [size, name] = STEPS[at] ?? [1000, "s"];
  const next = STEPS[at + 1];
  const first = Math.floor(ms / size);
  const rest = next === undefined ? 0 : Math.floor((ms % size) / next[0]);
  return rest === 0 || next === undefined ? `${first} ${name}` : `${first} ${name} ${rest} ${next[1]}`;
}

/** `3 min ago`, `in 4 min`: one part, for the eye. */
export function around(at: number, now: number): string {
  const ms = Math.abs(now - at);
  if (ms < 1000) return "now";
  const [size, name] = STEPS.find(([step]) => ms >= step) ?? [1000, "s"];
  const text = `${Math.floor(ms / size)} ${name}`;
  return at > now ? `in ${text}` : `${text} ago`;
}

/** `2026-01-05 10:00:00 UTC`. */
export function stamp(at: number): string {
  return Number.isFinite(at) ? `${iso(at).slice(0, 19).replace("T", " ")} UTC` : "–";
}

/** `10:00:00` today, `5 Jan 10:00` else. */
export function clock(at: number, now: number): string {
  if (!Number.isFinite(at)) return "–";
  const text = iso(at);
  if (text.slice(0, 10) === iso(now).slice(0, 10)) return text.slice(11, 19);
  const date = new Date(at);
  const month = date.toLocaleString("en-GB", { month: "short", timeZone: "UTC" });
  return `${date.getUTCDate()} ${month} ${text.slice(11, 16)}`;
}

/** ISO 8601, and no throw for what no calendar has. */
export const iso = (at: number): string =>
  Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : "0000-00-00T00:00:00.000Z";

/** Milliseconds, from those or from ISO 8601. */
export const millis = (at: number | string): number => (typeof at === "number" ? at : Date.parse(at));
