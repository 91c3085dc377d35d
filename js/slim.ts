/**
 * The package without the core's module, for those who load it themselves:
 *
 * ```ts
 * import { load, openWarden } from "tollwarden/slim";
 * load(await WebAssembly.compileStreaming(fetch("/core.wasm"))); // the file `tollwarden/core.wasm`
 * ```
 */

import * as bindings from "./core/generated/bindings.js";
import { type CoreModule, loadCore, start, useCore } from "./core/load.ts";
import "./stores/default.ts";

export * from "./api.ts";
export type { CoreModule };

/** Loads the core from its module, compiled or in bytes. Once is enough; a second call changes nothing. */
export function load(module: CoreModule): void {
  useCore(() => start(bindings, module));
  loadCore();
}
