/** The page begins here: it asks who one is, and shows the login or the views. */

import { render } from "preact";
import { App } from "./app.tsx";
import { recognise } from "./lib/session.ts";

const place = document.getElementById("app");
if (place !== null) {
  render(<App />, place);
  void recognise();
}
