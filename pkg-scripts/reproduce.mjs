// `npm run reproduce`: is the shipped module what the sources make? Two clean builds, in two folders with other names and other
// target folders, give the same bytes; the hashes are printed. About five minutes on two quiet cores.

import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { attempt } from "./lib/child.mjs";
import { nodeBinary } from "./lib/node24.mjs";
import { cache, root } from "./lib/paths.mjs";
import { main, Stop, say, seconds } from "./lib/report.mjs";

const files = ["core.wasm", "privacy/privacy.wasm", "tools/tools.wasm"];
const wanted = ["Cargo.toml", "Cargo.lock", "src", "pkg-scripts", "package.json", "rustfmt.toml"];

async function built(name) {
  const folder = mkdtempSync(join(tmpdir(), `tollwarden-${name}-`));
  try {
    for (const path of wanted) cpSync(join(root, path), join(folder, path), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const since = Date.now();
    const env = { CARGO_TARGET_DIR: join(folder, "target"), TOLLWARDEN_CACHE: cache };
    const args = ["pkg-scripts/wasm.mjs", "--out", join(folder, "out")];
    const { status, output } = await attempt(nodeBinary, args, { cwd: folder, env });
    if (status !== 0) throw new Stop(`the build in ${folder} failed`, { output });
    say(`${name}: built in ${seconds(since)}`);
    return files.map((file) =>
      createHash("sha256")
        .update(readFileSync(join(folder, "out", file)))
        .digest("hex"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(async () => {
  await bootstrap();
  const [one, other] = [await built("first"), await built("a-second-one-elsewhere")];
  const here = files.map((file) =>
    createHash("sha256")
      .update(readFileSync(join(root, "js/core/generated", file)))
      .digest("hex"),
  );
  const different = [];
  for (const [place, file] of files.entries()) {
    const hashes = new Set([one[place], other[place], here[place]]);
    process.stdout.write(`${[...hashes].join("  ")}  ${file}\n`);
    if (hashes.size > 1) different.push(file);
  }
  if (different.length > 0) throw new Stop(`not reproducible: ${different.join(", ")}`);
});
