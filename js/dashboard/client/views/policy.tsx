/** The policy in force, in words; and what it would say to a payment. */

import { useState } from "preact/hooks";
import type { Trace, TraceLine } from "../../../core/types.ts";
import type { PolicyAnswer } from "../../../service/api.ts";
import { call } from "../lib/api.ts";
import { type Failure, failureOf } from "../lib/failure.ts";
import { fixOf } from "../lib/feed.ts";
import { useLoad } from "../lib/load.ts";
import { words } from "../lib/text.ts";
import { ActionBadge, Badge, type Tone } from "../parts/badge.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Card, Failed, Page, Waiting } from "../parts/page.tsx";
import { Table } from "../parts/table.tsx";
import { now } from "../parts/when.tsx";

export function Policy() {
  const { data, failure } = useLoad((signal) => call("GET /v1/policy", { signal }), "policy");
  return (
    <Page title="Policy" about="What is in force now, and what it would say.">
      <Failed failure={failure} what="No policy" />
      {data === undefined ? failure === undefined && <Waiting /> : <InForce answer={data} />}
      <Explain />
    </Page>
  );
}

function InForce({ answer: { summary, document, description } }: { answer: PolicyAnswer }) {
  return (
    <>
      <Card title="In force">
        <dl class="facts">
          <dt>Name</dt>
          <dd>{summary.name === null ? <span class="dim">(none)</span> : <Foreign text={summary.name} />}</dd>
          <dt>Version</dt>
          <dd>{summary.version}</dd>
          <dt>Hash</dt>
          <dd class="mono">{summary.hash}</dd>
        </dl>
        {description === undefined ? (
          <p class="notice">This runtime can't put it into words; the document is below.</p>
        ) : (
          <div class="policy-sections">
            {description.sections.map(({ title, lines }) => (
              <div key={title}>
                <h3>{title}</h3>
                <ul>
                  {lines.map((line) => (
                    <li key={line}>
                      <Foreign text={line} />
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </div>
        )}
        <details>
          <summary>The document</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
          <pre class="scroll" tabIndex={0}>
            {JSON.stringify(document, undefined, 2)
              .split("\n")
              .map((line, at) => (
                <div key={at}>
                  <Foreign text={line} />
                </div>
              ))}
          </pre>
        </details>
      </Card>
      {description !== undefined && description.lints.length > 0 && (
        <Card title="What is odd about it">
          <Table
            caption="What is odd about the policy"
            rows={description.lints}
            keyOf={({ code, path, message }) => `${code} ${path} ${message}`}
            none=""
            columns={[
              {
                name: "Level",
                show: ({ level }) => <Badge tone={level === "warning" ? "ask" : "plain"}>{level}</Badge>,
              },
              {
                name: "Where",
                heads: true,
                show: ({ path }) => <Foreign text={path === "" ? "the policy" : path} mono />,
              },
              {
                name: "What",
                show: ({ message, fix }) => (
                  <>
                    <Foreign text={message} />
                    {fix != null && (
                      <span class="sub">
                        <Foreign text={fix} />
                      </span>
                    )}
                  </>
                ),
              },
            ]}
          />
        </Card>
      )}
    </>
  );
}

const EXAMPLE = JSON.stringify(
  {
    x402Version: 2,
    resource: { url: "https://api.example.com/report", description: "a report" },
    accepts: [
      {
        scheme: "exact",
        network: "eip155:8453",
        amount: "10000",
        asset: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
        payTo: "0x1111111111111111111111111111111111111111",
        maxTimeoutSeconds: 300,
        extra: { name: "USD Coin", version: "2" },
      },
    ],
  },
  undefined,
  2,
);

function Explain() {
  const [agent, setAgent] = useState("");
  const [client, setClient] = useState("");
  const [url, setUrl] = useState("https://api.example.com/report");
  const [offer, setOffer] = useState(EXAMPLE);
  const [trace, setTrace] = useState<Trace>();
  const [failure, setFailure] = useState<Failure>();
  const explain = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const who = { ...(agent !== "" && { agent }), ...(client !== "" && { client }) };
      setTrace(await call("POST /v1/explain", { body: { url, offer_text: offer, ...who } }));
      setFailure(undefined);
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <Card title="What would it say?">
      <p class="dim">Judged with what is spent now. Nothing is held, and nobody is asked.</p>
      <form onSubmit={(event) => void explain(event)}>
        <div class="columns">
          <label class="field">
            <span>Agent</span>
            <input value={agent} onInput={(event) => setAgent(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>Client</span>
            <input value={client} onInput={(event) => setClient(event.currentTarget.value)} />
          </label>
        </div>
        <label class="field">
          <span>URL that is requested</span>
          <input required value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Offer: the decoded 402 answer, as JSON</span>
          <textarea
            required
            spellcheck={false}
            value={offer}
            onInput={(event) => setOffer(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main-action">
          Explain
        </button>
      </form>
      <div aria-live="polite">
        <Failed failure={failure} what="Not explained" />
        {trace && <TraceTable trace={trace} />}
      </div>
    </Card>
  );
}

const SAID: Readonly<Record<TraceLine["said"], readonly [Tone, string]>> = {
  not_asked: ["plain", "not asked"],
  pass: ["good", "✓ passes"],
  allow: ["good", "✓ allows"],
  flag: ["ask", "⚑ flags"],
  approve: ["ask", "? asks people"],
  deny: ["bad", "✕ denies"],
};

function TraceTable({ trace: { decision, rules } }: { trace: Trace }) {
  const fix = fixOf(decision.fix ?? undefined, now.value);
  return (
    <section class="trace" aria-label="The answer">
      <p class="verdict">
        <ActionBadge action={decision.action} /> {decision.reason !== "allowed" && words(decision.reason)}
        {decision.message != null && (
          <>
            {": "}
            <Foreign text={decision.message} />
          </>
        )}
        {fix !== "" && ` · would pass: ${fix}`}
      </p>
      <Table
        caption="What each rule said"
        rows={rules}
        keyOf={({ rule, saw }) => `${rule} ${saw}`}
        none="It was clear before any rule was asked."
        columns={[
          { name: "Rule", heads: true, show: ({ rule }) => <Foreign text={rule} mono /> },
          {
            name: "Said",
            show: ({ said }) => {
              const [tone, text] = SAID[said];
              return <Badge tone={tone}>{text}</Badge>;
            },
          },
          { name: "Saw", show: ({ saw }) => <Foreign text={saw} /> },
        ]}
      />
    </section>
  );
}
