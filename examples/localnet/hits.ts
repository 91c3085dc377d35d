// Counting what a seller's routes have seen; both sellers do it the same way.

export interface Hits {
  /** Requests that came in, paid or not. */
  readonly asked: number;
  /** Requests that reached the route behind the payment. */
  readonly served: number;
}

export interface HitCounter {
  add(what: keyof Hits, route: string): void;
  /** Zeroes for a route that was never asked. A copy: it does not change with later requests. */
  read(route: string): Hits;
}

/** A counter by route, such as `GET /weather`. */
export function countHits(): HitCounter {
  const byRoute = new Map<string, Hits>();
  const read = (route: string): Hits => byRoute.get(route) ?? { asked: 0, served: 0 };
  return {
    read,
    add(what, route) {
      const hits = read(route);
      byRoute.set(route, { ...hits, [what]: hits[what] + 1 });
    },
  };
}
