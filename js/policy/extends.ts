/**
 * A policy that stands on others: `extends = "company.toml"`, or a list, each path relative to the file that names it.
 * The core puts them together (`src/policy/merge.rs` says how); this file finds them. Only files can name files.
 */

import { loadCore } from "../core/load.ts";
import { findMerge } from "../core/merge.ts";
import type { PolicyError } from "../core/types.ts";
import { PolicyInvalid } from "../errors.ts";
import { withZones } from "./zones.ts";

/** So many files may stand on one another. */
const DEPTH = 8;

/** Where policies are found. */
export interface PolicyFiles {
  /** A file as JSON text, whatever it is written in. Throws `PolicyInvalid`. */
  read(path: string): string;
  /** A path relative to the folder of another file. */
  beside(file: string, path: string): string;
  /** The one name of a file, whatever links lead to it. */
  real(path: string): string;
}

export interface WholePolicy {
  /** JSON text, without `extends`. */
  readonly json: string;
  /** Every file that it was read from, the first one first. */
  readonly files: readonly string[];
}

/** A policy with all that it stands on, and with the tables of its time zones. */
export function wholePolicy(path: string, files: PolicyFiles, below: readonly string[] = []): WholePolicy {
  const json = files.read(path);
  const wanted = extended(json);
  if (wanted === undefined) return { json: withZones(json, path), files: [path] };

  const trail = [...below, files.real(path)];
  const bases = wanted.bases.map((base) => {
    const next = files.beside(path, base);
    if (trail.includes(files.real(next))) throw refused(path, `\`${base}\` stands on this file itself`);
    if (trail.length >= DEPTH) throw refused(path, `more than ${DEPTH} files stand on one another`);
    return { name: next, ...wholePolicy(next, files, trail) };
  });
  const own = { name: path, json: withZones(wanted.rest, path), files: [path] };
  // The later ones stand on the earlier ones, and this file on all of them.
  const merged = [...bases, own].reduce((base, child) => ({
    name: `${base.name}, ${child.name}`,
    json: merge(base, child, path),
    files: [...base.files, ...child.files],
  }));
  return { json: merged.json, files: [path, ...new Set(merged.files.filter((file) => file !== path))] };
}

/** The files that a policy names, and the policy without their names; nothing if it names none. */
function extended(json: string): { readonly bases: readonly string[]; readonly rest: string } | undefined {
  // What is not good JSON goes on as it is: the core says what is wrong with it.
  if (!json.includes('"extends"') || loadCore().jsonError(json) !== undefined) return undefined;
  const document: unknown = JSON.parse(json);
  if (typeof document !== "object" || document === null || !("extends" in document)) return undefined;
  const { extends: named, ...rest } = document;
  const bases: readonly unknown[] = Array.isArray(named) ? named : [named];
  const good = bases.filter((base): base is string => typeof base === "string" && base !== "");
  if (good.length !== bases.length) return undefined;
  return { bases: good, rest: JSON.stringify(rest) };
}

interface Part {
  readonly name: string;
  readonly json: string;
}

function merge(base: Part, child: Part, source: string): string {
  const put = findMerge();
  if (put === undefined)
    throw refused(source, "`extends` needs a part that is not here; import `tollwarden/tools` too");
  const text = put(base.json, child.json, base.name, child.name);
  const answer = JSON.parse(text) as { readonly document?: object; readonly errors?: readonly PolicyError[] };
  if (answer.document === undefined) {
    throw new PolicyInvalid(source, answer.errors ?? [{ path: "extends", message: "it can't be put together" }]);
  }
  return JSON.stringify(answer.document);
}

function refused(source: string, message: string): PolicyInvalid {
  return new PolicyInvalid(source, [{ path: "extends", message }]);
}
