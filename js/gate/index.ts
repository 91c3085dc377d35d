/**
 * The seller's side, with the core from the package itself:
 *
 * ```ts
 * const gate = await createGate({ policy: "policy.toml", url: "https://api.example.com", routes, facilitator, schemes });
 * app.use(gate.express());
 * ```
 */

import "../core/inline.ts";
import "../stores/default.ts";

export * from "./api.ts";
