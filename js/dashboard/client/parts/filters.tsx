/** Search, selects and exports above a table. What is chosen stands in the address: it can be kept, and sent to others. */

import type { ComponentChildren } from "preact";
import { csv, type Field } from "../../../service/csv.ts";
import { go, route } from "../lib/at.ts";

/** Changes a part of the address's query, and leaves the history as it is. */
export function ask(name: string, value: string): void {
  go(route.value.path, { ...route.value.query, [name]: value }, { replace: true });
}

export const asked = (name: string): string => route.value.query[name] ?? "";

interface SearchProps {
  readonly label: string;
  readonly hint: string;
}

export function Search({ label, hint }: SearchProps) {
  return (
    <label>
      {label}
      <input
        type="search"
        placeholder={hint}
        value={asked("q")}
        onInput={(event) => ask("q", event.currentTarget.value)}
        spellcheck={false}
      />
    </label>
  );
}

interface SelectProps {
  readonly label: string;
  readonly name: string;
  /** What is asked for, and its words; the first one is asked for by an empty text. */
  readonly options: readonly (readonly [value: string, words: string])[];
}

export function Select({ label, name, options }: SelectProps) {
  return (
    <label>
      {label}
      <select value={asked(name)} onChange={(event) => ask(name, event.currentTarget.value)}>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Filters({ children }: { children: ComponentChildren }) {
  return (
    <search class="filters" aria-label="Filters and export">
      {children}
    </search>
  );
}

interface ExportProps<Row> {
  readonly name: string;
  /** The rows to be exported: those that are shown, unless more can be asked for. */
  readonly rows: () => Promise<readonly Row[]> | readonly Row[];
  readonly fields: readonly Field<Row>[];
}

export function Export<Row>({ name, rows, fields }: ExportProps<Row>) {
  const save = async (kind: "csv" | "json"): Promise<void> => {
    const all = await rows();
    const text = kind === "csv" ? csv(all, fields) : `${JSON.stringify(all, undefined, 2)}\n`;
    const type = kind === "csv" ? "text/csv;charset=utf-8" : "application/json";
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `tollwarden-${name}-${new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, "-")}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return (
    <div class="actions">
      <button type="button" onClick={() => void save("csv")}>
        CSV<span class="unseen"> of {name}</span>
      </button>
      <button type="button" onClick={() => void save("json")}>
        JSON<span class="unseen"> of {name}</span>
      </button>
    </div>
  );
}
