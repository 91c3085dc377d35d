/** Secrets stand where the policy says, `env:NAME` or `file:PATH`, and nowhere else: not in its text, hash or errors. */

import { builtin } from "../builtin.ts";
import { WardenUnavailable } from "../errors.ts";

/** Gives the secret that a reference stands for. For a runtime with neither files nor an environment, one of your own. */
export type SecretSource = (reference: string) => string | Uint8Array | undefined;

/** The secret of a reference, in bytes. A line feed at the end of a file is none of it. Throws `WardenUnavailable`. */
export function readSecret(reference: string, source: SecretSource = fromHost): Uint8Array {
  let found: string | Uint8Array | undefined;
  try {
    found = source(reference);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WardenUnavailable("no_secret", `the secret \`${reference}\` can't be read: ${why}`, cause);
  }
  if (found === undefined || found.length === 0) {
    throw new WardenUnavailable("no_secret", `there is no secret under \`${reference}\`, which the policy names`);
  }
  return typeof found === "string" ? new TextEncoder().encode(found.replace(/\r?\n$/, "")) : found;
}

function fromHost(reference: string): string | undefined {
  const [, kind, place = ""] = /^(env|file):(.+)$/s.exec(reference) ?? [];
  if (kind === "env") {
    const host = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return host.process?.env?.[place];
  }
  const files = builtin("node:fs") as { readFileSync(path: string, encoding: "utf8"): string } | undefined;
  return kind === "file" ? files?.readFileSync(place, "utf8") : undefined;
}
