/** Asking the service for what a view shows, and again when something has happened. */

import { signal } from "@preact/signals";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Failure, failureOf } from "./failure.ts";

/** Counts what the feed has told: whoever shows something that may have changed asks again. */
export const changes = signal(0);

export interface Loaded<T> {
  readonly data: T | undefined;
  readonly failure: Failure | undefined;
  /** Asks again, now. */
  reload(): void;
}

/** Not more often than this, however much happens; and so often in any case, in milliseconds. */
const LEAST = 1_000;
const MOST = 20_000;
const LOOKED = 200;

/**
 * Keeps what `ask` answers. The last good answer stays on the screen while another is on its way, or can't be had: then
 * the failure stands beside it.
 */
export function useLoad<T>(ask: (signal: AbortSignal) => Promise<T>, about: string): Loaded<T> {
  const [data, setData] = useState<{ readonly about: string; readonly value: T }>();
  const [failure, setFailure] = useState<Failure>();
  const [round, setRound] = useState(0);
  const asking = useRef(ask);
  const busy = useRef(false);
  asking.current = ask;
  const reload = useCallback(() => setRound((now) => now + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    busy.current = true;
    asking.current(abort.signal).then(
      (value) => {
        if (abort.signal.aborted) return;
        busy.current = false;
        setData({ about, value });
        setFailure(undefined);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        busy.current = false;
        setFailure(failureOf(error));
      },
    );
    return () => abort.abort();
  }, [about, round]);

  // What was asked for last is answered before it is asked again: a slow service is not asked ever more.
  useEffect(() => {
    let seen = changes.peek();
    let since = Date.now();
    const timer = setInterval(() => {
      const due = changes.peek() === seen ? MOST : LEAST;
      if (document.hidden || busy.current || Date.now() - since < due) return;
      seen = changes.peek();
      since = Date.now();
      reload();
    }, LOOKED);
    return () => clearInterval(timer);
  }, [reload]);

  return { data: data?.about === about ? data.value : undefined, failure, reload };
}
