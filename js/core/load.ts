/**
 * The core, ready to call. Loading is synchronous, because a decision is: the module stands in the package as base64,
 * so there is no file to find, nothing to fetch, and no bundler to configure. It costs some milliseconds, once.
 */

import * as bindings from "./generated/bindings.js";
import { coreBase64 } from "./generated/bytes.js";

export type { Engine } from "./generated/bindings.js";

/** What the core exports. */
export type Core = Omit<typeof bindings, "default" | "initSync">;

let loaded = false;

/**
 * The core's functions. The first call loads the module; later ones cost nothing.
 *
 * @throws {Error} where the platform forbids compiling WebAssembly, as a page's content security policy may
 */
export function loadCore(): Core {
  if (loaded) return bindings;
  try {
    bindings.initSync({ module: decode(coreBase64) });
  } catch (error) {
    throw new Error(
      `the core could not be loaded: ${error instanceof Error ? error.message : String(error)}; ` +
        "a page needs `script-src 'wasm-unsafe-eval'` in its content security policy",
      { cause: error },
    );
  }
  loaded = true;
  return bindings;
}

/** By the quickest way that the platform has: the usual `Uint8Array.from(atob(…), …)` takes 30 ms where these take one. */
function decode(base64: string): Uint8Array<ArrayBuffer> {
  const builtIn = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (typeof builtIn === "function") return builtIn.call(Uint8Array, base64);
  if (typeof Buffer === "function") return Buffer.from(base64, "base64");
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
