/** The package in edge functions (the `edge-light` condition, as on Vercel): they want to be told that it is a module. */

import * as bindings from "./core/generated/bindings.js";
import module from "./core/generated/core.wasm?module";
import { start, useCore } from "./core/load.ts";

useCore(() => start(bindings, module));

export * from "./api.ts";
