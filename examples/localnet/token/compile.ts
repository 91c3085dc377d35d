// Compiles the contracts of this folder and keeps the result, so that nobody needs the compiler to run the local
// chain. Run it after a change to a .sol file:
//
//   node examples/localnet/token/compile.ts           write token.artifact.json
//   node examples/localnet/token/compile.ts --check   compile and compare, write nothing; exit status 1 if stale
//
// The artifact's shape is `Artifact`. What is kept is the *runtime* code: the chain places it by `anvil_setCode`,
// and nothing here has a constructor.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** `token.artifact.json`. */
export interface Artifact {
  /** The compiler's full version, such as `0.8.30+commit.73712a01.Emscripten.clang`. */
  readonly compiler: string;
  /** sha256 of every source that went in, by file name: a test compares it with the files. */
  readonly sources: Readonly<Record<string, string>>;
  /** By contract name. `abi` is the compiler's own. */
  readonly contracts: Readonly<
    Record<string, { readonly abi: readonly object[]; readonly runtimeCode: `0x${string}` }>
  >;
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly abi: readonly object[];
            readonly evm: {
              readonly deployedBytecode: { readonly object: string; readonly immutableReferences: object };
            };
          }
        >
      >
    >
  >;
}

/** The only two functions of the `solc` package that are used; it ships no types. */
interface Solc {
  version(): string;
  compile(input: string): string;
}

const here = new URL("./", import.meta.url);
const artifactFile = new URL("token.artifact.json", here);

/** sha256 of each .sol file in this folder, as hex. */
export function hashSources(): Record<string, string> {
  return Object.fromEntries(
    solFiles().map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(new URL(file, here)))
        .digest("hex"),
    ]),
  );
}

function solFiles(): string[] {
  return readdirSync(here)
    .filter((file) => file.endsWith(".sol"))
    .sort();
}

function compile(): Artifact {
  // Loaded here: it takes half a second, and whoever only imports `hashSources` should not pay for it.
  const solc = createRequire(import.meta.url)("solc") as Solc;
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(
      solFiles().map((file) => [file, { content: readFileSync(new URL(file, here), "utf8") }]),
    ),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      viaIR: true,
      // No metadata hash at the end of the code: the same source gives the same bytes on every machine.
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: {
        "*": { "*": ["abi", "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"] },
      },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as SolcOutput;
  for (const error of output.errors ?? []) {
    console.error(error.formattedMessage);
    if (error.severity === "error") process.exit(1);
  }
  const contracts: Record<string, { abi: readonly object[]; runtimeCode: `0x${string}` }> = {};
  for (const byName of Object.values(output.contracts ?? {})) {
    for (const [name, contract] of Object.entries(byName)) {
      const { object, immutableReferences } = contract.evm.deployedBytecode;
      // Interfaces have no code.
      if (object === "") continue;
      if (Object.keys(immutableReferences ?? {}).length > 0) {
        console.error(`contract \`${name}\` has immutables: its runtime code would not work where it is placed`);
        process.exit(1);
      }
      contracts[name] = { abi: contract.abi, runtimeCode: `0x${object}` };
    }
  }
  return { compiler: solc.version(), sources: hashSources(), contracts };
}

if (import.meta.main) {
  const text = `${JSON.stringify(compile(), null, 2)}\n`;
  if (!process.argv.includes("--check")) {
    writeFileSync(artifactFile, text);
    console.log(`wrote ${fileURLToPath(artifactFile)} (${text.length} bytes)`);
  } else if (readFileSync(artifactFile, "utf8") === text) {
    console.log("token.artifact.json is what the sources compile to");
  } else {
    console.error("token.artifact.json is stale: run `node examples/localnet/token/compile.ts`");
    process.exit(1);
  }
}
