/** Text that a stranger wrote, harmless: nothing in it is markup, hidden, or turns the direction of what stands beside it. */

import { pieces, visible } from "../../../service/visible.ts";
import { shortened } from "../lib/text.ts";

interface ForeignProps {
  readonly text: string;
  readonly mono?: boolean;
  /** Cuts what is longer; the whole is in the details. */
  readonly most?: number;
}

export function Foreign({ text, mono = false, most = 2_000 }: ForeignProps) {
  const letters = [...text];
  const shown = letters.length > most ? letters.slice(0, most).join("") : text;
  return (
    <bdi class={mono ? "foreign mono" : "foreign"}>
      {pieces(shown).map((piece, at) =>
        piece.hidden ? (
          <span key={at} class="written-out">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
      {shown !== text && <span class="dim"> … ({letters.length} characters)</span>}
    </bdi>
  );
}

/** An address, a hash, an id: both ends of it, and the whole of it for whoever points at it or copies. */
export function Long({ text, head = 10, tail = 6 }: { text: string; head?: number; tail?: number }) {
  const short = shortened(text, head, tail);
  return (
    <span class="mono" title={short === text ? undefined : visible(text)}>
      <Foreign text={short} />
    </span>
  );
}
