/** A few figures in a row, each a way to the view that tells more. */

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly href?: string;
  readonly tone?: "bad" | "ask" | "odd" | undefined;
}

export function Figures({ list, label }: { list: readonly Figure[]; label: string }) {
  return (
    <ul class="figures" aria-label={label}>
      {list.map(({ name, value, href, tone = "" }) => {
        const inside = (
          <>
            <b>{value}</b>
            <span class="name">{name}</span>
          </>
        );
        return (
          <li key={name} class={tone}>
            {href === undefined ? <div>{inside}</div> : <a href={href}>{inside}</a>}
          </li>
        );
      })}
    </ul>
  );
}
