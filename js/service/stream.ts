/** The feed as server-sent events. Whoever reads too slowly, or may not read any more, is let go, and comes back. */

import type { ServiceEvents } from "./api.ts";
import { type Answer, Refused, text } from "./exchange.ts";
import type { Call, Parts, ServiceEvent } from "./parts.ts";

/** So many may listen at once. */
const MOST = 100;
const BEAT = 15_000;
/** Events that wait for one listener. */
const MOST_WAITING = 2_000;
const RETRY = 1_000;

const listening = new WeakMap<Parts, Set<(event: ServiceEvent) => void>>();

/** Tells those who listen to this service. */
export function broadcast(parts: Parts, event: ServiceEvent): void {
  for (const listener of listening.get(parts) ?? []) listener(event);
}

export function eventStream(parts: Parts, { asked, again }: Call<"GET /v1/events">): Answer {
  const all = listening.get(parts) ?? new Set();
  listening.set(parts, all);
  if (all.size >= MOST) throw new Refused(503, "unavailable", `${MOST} listen already`, { retryAfter: 5 });
  const utf8 = new TextEncoder();
  let end = (): void => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (line: string): void => {
          if ((controller.desiredSize ?? 0) < -MOST_WAITING) end();
          else controller.enqueue(utf8.encode(line));
        };
        const event = <K extends keyof ServiceEvents>(name: K, data: ServiceEvents[K], id?: string): void =>
          write(`event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
        const listener = (told: ServiceEvent): void => {
          if (told.type === "row") event("row", told.row, told.row.seq);
          if (told.type === "changed") event("changed", { what: told.what });
        };
        const beat = setInterval(() => {
          write(": still here\n\n");
          again().then(
            (may) => may || end(),
            () => end(),
          );
        }, BEAT);
        end = () => {
          clearInterval(beat);
          if (!all.delete(listener)) return;
          asked.signal.removeEventListener("abort", end);
          try {
            controller.close();
          } catch {
            // It is closed already, by the other end.
          }
        };
        write(`retry: ${RETRY}\n\n`);
        const since = asked.header("last-event-id");
        if (since !== undefined)
          for (const row of parts.history.after(since).slice(-MOST_WAITING)) event("row", row, row.seq);
        all.add(listener);
        asked.signal.addEventListener("abort", end, { once: true });
        if (asked.signal.aborted) end();
      },
      cancel: () => end(),
    },
    { highWaterMark: 16 },
  );
  return text(body, "text/event-stream; charset=utf-8", { "x-accel-buffering": "no" });
}

/** Lets all of them go. */
export function closeStreams(parts: Parts): void {
  listening.delete(parts);
}
