// Where things are. Everything that a build leaves behind is in one of these folders, and can be deleted.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Toolchain pieces and stamps. `TOLLWARDEN_CACHE` lets several checkouts share one. */
export const cache = process.env.TOLLWARDEN_CACHE ?? join(root, ".cache");

/** Cargo's folder for the core. */
export const cargoTarget = process.env.CARGO_TARGET_DIR ?? join(root, "target");

/** What the wasm build writes: bindings, module, and the module as base64. */
export const generated = join(root, "js/core/generated");

export const nodeModules = join(root, "node_modules");
