/** The detectors in edge functions (the `edge-light` condition, as on Vercel): they want to be told that it is a module. */

import * as bindings from "../core/generated/privacy/bindings.js";
import module from "../core/generated/privacy/privacy.wasm?module";
import { start } from "../core/load.ts";
import { useScreens } from "../core/screens.ts";
import { screensOf } from "./screening.ts";

useScreens(() => screensOf(start(bindings, module)));

export * from "./recogniser.ts";
