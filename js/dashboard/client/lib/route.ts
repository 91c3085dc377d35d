/** Where one is: `#/agents/NAME?q=text`. In the address's fragment, so that it never reaches a server or its log. */

export interface Route {
  /** `agents`, `NAME`. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Whoever made the address up: what can't be read stands for the first view. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = splitOnce(hash.replace(/^#\/?/, ""), "?");
  try {
    return {
      path: path === "" ? [] : path.split("/").map(decodeURIComponent),
      query: Object.fromEntries(new URLSearchParams(query)),
    };
  } catch {
    return { path: [], query: {} };
  }
}

export function hrefOf(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const entries = Object.entries(query).filter(([, value]) => value !== "");
  const asked = entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
  return `#/${path.map(encodeURIComponent).join("/")}${asked}`;
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
