/** The package in Cloudflare Workers: they compile no bytes at run time, so the module is imported, and the bundler takes it along. */

import * as bindings from "./core/generated/bindings.js";
import module from "./core/generated/core.wasm";
import { start, useCore } from "./core/load.ts";

useCore(() => start(bindings, module));

export * from "./api.ts";
