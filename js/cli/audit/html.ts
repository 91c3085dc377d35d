/** A page that stands alone: no script, no font, no picture from anywhere else. Charts are SVG, light and dark. */

/** Text that may hold anything a stranger wrote. */
export function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return visible(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** Control characters, bidirectional overrides and the like are shown, not obeyed. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --dim: #5b6675; --line: #d5dbe3; --paper: #fff; --zebra: #f5f7fa;
  --was: #8794a6; --now: #2f6fd0; --bad: #b3261e; --good: #1c7c43; }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e9f0; --dim: #9aa6b6; --line: #364152; --paper: #141a22;
  --zebra: #1b232e; --was: #6d7b8f; --now: #6aa5ff; --bad: #ff8a80; --good: #6fd39a; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper) }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem }
p { max-width: 46rem } .dim { color: var(--dim) } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600 } tbody tr:nth-child(even) { background: var(--zebra) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; list-style: none }
.cards li { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; min-width: 9rem }
.cards b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif } svg text { fill: var(--ink) }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .3em 0 .8em }
@media print { body { max-width: none; padding: 0 } }
`;

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<body>
${body}
</body>
</html>
`;
}

export interface Column {
  readonly name: string;
  readonly number?: boolean;
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[], caption: string): string {
  if (rows.length === 0) return '<p class="dim">None.</p>';
  const kind = (index: number): string => (columns[index]?.number === true ? ' class="n"' : "");
  const head = columns.map(({ name }, index) => `<th scope="col"${kind(index)}>${escaped(name)}</th>`).join("");
  const body = rows
    .map((row) => `<tr>${row.map((cell, index) => `<td${kind(index)}>${escaped(cell)}</td>`).join("")}</tr>`)
    .join("\n");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
}

export function cards(figures: readonly (readonly [string, string])[]): string {
  return `<ul class="cards">${figures
    .map(([value, name]) => `<li><b>${escaped(value)}</b>${escaped(name)}</li>`)
    .join("")}</ul>`;
}

/** One bar, or two beside each other, for each name. The lengths are for the eye; the figures stand beside them. */
export function bars(
  rows: readonly { readonly name: string; readonly values: readonly string[] }[],
  series: readonly string[],
  caption: string,
): string {
  if (rows.length === 0) return '<p class="dim">Nothing to show.</p>';
  const colours = series.length === 1 ? ["var(--now)"] : ["var(--was)", "var(--now)"];
  const most = Math.max(...rows.flatMap(({ values }) => values.map(Number)), Number.MIN_VALUE);
  const [left, width, thick] = [230, 620, series.length === 1 ? 18 : 13];
  const step = thick * series.length + 12;
  const drawn = rows.map(({ name, values }, row) => {
    const top = row * step + 4;
    const label = name.length > 34 ? `${name.slice(0, 33)}…` : name;
    const each = values.map((value, index) => {
      const length = Math.max(1, (Number(value) / most) * width);
      const at = top + index * thick;
      return `<rect x="${left}" y="${at}" width="${length.toFixed(1)}" height="${thick - 2}" rx="2" fill="${colours[index]}"/>
<text x="${(left + length + 6).toFixed(1)}" y="${at + thick - 4}">${escaped(value)}</text>`;
    });
    return `<text x="${left - 8}" y="${top + (thick * series.length) / 2 + 3}" text-anchor="end">${escaped(label)}</text>
${each.join("\n")}`;
  });
  const legend =
    series.length === 1
      ? ""
      : `<p class="dim">${series.map((name, index) => `<span class="key" style="background:${colours[index]}"></span>${escaped(name)}`).join("")}</p>`;
  return `${legend}<svg viewBox="0 0 980 ${rows.length * step + 8}" role="img" aria-label="${escaped(caption)}">
${drawn.join("\n")}
</svg>`;
}
