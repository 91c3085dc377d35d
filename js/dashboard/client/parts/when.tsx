/** A moment: how long ago for the eye, exactly for whoever points at it. */

import { signal } from "@preact/signals";
import { around, clock, iso, millis, stamp } from "../lib/time.ts";

export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5_000);

interface WhenProps {
  readonly at: number | string | null | undefined;
  readonly as?: "around" | "clock" | "stamp";
}

export function When({ at, as = "clock" }: WhenProps) {
  const ms = at == null ? Number.NaN : millis(at);
  if (!Number.isFinite(ms)) return <span>–</span>;
  const text = as === "around" ? around(ms, now.value) : as === "clock" ? clock(ms, now.value) : stamp(ms);
  return (
    <time dateTime={iso(ms)} title={stamp(ms)}>
      {text}
    </time>
  );
}
