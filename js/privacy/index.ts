/**
 * The detectors of personal data, and recognisers for more. Importing it is enough:
 *
 * ```ts
 * import "tollwarden/privacy";
 * ```
 *
 * In Node, Deno and Bun a policy with a `privacy` section finds them by itself. A bundle holds them if this is imported.
 */

import "../core/privacy.ts";

export * from "./recogniser.ts";
