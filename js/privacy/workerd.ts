/** The detectors in Cloudflare Workers: they compile no bytes at run time, so the module is imported, and the bundler takes it along. */

import * as bindings from "../core/generated/privacy/bindings.js";
import module from "../core/generated/privacy/privacy.wasm";
import { start } from "../core/load.ts";
import { useScreens } from "../core/screens.ts";
import { screensOf } from "./screening.ts";

useScreens(() => screensOf(start(bindings, module)));

export * from "./recogniser.ts";
