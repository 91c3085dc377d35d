/** Rate limits: a bucket of tokens for each key, in this process's memory. */

export interface Rate {
  /** Requests a second, in the long run. */
  readonly perSecond: number;
  /** So many at once. */
  readonly burst: number;
}

export interface Limiter {
  /** Takes a token; or gives the seconds until there is one. */
  take(key: string): number | undefined;
}

/** Beyond it, all buckets are forgotten: each is full again. */
const MOST = 10_000;

export function rateLimiter({ perSecond, burst }: Rate, now: () => number): Limiter {
  if (!(perSecond > 0) || !(burst >= 1)) throw new RangeError("a rate is above 0 a second, and its burst at least 1");
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(key) {
      const at = now();
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        if (buckets.size >= MOST) buckets.clear();
        bucket = { tokens: burst, at };
        buckets.set(key, bucket);
      }
      // A clock that is set back adds nothing.
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(at - bucket.at, 0) / 1_000) * perSecond);
      bucket.at = at;
      if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond;
      bucket.tokens -= 1;
      return undefined;
    },
  };
}
