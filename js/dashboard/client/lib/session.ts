/** Who is logged in, and the feed of what happens: one stream of events for all views. */

import { signal } from "@preact/signals";
import type { FeedRow, KeyScope, Overview, WhoAmI } from "../../../service/api.ts";
import { addressOf, call, onLost } from "./api.ts";
import { failureOf } from "./failure.ts";
import { changes } from "./load.ts";

/** `undefined` while nobody knows yet, `null` for nobody. */
export const me = signal<WhoAmI | null | undefined>(undefined);
export const overview = signal<Overview | undefined>(undefined);
export const connection = signal<"live" | "away">("away");
/** What has come since the page was opened, the newest first. */
export const arrived = signal<readonly FeedRow[]>([]);

const MOST = 500;
const AGAIN = 3_000;

/** Whether the key may. The service asks itself; this is so that nothing is offered that it would refuse. */
export function may(scope: KeyScope): boolean {
  const scopes = me.value?.scopes ?? [];
  return scopes.includes(scope) || (scope === "read" && scopes.includes("admin"));
}

let source: EventSource | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;

/** Asks who one is. A service that is away leaves things as they are, and is asked again. */
export async function recognise(): Promise<void> {
  clearTimeout(waiting);
  try {
    me.value = await call("GET /v1/whoami");
    listen();
  } catch (error) {
    if (failureOf(error).status !== 401) waiting = setTimeout(() => void recognise(), AGAIN);
  }
}

export async function logIn(key: string): Promise<void> {
  await call("POST /login", { body: { key } });
  await recognise();
}

export async function logOut(): Promise<void> {
  // The cookie is the service's to end; the page forgets in any case.
  await call("POST /logout").catch(() => undefined);
  forget();
}

function forget(): void {
  source?.close();
  source = undefined;
  clearTimeout(waiting);
  me.value = null;
  overview.value = undefined;
  arrived.value = [];
  connection.value = "away";
}

onLost(forget);

function listen(): void {
  if (source !== undefined || !may("read")) return;
  const opened = new EventSource(addressOf("/v1/events", undefined, undefined));
  source = opened;
  opened.addEventListener("open", () => {
    connection.value = "live";
    changes.value += 1;
  });
  opened.addEventListener("row", ({ data }: MessageEvent<string>) => {
    const row = JSON.parse(data) as FeedRow;
    // A stream that begins anew may tell something twice.
    if (arrived.peek().some(({ seq }) => seq === row.seq)) return;
    arrived.value = [row, ...arrived.peek()].slice(0, MOST);
    changes.value += 1;
  });
  opened.addEventListener("changed", () => {
    changes.value += 1;
  });
  opened.addEventListener("error", () => {
    connection.value = "away";
    if (opened.readyState !== EventSource.CLOSED) return;
    // The browser has given up, as after a 401 or a 503.
    source = undefined;
    clearTimeout(waiting);
    waiting = setTimeout(() => void recognise(), AGAIN);
  });
}
