/** The examples of docs/approvals.md, run. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { authorizeSigned, localCountersigner } from "../../examples/approvals/countersign.ts";
import { type Mail, tellByMail } from "../../examples/approvals/email.ts";
import { openWithSlack } from "../../examples/approvals/slack.ts";
import { openWithTeams } from "../../examples/approvals/teams.ts";
import { takePress, tellBot } from "../../examples/approvals/telegram.ts";
import { startApprover } from "../../examples/approvals/webhook-server.ts";
import { approvalLinks, askApprovers, createWebhookSecret, readApproverKey } from "../../js/approvals/index.ts";
import { memoryStore } from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { NEEDS_PEOPLE, opened, pay, seller, signer, URL_ } from "./support.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Waits until it is there. */
async function coming<T>(look: () => T | undefined): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    assert.ok(Date.now() < end, "it never came");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (const [name, open, buttonOf] of [
  [
    "Slack",
    openWithSlack,
    (message: string) => {
      const { blocks } = JSON.parse(message) as {
        blocks: { elements?: { url: string; text: { text: string } }[] }[];
      };
      const [button] = blocks[1]?.elements ?? [];
      return { title: button?.text.text, url: button?.url };
    },
  ],
  [
    "Teams",
    openWithTeams,
    (message: string) => {
      const { type, attachments } = JSON.parse(message) as {
        type: string;
        attachments: {
          contentType: string;
          content: {
            type: string;
            body: { type: string; inlines: { type: string; text: string }[] }[];
            actions: { type: string; title: string; url: string }[];
          };
        }[];
      };
      const [{ contentType, content } = assert.fail(message)] = attachments;
      assert.deepEqual(
        [type, contentType, content.type],
        ["message", "application/vnd.microsoft.card.adaptive", "AdaptiveCard"],
      );
      const text = content.body.flatMap(({ inlines }) => inlines.map((run) => run.text)).join("\n");
      assert.match(text, /0\.01 USDC \(0\.01 USD\)[\s\S]*NEW: never paid before[\s\S]*says: "weather \*\*free\*\*"/);
      assert.equal(content.actions[0]?.type, "Action.OpenUrl");
      return { title: content.actions[0]?.title, url: content.actions[0]?.url };
    },
  ],
] as const)
  test(`${name}: the message comes with buttons, the page behind one shows, and its form releases the payment`, async () => {
    let message: string | undefined;
    const slack = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += String(part);
      message = body;
      response.writeHead(200).end("ok");
    });
    await new Promise<void>((resolve) => slack.listen(0, "127.0.0.1", resolve));
    servers.push(slack);
    const { warden, server } = await open({
      policy: { ...NEEDS_PEOPLE, approvals: { approvers: ["alice", "bob"] } },
      store: memoryStore(),
      webhookUrl: `http://127.0.0.1:${portOf(slack)}/services/T0/B0/x`,
      approvalUrl: "http://approve.example.com/",
      linkSecret: "a secret of the page's own",
      approvers: ["alice", "bob"],
      port: 0,
    });
    servers.push(server);
    const shop = seller(offer("10000", "weather **free**"));
    const call = warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_);
    const { title, url = "" } = buttonOf(await coming(() => message));
    assert.equal(title, "Decide as alice");
    const { search } = new URL(url);
    const page = `http://127.0.0.1:${portOf(server)}/${search}`;
    const html = await (await fetch(page)).text();
    assert.match(html, /alice: may this be paid\?/);
    const token = new URLSearchParams(search).get("token") ?? "";
    const posted = await fetch(page, { method: "POST", body: new URLSearchParams({ token, decision: "approve" }) });
    assert.equal(posted.status, 200);
    assert.equal((await call).status, 200);
  });

test("a webhook server answers in the response, by its own rule", async () => {
  const secret = createWebhookSecret();
  const server = await startApprover("machine", secret, ({ payment }) => payment.usd === "0.01", 0);
  servers.push(server);
  const url = `http://127.0.0.1:${portOf(server)}/`;
  const { warden } = await opened({ onApproval: askApprovers({ approvers: [{ name: "machine", url, secret }] }) });
  const shop = seller();
  assert.equal((await warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_)).status, 200);
  assert.equal((await warden.authorize({ url: URL_, offer: offer("20000") })).reason, "approval_rejected");
  assert.equal((await fetch(url, { method: "POST", body: "{}" })).status, 401);
});

test("a bot: a press of an approver's counts once, anybody else's not at all", async () => {
  const sent: { readonly text: string; readonly buttons: readonly { readonly data: string }[] }[] = [];
  const bot = {
    send: async (text: string, buttons: readonly { label: string; data: string }[]) =>
      void sent.push({ text, buttons }),
  };
  const { warden, control } = await opened({ onApproval: tellBot(bot) });
  const shop = seller();
  const call = warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_);
  const { text, buttons } = await coming(() => sent[0]);
  assert.match(text, /0\.01 USDC/);
  const data = buttons[0]?.data ?? "";
  assert.ok(Buffer.byteLength(data) <= 64);
  const approvers = new Map([[7, "alice"]]);
  assert.equal(await takePress({ userId: 8, data }, approvers, control.approvals), "You are not an approver.");
  assert.equal(
    await takePress({ userId: 7, data: `${data}0` }, approvers, control.approvals),
    "That question is over.",
  );
  assert.equal(await takePress({ userId: 7, data }, approvers, control.approvals), "Approved.");
  assert.equal((await call).status, 200);
  assert.equal(await takePress({ userId: 7, data }, approvers, control.approvals), "That question is over.");
});

test("e-mail: a link for each approver, and following it decides nothing", async () => {
  const mails: Mail[] = [];
  const links = approvalLinks({ baseUrl: "https://approve.example.com/", secret: "a secret of the page's own" });
  const send = async (mail: Mail): Promise<void> => void mails.push(mail);
  const onApproval = tellByMail(send, links, { alice: "alice@example.com", bob: "bob@example.com" });
  const policy = { ...NEEDS_PEOPLE, approvals: { approvers: ["alice", "carol"] } };
  const { warden, control } = await opened({ policy, onApproval });
  await warden.authorize({ id: "p", url: URL_, offer: offer() });
  assert.deepEqual(
    mails.map(({ to }) => to),
    ["alice@example.com"],
  );
  const url = /Decide: (\S+)/.exec(mails[0]?.text ?? "")?.[1] ?? "";
  assert.equal((await links.handler(control.approvals)(new Request(url))).status, 200);
  assert.equal((await control.approvals.get("p"))?.standing, "pending");
});

test("machine to machine: the signature goes along with the request", async () => {
  const { pem, publicHex } = signer();
  const approvals = { approvers: ["policy-service"], keys: [{ approver: "policy-service", ed25519: publicHex }] };
  const { warden } = await opened({ policy: { ...NEEDS_PEOPLE, approvals } });
  const request = { id: "p", url: URL_, offer: offer() };
  const sign = localCountersigner(await readApproverKey(pem), "policy-service");
  assert.equal((await authorizeSigned(warden, request, "policy-service", sign)).action, "allow");
  const other = localCountersigner(await readApproverKey(signer().pem), "policy-service");
  const forged = await authorizeSigned(warden, { ...request, id: "q" }, "policy-service", other);
  assert.equal(forged.reason, "bad_countersignature");
});
