/** The route that is shown, and going elsewhere. */

import { signal } from "@preact/signals";
import { hrefOf, parseRoute, type Route } from "./route.ts";

export const route = signal<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

interface GoOptions {
  /** In the place of the present one, so that *back* leads past it. */
  readonly replace?: boolean;
}

export function go(
  path: readonly string[],
  query: Readonly<Record<string, string>> = {},
  options: GoOptions = {},
): void {
  const href = hrefOf(path, query);
  if (options.replace !== true) {
    location.hash = href;
    return;
  }
  history.replaceState(null, "", href);
  route.value = parseRoute(href);
}
