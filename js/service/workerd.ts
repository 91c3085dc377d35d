/** The decision service in Cloudflare Workers, where the module is imported. */

import * as bindings from "../core/generated/bindings.js";
import module from "../core/generated/core.wasm";
import { start, useCore } from "../core/load.ts";

useCore(() => start(bindings, module));

export * from "./exports.ts";
