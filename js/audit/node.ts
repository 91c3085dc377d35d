/** Node's own modules, asked for when a file is touched: what touches none loads in every runtime. */

import { builtin } from "../builtin.ts";

interface Modules {
  readonly "node:crypto": typeof import("node:crypto");
  readonly "node:fs": typeof import("node:fs");
  readonly "node:os": typeof import("node:os");
  readonly "node:path": typeof import("node:path");
}

export function node<Name extends keyof Modules>(name: Name): Modules[Name] {
  const found = builtin(name);
  if (found === undefined) {
    throw new Error(`this runtime has no \`${name}\`, which an audit log in a file needs: use a \`callbackSink\``);
  }
  return found as Modules[Name];
}
