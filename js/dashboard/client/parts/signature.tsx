/**
 * For approvers whose key the policy names: what to sign, and where the signature goes. The key itself never comes near
 * the browser.
 */

import { useState } from "preact/hooks";
import { me } from "../lib/session.ts";

export interface Signed {
  readonly at: number;
  readonly signature: string;
}

interface CountersignatureProps {
  readonly verb: "approve" | "reject" | "unfreeze";
  readonly digest: string;
  readonly signed: Signed | undefined;
  readonly change: (signed: Signed | undefined) => void;
  /** It won't do without one. */
  readonly needed?: boolean;
}

export const signedMembers = (signed: Signed | undefined) =>
  signed === undefined ? {} : { signed_at: signed.at, signature: signed.signature };

export function Countersignature({ verb, digest, signed, change, needed = false }: CountersignatureProps) {
  const [at, setAt] = useState(0);
  const approver = me.value?.approver ?? "";
  const lines = ["tollwarden 1", verb, digest, String(at), approver].join("\n");
  return (
    <details
      open={needed}
      onToggle={(event) => {
        // The time is part of what is signed, and a signature may be some minutes old.
        if (event.currentTarget.open && at === 0) setAt(Date.now());
      }}
    >
      <summary>
        {needed
          ? `Sign it to ${verb}: the policy has a key for ${approver}`
          : "With a signature, where the policy has a key for you"}
      </summary>
      <p class="dim">
        Sign these five lines, without a line feed at the end, and put the signature below (lower-case hex).
      </p>
      <pre class="secret mono">{lines}</pre>
      <label class="field">
        <span>Signature</span>
        <input
          class="mono"
          value={signed?.signature ?? ""}
          pattern="[0-9a-f]+"
          spellcheck={false}
          onInput={({ currentTarget: { value } }) => change(value === "" ? undefined : { at, signature: value.trim() })}
        />
      </label>
    </details>
  );
}
