/** Headers of answers that somebody paid for: no shared cache may keep them, and no proxy may merge them. */

/** `Cache-Control` for an answer that one client paid for. What the upstream says of private caches stays. */
export function privateCacheControl(given: string | null | undefined): string {
  const kept = (given ?? "")
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "" && !/^(public|private|s-maxage|proxy-revalidate|stale-|immutable)/.test(part));
  return kept.includes("no-store") ? kept.join(", ") : ["private", ...kept].join(", ");
}

/** Headers by which caches in front are told otherwise. */
export const SHARED_CACHE_HEADERS = ["cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control"] as const;

/** What a cache has to tell apart. */
export const VARY = "PAYMENT-SIGNATURE, X-PAYMENT";

/** Those that a client pays and is known by. They end at the gate. */
export const PAYING_HEADERS = ["payment-signature", "x-payment"] as const;
