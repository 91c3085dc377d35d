/** The switch that denies everything, or everything of one agent; and what is frozen now. */

import { useState } from "preact/hooks";
import type { FreezeLine } from "../../../core/types.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { changes } from "../lib/load.ts";
import { may, overview } from "../lib/session.ts";
import { Dialog } from "./dialog.tsx";
import { Foreign } from "./foreign.tsx";
import { Failed } from "./page.tsx";
import { Countersignature, type Signed, signedMembers } from "./signature.tsx";
import { When } from "./when.tsx";

/** What one agent's freeze is called. */
const wordOf = ({ agent, disabled }: FreezeLine): string =>
  agent == null ? "Everything is frozen" : disabled ? "Disabled" : "Paused";

/** A banner for each freeze that holds. */
export function Frozen() {
  const [lifting, setLifting] = useState<FreezeLine>();
  const freezes = overview.value?.freezes ?? [];
  return (
    <>
      {freezes.map((freeze) => (
        <div class="banner" role="alert" key={freeze.digest}>
          <strong>{wordOf(freeze)}</strong>
          <span>
            {freeze.agent != null && (
              <>
                <Foreign text={freeze.agent} />:{" "}
              </>
            )}
            every payment is denied since <When at={freeze.at} />: <Foreign text={freeze.reason} most={300} />
          </span>
          <span class="grow" />
          {may("admin") && (
            <button type="button" onClick={() => setLifting(freeze)}>
              Lift
              <span class="unseen">
                {" "}
                the freeze <Foreign text={freeze.agent ?? "of everything"} />
              </span>{" "}
              …
            </button>
          )}
        </div>
      ))}
      {lifting && <LiftDialog freeze={lifting} close={() => setLifting(undefined)} />}
    </>
  );
}

interface FreezeDialogProps {
  /** Only this one; else everything. */
  readonly agent?: string;
  readonly close: () => void;
}

export function FreezeDialog({ agent, close }: FreezeDialogProps) {
  const [reason, setReason] = useState("");
  const [disable, setDisable] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const freeze = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await call("POST /v1/freeze", { body: { reason, ...(agent !== undefined && { agent, disable }) } });
      changes.value += 1;
      close();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Dialog title={agent === undefined ? "Freeze everything?" : `Stop this agent?`} close={close}>
      <form onSubmit={(event) => void freeze(event)}>
        <p>
          {agent === undefined ? (
            "From now on every payment of every agent is denied, until the freeze is lifted."
          ) : (
            <>
              From now on every payment of <Foreign text={agent} /> is denied, until it is lifted.
            </>
          )}{" "}
          What was signed before may still be charged.
        </p>
        {agent !== undefined && (
          <fieldset>
            <legend>For how long</legend>
            <label class="choice">
              <input type="radio" name="how" checked={!disable} onChange={() => setDisable(false)} />
              Pause: it will go on later
            </label>
            <label class="choice">
              <input type="radio" name="how" checked={disable} onChange={() => setDisable(true)} />
              Disable: it is out of service
            </label>
          </fieldset>
        )}
        <label class="field">
          <span>Why (others will read it)</span>
          <input value={reason} required maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <Failed failure={failure} what="Not frozen" />
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="danger sure">
            {agent === undefined ? "Freeze everything" : disable ? "Disable" : "Pause"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function LiftDialog({ freeze, close }: { freeze: FreezeLine; close: () => void }) {
  const [signed, setSigned] = useState<Signed>();
  const [failure, setFailure] = useState<Failure>();
  const lift = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const whom = freeze.agent == null ? {} : { agent: freeze.agent };
      await call("POST /v1/unfreeze", { body: { ...whom, ...signedMembers(signed) } });
      changes.value += 1;
      close();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Dialog title="Lift the freeze?" close={close}>
      <form onSubmit={(event) => void lift(event)}>
        <p>
          {freeze.agent == null ? "Payments are" : <Foreign text={freeze.agent} />} {freeze.agent == null ? "" : "is"}{" "}
          judged by the policy again. It was frozen <When at={freeze.at} as="around" /> for:{" "}
          <Foreign text={freeze.reason} />
        </p>
        <Countersignature verb="unfreeze" digest={freeze.digest} signed={signed} change={setSigned} />
        <Failed failure={failure} what="Still frozen" />
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="main-action">
            Lift the freeze
          </button>
        </div>
      </form>
    </Dialog>
  );
}
