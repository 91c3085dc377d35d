/** The detectors of personal data from the package itself: no file to find, nothing to fetch, no bundler to configure. */

import { screensOf } from "../privacy/screening.ts";
import { decodeBase64 } from "./base64.ts";
import * as bindings from "./generated/privacy/bindings.js";
import { packed, size } from "./generated/privacy/bytes.js";
import { unpack } from "./inflate.ts";
import { start } from "./load.ts";
import { useScreens } from "./screens.ts";

useScreens(() => screensOf(start(bindings, unpack(decodeBase64(packed), size))));
