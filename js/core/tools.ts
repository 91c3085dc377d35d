/**
 * The second module: the core, and besides what only people ask for (import, lint, explanations, traces, policies that
 * stand on others). It is as large again, so what guards payments does without it.
 */

import { decodeBase64 } from "./base64.ts";
import * as bindings from "./generated/tools/bindings.js";
import { packed, size } from "./generated/tools/bytes.js";
import { unpack } from "./inflate.ts";
import { start } from "./load.ts";
import { mergeWith } from "./merge.ts";

export type { Engine } from "./generated/tools/bindings.js";

/** What the second module exports. */
export type Tools = Omit<typeof bindings, "default" | "initSync" | "__wbg_reset_state">;

let tools: Tools | undefined;

/** The functions of the second module. The first call loads it. */
export function loadTools(): Tools {
  tools ??= start(bindings, unpack(decodeBase64(packed), size));
  return tools;
}

mergeWith((...parts) => loadTools().mergePolicies(...parts));
