import { hrefOf } from "../lib/route.ts";
import { Page } from "../parts/page.tsx";

export function Missing() {
  return (
    <Page title="There is no such view">
      <p>
        The address names none. <a href={hrefOf([])}>The decisions</a> are where it begins.
      </p>
    </Page>
  );
}
