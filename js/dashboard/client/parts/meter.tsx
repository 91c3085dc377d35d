/** How much of a budget is gone: spent, then held. The figures stand beside it; this is for the eye. */

import { share } from "../lib/money.ts";

interface MeterProps {
  readonly spent: string;
  readonly held: string;
  readonly limit: string | null | undefined;
}

/** From so many thousandths on it is told by colour, as alerts tell it by words. */
export const NEARLY = 800;

export function Meter({ spent, held, limit }: MeterProps) {
  const gone = share(spent, limit);
  const taken = share(held, limit);
  if (gone === undefined || taken === undefined) return null;
  const both = gone + taken;
  const width = (thousandths: number): string => `${Math.min(thousandths, 1000) / 10}%`;
  return (
    <span class={`meter ${both >= 1000 ? "bad" : both >= NEARLY ? "ask" : ""}`} aria-hidden="true">
      <svg role="presentation">
        <rect class="held" width={width(both)} height="100%" />
        <rect class="spent" width={width(gone)} height="100%" />
      </svg>
    </span>
  );
}
