/** Putting policies together takes the second module. It is loaded by the first policy that stands on another. */

/** Both policies as JSON, and the names of their files; gives `{"document"}` or `{"errors"}` as JSON. */
export type Merge = (base: string, child: string, baseName: string, childName: string) => string;

let merge: Merge | undefined;

export function mergeWith(given: Merge): void {
  merge = given;
}

/**
 * The merging of policies; nothing where the second module can't be found, as in a bundle that doesn't hold it.
 *
 * It is required, not imported: no bundler follows, so what never reads such a policy never carries the module, and the
 * reading stays synchronous.
 */
export function findMerge(): Merge | undefined {
  if (merge !== undefined) return merge;
  try {
    const nodeModule = globalThis.process.getBuiltinModule("node:module");
    nodeModule.createRequire(import.meta.url)(`./tools.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`);
  } catch {
    // No Node, or the file is not beside this one.
  }
  return merge;
}
