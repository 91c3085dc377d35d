/** The core from the package itself: no file to find, nothing to fetch, and no bundler to configure. */

import { decodeBase64 } from "./base64.ts";
import * as bindings from "./generated/bindings.js";
import { packed, size } from "./generated/bytes.js";
import { unpack } from "./inflate.ts";
import { start, useCore } from "./load.ts";

export { type Engine, loadCore } from "./load.ts";

useCore(() => start(bindings, unpack(decodeBase64(packed), size)));
