/**
 * The decision service, with the core from the package itself:
 *
 * ```ts
 * const service = await createService({ policy: "policy.toml" });
 * const { url } = await serve(service, { port: 8403 });
 * ```
 */

import "../core/inline.ts";
import "../stores/default.ts";
import { useCold } from "./cold-source.ts";

useCold(async () => (await import("./cold.ts")).cold);

export type { ServeOptions, Serving } from "../listen.ts";
export * from "./exports.ts";
export { serve } from "./node.ts";
export { evmSigner } from "./signers.ts";
