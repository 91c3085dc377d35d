/** The command line's core is the module with the tools: one module does for all commands. */

import { useCore } from "../core/load.ts";
import { loadTools } from "../core/tools.ts";

useCore(loadTools);

export { loadTools };
