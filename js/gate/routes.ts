/**
 * Which route a request is for. Paths are compared as lenient routers do (case, doubled and trailing slashes, escapes), and
 * as servers of files do (escaped slashes, dot segments): a spelling that a framework serves, and the gate does not know,
 * would be given away.
 */

import type { Pricing } from "./price.ts";
import type { PayWay } from "./requirements.ts";

export interface GateRoute extends Pricing {
  readonly pay: PayWay | readonly PayWay[];
  readonly description?: string;
  readonly mimeType?: string;
  /**
   * When the money is taken. `after` (the default): when the whole answer is there, so that nobody pays for an error.
   * `stream`: when the answer's status and headers are there, so that its body can be streamed; what breaks off then is
   * owed back. `before`: before the handler runs, for work that costs more than it can lose; what fails then is owed back.
   */
  readonly take?: "after" | "stream" | "before";
  /** Calls that a client with an API key has for nothing. */
  readonly free?: FreeTier;
  /** How long the handler may take until its status, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** The most bytes of a body, asked and answered. Default 1 MiB and 10 MiB. */
  readonly maxRequestBytes?: number;
  readonly maxResponseBytes?: number;
}

export interface FreeTier {
  readonly calls: number;
  /** In UTC. */
  readonly per: "day" | "month";
}

/** By method and path, such as `GET /weather`, `/api/*` or `POST /jobs/:id`. */
export type GateRoutes = Readonly<Record<string, GateRoute>>;

export interface Route extends GateRoute {
  readonly name: string;
  readonly ways: readonly PayWay[];
}

/** The route, and the request's path in the route's own spelling: so that budgets count each spelling as one. */
export interface Found {
  readonly route: Route;
  readonly path: string;
  /** The path names it segment by segment. Otherwise only whoever resolves what is escaped or dotted in it gets there. */
  readonly plain: boolean;
}

/** `ambiguous`: it is one route or another one, depending on who reads it. */
export type FindRoute = (method: string, path: string) => Found | "ambiguous" | undefined;

/** The first route that matches, in the order in which they are given. */
export function routeFinder(routes: GateRoutes): FindRoute {
  const compiled = Object.entries(routes).map(([name, route]) => {
    const found = /^(?:([A-Z]+) )?(\/\S*)$/.exec(name);
    if (found === null) throw new TypeError(`\`${name}\` is no route, such as \`GET /weather\``);
    const ways = [route.pay].flat();
    if (ways.length === 0) throw new TypeError(`the route \`${name}\` has no way to pay`);
    const path = found[2] ?? "/";
    const written = path.split("/").filter((segment) => segment !== "");
    return { method: found[1], segments: segmentsOf(path), written, route: { ...route, name, ways } };
  });
  for (const [place, { method, segments, route }] of compiled.entries()) {
    const before = compiled.slice(0, place);
    const same = before.find((one) => (one.method ?? method) === method && samePattern(one.segments, segments));
    if (same === undefined) continue;
    throw new TypeError(
      `\`${route.name}\` would never be sold: \`${same.route.name}\` stands before it, and is the same`,
    );
  }
  const find = (method: string, segments: readonly string[]) => {
    // A HEAD is answered by what answers a GET.
    const asked = method === "HEAD" ? "GET" : method;
    const match = compiled.find(
      (one) => (one.method === undefined || one.method === asked) && matches(one.segments, segments),
    );
    return match === undefined ? undefined : { route: match.route, path: spelledAs(match.written, segments) };
  };
  return (method, path) => {
    const plain = find(method, segmentsOf(path));
    let found: Found | undefined = plain === undefined ? undefined : { ...plain, plain: true };
    for (const reading of otherReadings(path)) {
      const other = find(method, reading);
      if (other === undefined) continue;
      if (found !== undefined && found.route !== other.route) return "ambiguous";
      found ??= { ...other, plain: false };
    }
    return found;
  };
}

/** Fixed segments as the route writes them, the others as they were asked for. */
function spelledAs(written: readonly string[], asked: readonly string[]): string {
  const spelled = asked.map((segment, place) => {
    const own = written[place];
    return own === undefined || own === "*" || own.startsWith(":") ? encodeURIComponent(segment) : own;
  });
  return `/${spelled.join("/")}`;
}

/** A path as budgets know it, where no route says how it is written. */
export function plainPath(path: string): string {
  return spelledAs([], segmentsOf(path));
}

/** Lower case, unescaped once, without empty segments. */
function segmentsOf(path: string): readonly string[] {
  return path
    .split(/[/\\]/)
    .map((segment) => {
      try {
        return decodeURIComponent(segment).toLowerCase();
      } catch {
        return segment.toLowerCase();
      }
    })
    .filter(named);
}

function named(segment: string): boolean {
  return segment !== "" && segment !== ".";
}

/**
 * What the same path is to others: to a router that ends it at a semicolon (Fastify 4), to who resolves dot segments before
 * escapes are undone (`new URL`), and to who does so afterwards (`express.static`).
 */
function otherReadings(path: string): readonly (readonly string[])[] {
  if (!/[;%]|(^|[/\\])\.\.([/\\]|$)/.test(path)) return [];
  const segments = segmentsOf(path);
  const undone = segments.flatMap((segment) => segment.split(/[/\\]/)).filter(named);
  return [segmentsOf(path.split(";")[0] ?? ""), resolved(segments), resolved(undone)];
}

function resolved(segments: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  return kept;
}

/** Whether two patterns match the same paths. A last `*` is any rest. */
function samePattern(one: readonly string[], other: readonly string[]): boolean {
  const plain = (pattern: readonly string[]): readonly string[] =>
    pattern.map((segment, place) =>
      segment.startsWith(":") || (segment === "*" && place < pattern.length - 1) ? ":" : segment,
    );
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const rest = pattern.at(-1) === "*";
  const fixed = rest ? pattern.slice(0, -1) : pattern;
  if (rest ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((segment, place) => segment === "*" || segment.startsWith(":") || segment === path[place]);
}
