/**
 * Personal data on its way out, by the policy's `privacy` section. The core finds it and writes it over; here it is known
 * what may be rewritten. Nothing that is signed is, nor what the seller matches a payment by: there it is blocked.
 */

import type { PolicySummary } from "../core/ledger.ts";
import type { Screens } from "../core/screens.ts";
import type { Treatment } from "../core/types.ts";
import { denied, PaymentDenied, refusal, TollwardenError, WardenUnavailable } from "../errors.ts";
import type { Privacy, PrivacyOptions } from "./privacy.ts";
import type { Place, Recogniser } from "./recogniser.ts";

type Screener = InstanceType<Screens["Screen"]>;

/** What is in a text, and the text as it may go. */
interface Found {
  /** The strictest of what becomes of it. */
  readonly action: Exclude<Treatment, "allow">;
  readonly kinds: readonly { readonly entity: string; readonly action: string }[];
  readonly redacted: string;
}

/** `redact EMAIL_ADDRESS:redact`, and from the next line on the text. */
function foundIn(told: string): Found {
  const end = told.indexOf("\n");
  const [action, ...kinds] = told.slice(0, end).split(" ");
  return {
    action: action as Found["action"],
    kinds: kinds.map((kind) => {
      const [entity = "", action = ""] = kind.split(":");
      return { entity, action };
    }),
    redacted: told.slice(end + 1),
  };
}

/** What goes by the detectors, from the module that has them. */
export function screensOf({ Screen }: Pick<Screens, "Screen">): Screens {
  return { Screen, screening: (policy, options) => screening(Screen, policy, options) };
}

/** `policy`: the one in force, asked each time, so that a reload counts from the next request on. */
function screening(Screen: Screens["Screen"], policy: () => PolicySummary, options: PrivacyOptions): Privacy {
  const { recognisers = [], onPersonalData } = options;
  const key = options.privacyKey ?? crypto.getRandomValues(new Uint8Array(32));
  const numbers = new Map<Place, number>();
  let section: string | null = null;
  let screen: Screener | undefined;

  function current(): Screener | undefined {
    const { privacy } = policy();
    if (privacy !== section) {
      screen?.free();
      screen = undefined;
      section = null;
      if (privacy !== null) screen = new Screen(privacy, key);
      section = privacy;
    }
    return screen;
  }

  function numberOf(place: Place): number {
    const known = numbers.get(place) ?? Screen.place(place);
    numbers.set(place, known);
    return known;
  }

  /** What throws has trapped: the detectors are made anew for the next text, and nobody knows what is in this one. */
  function scanned<T>(look: () => T): T {
    try {
      return look();
    } catch (cause) {
      [screen, section] = [undefined, null];
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new WardenUnavailable("internal_error", `the detectors failed: ${message}`, cause);
    }
  }

  async function scan(place: Place, text: string): Promise<Found | undefined> {
    if (text === "" || current() === undefined) return undefined;
    const more = recognisers.length === 0 ? [] : await recognised(recognisers, text, place);
    // Asked again: a policy may have come while the recognisers worked.
    const screen = current();
    if (screen === undefined) return undefined;
    const told = scanned(() => {
      const number = numberOf(place);
      return more.length === 0 ? screen.screen(number, text) : screen.screenWith(number, text, JSON.stringify(more));
    });
    if (told === undefined) return undefined;
    const found = foundIn(told);
    onPersonalData?.({ place, action: found.action, entities: found.kinds.map(({ entity }) => entity) });
    return found;
  }

  async function clean(place: Place, text: string): Promise<string> {
    return (await scan(place, text))?.redacted ?? text;
  }

  /** A text that may be rewritten, as it may leave. */
  async function rewritten(place: Place, text: string, where: string): Promise<string> {
    const found = await scan(place, text);
    if (found?.action === "block") throw blocked(found, where);
    return found?.redacted ?? text;
  }

  /** A text that may not be rewritten. */
  async function bound(place: Place, text: string, where: string, why: string): Promise<void> {
    const found = await scan(place, text);
    if (found === undefined || found.action === "warn") return;
    if (found.action === "block") throw blocked(found, where);
    throw refusal("", "personal_data_bound", `${kindsOf(found)} in ${where}: ${why}`);
  }

  async function screened(request: Request): Promise<Request> {
    const url = new URL(request.url);
    const why = "the seller knows the resource by it, and a payment for another one would be made; nothing was sent";
    await bound("url_path", url.pathname, "the path of the URL", why);
    const search = await rewritten("query", url.search, "the query of the URL");
    const hash = await rewritten("fragment", url.hash, "the fragment of the URL");
    const headers = new Headers(request.headers);
    let changed = false;
    for (const name of current()?.headers() ?? []) {
      const value = headers.get(name);
      if (value === null) continue;
      const clean = await rewritten("header", value, `the header \`${name}\``);
      if (clean === value) continue;
      headers.set(name, latin1(clean));
      changed = true;
    }
    if (search !== url.search || hash !== url.hash) {
      url.search = search;
      url.hash = hash;
      return new Request(new Request(url, request), { headers });
    }
    return changed ? new Request(request, { headers }) : request;
  }

  /** What the warden says of a denial may repeat a URL or a text of the seller's. */
  async function told(error: unknown): Promise<unknown> {
    if (!(error instanceof TollwardenError)) return error;
    const message = await clean("audit", error.message);
    if (message === error.message) return error;
    if (error instanceof PaymentDenied && error.decision.message != null) {
      const decision = { ...error.decision, message: await clean("audit", error.decision.message) };
      return denied(decision);
    }
    error.message = message;
    return error;
  }

  return {
    clean,
    guard: (inner) => async (input, init) => {
      if (current() === undefined) return inner(input, init);
      const request = await screened(new Request(input, init));
      try {
        return await inner(request);
      } catch (error) {
        throw await told(error);
      }
    },
    async offer(offerText) {
      if (current() === undefined) return;
      for (const { text, place, where, sent } of textsOf(offerText)) {
        if (sent) await bound(place, text, where, "the payment carries it as the seller wrote it; nothing was signed");
        else await rewritten(place, text, where);
      }
    },
  };
}

function blocked(found: Found, where: string): PaymentDenied {
  return refusal("", "personal_data", `${kindsOf(found)} in ${where}; nothing was sent`);
}

/** The kinds that are more than noted. */
function kindsOf(found: Found): string {
  return found.kinds
    .filter(({ action }) => action !== "warn")
    .map(({ entity }) => entity)
    .join(", ");
}

async function recognised(recognisers: readonly Recogniser[], text: string, place: Place): Promise<readonly unknown[]> {
  try {
    return (await Promise.all(recognisers.map(async (one) => one.recognise(text, place)))).flat();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw refusal("", "personal_data", `a recogniser failed, and nobody knows what is in the ${place}: ${message}`);
  }
}

interface OfferText {
  readonly text: string;
  readonly place: Place;
  readonly where: string;
  /** Whether the payment carries it. */
  readonly sent: boolean;
}

/** What people read of an offer. A payment of version 2 carries the resource; one of version 1 carries none of it. */
function textsOf(offerText: string): readonly OfferText[] {
  let offer: unknown;
  try {
    offer = JSON.parse(offerText);
  } catch {
    return [];
  }
  const { x402Version, resource, accepts, error, reason } = (offer ?? {}) as Record<string, unknown>;
  const sent = x402Version !== 1;
  const entries = Array.isArray(accepts) ? accepts.slice(0, 32) : [];
  const texts: OfferText[] = [];
  const add = (text: unknown, place: Place, where: string, sent: boolean): void => {
    if (typeof text === "string") texts.push({ text, place, where, sent });
  };
  const member = (value: unknown, name: string): unknown =>
    typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  add(member(resource, "description"), "description", "the offer's `resource.description`", sent);
  for (const [index, entry] of entries.entries()) {
    add(member(entry, "description"), "description", `the offer's \`accepts[${index}].description\``, sent);
    add(member(entry, "reason"), "reason", `the offer's \`accepts[${index}].reason\``, sent);
  }
  add(error, "reason", "the offer's `error`", false);
  add(reason, "reason", "the offer's `reason`", false);
  return texts;
}

/** A header holds bytes: what was written over is ASCII, and the rest of it was a header before. */
function latin1(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?");
}
