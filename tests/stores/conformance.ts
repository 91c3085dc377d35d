/** The suite that every store passes, under node:test. */

import { describe, it } from "node:test";
import { type Fresh, storeCases } from "../../js/stores/conformance.ts";

export type { Fresh } from "../../js/stores/conformance.ts";

/** `openFresh` is asked once for each case, and gives an empty store each time. */
export function storeConformance(name: string, openFresh: () => Promise<Fresh>): void {
  describe(`${name}: what every store does`, () => {
    for (const { name: what, run } of storeCases) {
      it(what, async () => {
        const fresh = await openFresh();
        try {
          await run(fresh);
        } finally {
          await fresh.dispose();
        }
      });
    }
  });
}
