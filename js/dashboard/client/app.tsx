/** The frame around every view: who one is, what is frozen, where one can go. */

import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../service/visible.ts";
import { call } from "./lib/api.ts";
import { route } from "./lib/at.ts";
import { useLoad } from "./lib/load.ts";
import { hrefOf } from "./lib/route.ts";
import { connection, logOut, may, me, overview } from "./lib/session.ts";
import { FreezeDialog, Frozen } from "./parts/freeze.tsx";
import { places, viewOf } from "./views/all.tsx";
import { LogIn } from "./views/login.tsx";

export function App() {
  if (me.value === undefined) return <p class="login">Asking the service …</p>;
  return me.value === null ? <LogIn /> : <Frame />;
}

function Frame() {
  const main = useRef<HTMLElement>(null);
  const [menu, setMenu] = useState(false);
  const [freezing, setFreezing] = useState(false);
  const loaded = useLoad(
    async (signal) => (may("read") ? call("GET /v1/overview", { signal }) : undefined),
    "overview",
  );
  useEffect(() => {
    if (loaded.data !== undefined) overview.value = loaded.data;
  }, [loaded.data]);

  // A new view is where the keyboard and the screen reader go on; not for what the first page shows, nor for a filter.
  const path = route.value.path.join("/");
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    setMenu(false);
    scrollTo(0, 0);
    main.current?.focus();
  }, [path]);

  const first = route.value.path[0] ?? "";
  return (
    <div class="frame">
      {/* The fragment of the address is the view's: a link to `#main` would lead away. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <a class="brand" href={hrefOf([])}>
          <img src="icon.svg" alt="" />
          <span class="words">tollwarden</span>
        </a>
        <button
          type="button"
          class="menu-button"
          aria-expanded={menu}
          aria-controls="nav"
          onClick={() => setMenu(!menu)}
        >
          Menu
        </button>
        <span class="grow" />
        <span class={`connection ${connection.value}`} role="status">
          <span class="words">{connection.value === "live" ? "live" : "not connected"}</span>
        </span>
        {may("admin") && (
          <button type="button" class="danger" onClick={() => setFreezing(true)}>
            Freeze …
          </button>
        )}
        <button
          type="button"
          onClick={() => void logOut()}
          title={visible(`${me.value?.name}: ${me.value?.scopes.join(", ")}`)}
        >
          Log out
        </button>
      </header>
      <nav id="nav" class={menu ? "nav open" : "nav"} aria-label="Views">
        {places().map(({ title, links }) => (
          <section key={title}>
            <h2>{title}</h2>
            <ul>
              {links.map(({ name, at, count = 0, bad = false }) => (
                <li key={at}>
                  <a href={hrefOf(at === "" ? [] : [at])} aria-current={first === at ? "page" : undefined}>
                    {name}
                    {count > 0 && <span class={bad ? "count bad" : "count"}>{count}</span>}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      <main id="main" class="main" ref={main} tabIndex={-1}>
        <Frozen />
        {viewOf(route.value.path)}
      </main>
      {freezing && <FreezeDialog close={() => setFreezing(false)} />}
    </div>
  );
}
