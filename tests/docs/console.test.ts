// What the pages about the tools show is what the tools print. A block with `file=NAME` is a file, `console` blocks are
// run one after the other among the files so far, and `mend=A→B` changes one text in the files before. To write what is
// printed into the pages: TOLLWARDEN_DOCS=write.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { writeLedger } from "../cli/ledger.ts";
import { tollwarden } from "../cli/support.ts";

const page = (name: string): string => fileURLToPath(new URL(`../../docs/${name}.md`, import.meta.url));

/** What a page needs beside its own files. */
const PREPARED: Readonly<Record<string, (folder: string) => Promise<void>>> = { holds: writeLedger };

for (const name of ["audit", "check", "explain", "holds", "import", "test"]) {
  test(`docs/${name}.md shows what is printed`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollwarden-docs-"));
    try {
      await PREPARED[name]?.(folder);
      symlinkSync(fileURLToPath(new URL("../../examples", import.meta.url)), join(folder, "examples"));
      const text = readFileSync(page(name), "utf8");
      const shown = await filled(text, folder);
      if (process.env.TOLLWARDEN_DOCS === "write") writeFileSync(page(name), shown);
      else assert.equal(text, shown);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function filled(text: string, folder: string): Promise<string> {
  const files = new Map<string, string>();
  const parts = text.split(/^(```[a-z]+(?: [^\n]+)?\n[\s\S]*?^```$)/m);
  for (const [index, part] of parts.entries()) {
    const [, kind = "", info = "", body = ""] = /^```([a-z]+)(?: ([^\n]+))?\n([\s\S]*?)```$/.exec(part) ?? [];
    const file = /^file=(\S+)$/.exec(info)?.[1];
    if (file !== undefined) files.set(file, body);
    const [, before = "", after = ""] = /^mend=(\S+)→(\S+)$/.exec(info) ?? [];
    for (const [path, content] of files) {
      writeFileSync(join(folder, path), before === "" ? content : content.replace(before, after));
    }
    if (kind !== "console") continue;
    const [command = ""] = body.split("\n");
    const { stdout, stderr } = await tollwarden(words(command.replace("$ tollwarden ", "")), { cwd: folder });
    parts[index] = `\`\`\`console${info === "" ? "" : ` ${info}`}\n${command}\n${inThisYear(stdout + stderr)}\`\`\``;
  }
  return parts.join("");
}

/** The words of a command; what stands in quotes is one. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** The ledger of the pages is of a year that is far away (tests/cli/ledger.ts). */
function inThisYear(text: string): string {
  return text.replaceAll("2099-01-05", "2026-01-05");
}
