// Writes src/privacy/seed/english.rs, the English words of BIP-39 in a compact form: `node pkg-scripts/bip39.mjs`.
// The list is that of bitcoin/bips (BIP-39, MIT), as @scure/bip39 ships it, which viem brings.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { nodeModules, root } from "./lib/paths.mjs";

const BLOCK = 16;

const require = createRequire(join(nodeModules, "_.js"));
const { wordlist } = require("@scure/bip39/wordlists/english");
const words = Array.isArray(wordlist) ? wordlist : wordlist.split("\n");
if (words.length !== 2048) throw new Error(`the list has ${words.length} words, and not 2048`);

const shared = (a, b) => [...a].findIndex((letter, place) => letter !== b[place]);
const blocks = [];
for (let first = 0; first < words.length; first += BLOCK) {
  let before = "";
  let line = "";
  for (const word of words.slice(first, first + BLOCK)) {
    const same = before === "" ? 0 : shared(`${word}#`, before);
    line += `${same}${word.slice(same)}`;
    before = word;
  }
  blocks.push(`    b"${line}",`);
}

writeFileSync(
  join(root, "src/privacy/seed/english.rs"),
  `//! The 2048 English words of BIP-39 in order, sixteen a block: a digit says how many letters a word shares with the one
//! before it, and its other letters follow.
//!
//! Made by \`node pkg-scripts/bip39.mjs\` from the list of bitcoin/bips (BIP-39, MIT), as @scure/bip39 ships it.

#[rustfmt::skip]
pub(super) const BLOCKS: [&[u8]; ${blocks.length}] = [
${blocks.join("\n")}
];
`,
);
