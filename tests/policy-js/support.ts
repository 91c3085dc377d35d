/** Files of policies in a folder of their own, and what a refused policy says. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PolicyInvalid } from "../../js/errors.ts";

/** A folder with these files, which goes away afterwards. */
export async function inFolder(
  files: Readonly<Record<string, string>>,
  work: (folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tollwarden-policy-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each error of a policy that is refused, a line each. */
export function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof PolicyInvalid, String(error));
    assert.equal(error.code, "policy_invalid");
    return error.errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("\n");
  }
  return assert.fail("it was taken");
}
