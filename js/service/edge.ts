/** The decision service in edge functions (the `edge-light` condition). */

import * as bindings from "../core/generated/bindings.js";
import module from "../core/generated/core.wasm?module";
import { start, useCore } from "../core/load.ts";

useCore(() => start(bindings, module));

export * from "./exports.ts";
