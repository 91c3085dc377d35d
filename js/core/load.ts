/**
 * The core, ready to call. Which module it is made from differs by entry of the package: `tollwarden` has it inlined, in
 * Workers it is a file of its own, and whoever imports `tollwarden/slim` brings it. Loading is synchronous, because a
 * decision is; it costs some milliseconds, at the first call.
 */

import type * as bindings from "./generated/bindings.js";

export type { Engine } from "./generated/bindings.js";

/** What the core exports. */
export type Core = Omit<typeof bindings, "default" | "initSync" | "__wbg_reset_state">;

/** A module, compiled or in bytes. */
export type CoreModule = WebAssembly.Module | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

let opener: (() => Core) | undefined;
let core: Core | undefined;

/** Says where the core comes from. The first one that is named stays: one core, one ledger. */
export function useCore(open: () => Core): void {
  opener ??= open;
}

/**
 * The core's functions. The first call loads the module; later ones cost nothing.
 *
 * @throws {Error} where no module was named, or the platform forbids compiling it, as a page's content security policy may
 */
export function loadCore(): Core {
  if (core !== undefined) return core;
  if (opener === undefined) {
    throw new Error("no core is loaded; import `tollwarden`, or call `load(module)` of `tollwarden/slim` first");
  }
  core = opener();
  return core;
}

interface Bindings<C> {
  initSync(options: { module: BufferSource | WebAssembly.Module }): unknown;
  readonly core?: C;
}

/** Starts a module through its bindings, and gives these. */
export function start<B extends Bindings<unknown>>(bound: B, module: CoreModule): B {
  try {
    bound.initSync({ module });
  } catch (error) {
    throw new Error(
      `the core could not be loaded: ${error instanceof Error ? error.message : String(error)}; ` +
        "a page needs `script-src 'wasm-unsafe-eval'` in its content security policy",
      { cause: error },
    );
  }
  return bound;
}
