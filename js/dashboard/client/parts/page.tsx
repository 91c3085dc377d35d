/** The head of a view: its name as the only `h1` and in the tab, a line about it, and what can be done there. */

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { visible } from "../../../service/visible.ts";
import type { Failure } from "../lib/failure.ts";
import { Foreign } from "./foreign.tsx";

interface PageProps {
  readonly title: string;
  readonly about?: ComponentChildren;
  /** The view above this one. */
  readonly up?: { readonly name: string; readonly href: string };
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Page({ title, about, up, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${visible(title).slice(0, 80)} · tollwarden`;
  }, [title]);
  return (
    <>
      <header class="head">
        <div>
          {up && (
            <p class="crumb">
              <a href={up.href}>{up.name}</a> /
            </p>
          )}
          <h1>
            <Foreign text={title} most={200} />
          </h1>
          {about && <p>{about}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface CardProps {
  readonly title?: string;
  readonly side?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Card({ title, side, children }: CardProps) {
  return (
    <section class="card">
      {title && (
        <div class="title">
          <h2>{title}</h2>
          {side}
        </div>
      )}
      {children}
    </section>
  );
}

/** What could not be asked or done: said where one looks, and to a screen reader at once. */
export function Failed({ failure, what }: { failure: Failure | undefined; what: string }) {
  if (failure === undefined) return null;
  return (
    <p class="notice bad" role="alert">
      {what}: <Foreign text={failure.message} most={400} />
      {failure.status === 403 && " This key lacks the scope for it."}
    </p>
  );
}

export function Waiting() {
  return (
    <p class="empty" role="status">
      Loading …
    </p>
  );
}
