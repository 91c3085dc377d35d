/** What looks for personal data on its way out, as whoever opens a warden sees it. */

import type { Place, Recogniser } from "./recogniser.ts";

/** What was found on its way out, and what becomes of it. The values themselves are not told. */
export interface PersonalData {
  readonly place: Place;
  /** The strictest of what becomes of it. */
  readonly action: "warn" | "mask" | "hash" | "redact" | "block";
  readonly entities: readonly string[];
}

export interface PrivacyOptions {
  /** What finds more than the core does. */
  readonly recognisers?: readonly Recogniser[];
  /** What `hash` is keyed with. Default: random bytes, so that hashes can be compared within this process alone. */
  readonly privacyKey?: Uint8Array;
  /** Told of everything that is found, `warn` too. */
  readonly onPersonalData?: (found: PersonalData) => void;
}

export interface Privacy {
  /** The text as it may be shown or written there. */
  clean(place: Place, text: string): Promise<string>;
  /** A fetch whose requests are looked through before the first byte leaves. Throws `PaymentDenied`. */
  guard(inner: typeof fetch): typeof fetch;
  /** Looks through what the seller wrote. Throws `PaymentDenied`. */
  offer(offerText: string): Promise<void>;
}
