/** Finding the endpoint of a request. */

import { type Endpoint, SPEC } from "./spec.ts";

export interface Found {
  readonly endpoint: Endpoint;
  readonly path: Readonly<Record<string, string>>;
}

const exact = new Map<string, Endpoint>();
const withParts: { readonly method: string; readonly parts: readonly string[]; readonly endpoint: Endpoint }[] = [];
for (const endpoint of Object.keys(SPEC) as Endpoint[]) {
  const [method = "", path = ""] = endpoint.split(" ");
  if (path.includes("{")) withParts.push({ method, parts: path.split("/"), endpoint });
  else exact.set(endpoint, endpoint);
}

/** The endpoint; the methods that the path has, where it is another; or nothing. */
export function route(method: string, path: string): Found | { readonly methods: readonly string[] } | undefined {
  const known = exact.get(`${method} ${path}`);
  if (known !== undefined) return { endpoint: known, path: {} };
  const parts = path.split("/");
  const methods = new Set<string>();
  for (const one of exact.keys()) if (one.endsWith(` ${path}`)) methods.add(one.split(" ")[0] ?? "");
  for (const one of withParts) {
    const found = matched(one.parts, parts);
    if (found === undefined) continue;
    if (one.method === method) return { endpoint: one.endpoint, path: found };
    methods.add(one.method);
  }
  return methods.size === 0 ? undefined : { methods: [...methods] };
}

function matched(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const found: Record<string, string> = {};
  for (const [place, word] of pattern.entries()) {
    const part = parts[place] ?? "";
    if (!word.startsWith("{")) {
      if (word !== part) return undefined;
      continue;
    }
    try {
      found[word.slice(1, -1)] = decodeURIComponent(part);
    } catch {
      return undefined;
    }
  }
  return found;
}
