/** Webhooks, links and machines: what goes out, where it may go, and what counts as an answer. */

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { isPrivateAddress } from "../../js/approvals/addresses.ts";
import {
  approvalLinks,
  approvalWebhook,
  askApprovers,
  createWebhookSecret,
  describeApproval,
  isSignedWebhook,
  type OnApproval,
  signWebhook,
  slackMessage,
  teamsMessage,
  UnsafeUrl,
  webhookKey,
} from "../../js/approvals/index.ts";
import { checkUrl, post } from "../../js/approvals/outbound.ts";
import type { ApprovalView } from "../../js/index.ts";
import { offer } from "../cli/support.ts";
import { NEEDS_PEOPLE, opened, settled, timers, URL_ } from "./support.ts";

interface Got {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Reply = (got: Got, response: ServerResponse) => void | Promise<void>;

const servers: Server[] = [];
const late: NodeJS.Timeout[] = [];
after(() => {
  for (const timer of late) clearTimeout(timer);
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server on 127.0.0.1 that notes what it gets. */
async function listening(reply: Reply): Promise<{ readonly url: string; readonly got: Got[] }> {
  const got: Got[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => {
      got.push({ headers: request.headers, body });
      void reply({ headers: request.headers, body }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

/** A question that stands, and its warden. */
async function asked(more: object = {}, onApproval?: OnApproval) {
  const both = await opened({ policy: { ...NEEDS_PEOPLE, ...more }, ...(onApproval && { onApproval }) });
  const decision = await both.warden.authorize({ id: "p", url: URL_, offer: offer("10000", "weather") });
  const view = (await both.control.approvals.get("p")) ?? assert.fail("nobody was asked");
  return { ...both, decision, view };
}

const context = async () => {
  const { control, view } = await asked();
  return { view, control, about: { approvals: control.approvals, signal: new AbortController().signal } };
};

describe("Standard Webhooks", () => {
  test("what is signed here the library verifies, and the other way round", async () => {
    const secret = createWebhookSecret();
    const library = new Webhook(secret);
    const key = await webhookKey(secret);
    const body = JSON.stringify({ type: "approval.requested", text: "ü€😀" });
    const headers = await signWebhook(key, "msg_1", body, Date.now());
    assert.deepEqual(library.verify(body, headers as Record<string, string>), JSON.parse(body));
    const at = new Date();
    const theirs = {
      "webhook-id": "msg_2",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": `v1a,AAAA ${library.sign("msg_2", at, body)}`,
    } as Readonly<Record<string, string>>;
    const verified = (given: Readonly<Record<string, string>>, text = body, now = Date.now()) =>
      isSignedWebhook(key, (name) => given[name], text, now);
    assert.equal(await verified(theirs), true);
    assert.equal(await verified(theirs, `${body} `), false);
    assert.equal(await verified({ ...theirs, "webhook-id": "msg_3" }), false);
    assert.equal(await verified(theirs, body, Date.now() + 301_000), false);
    assert.equal(await verified(theirs, body, Date.now() - 302_000), false);
    for (const missing of Object.keys(theirs)) assert.equal(await verified({ ...theirs, [missing]: "" }), false);
    await assert.rejects(webhookKey("whsec_c2hvcnQ="), /16 are the least/);
    await assert.rejects(webhookKey("not base64!"), /whsec_/);
  });

  test("a webhook is signed, carries what an approver needs, and is tried again under the same id", async () => {
    const secret = createWebhookSecret();
    let tries = 0;
    const { url, got } = await listening((_, response) => {
      tries += 1;
      response.writeHead(tries < 3 ? 503 : 204).end();
    });
    const before = timers();
    await asked({}, approvalWebhook({ url, secret, retryMs: [5, 5, 5] }));
    assert.equal(got.length, 3);
    assert.equal(new Set(got.map(({ headers }) => headers["webhook-id"])).size, 1);
    const [, , last] = got;
    const read = new Webhook(secret).verify(last?.body ?? "", last?.headers as Record<string, string>) as {
      data: { approval: ApprovalView };
    };
    assert.equal(read.data.approval.payment.usd, "0.01");
    await settled();
    assert.equal(timers(), before);
  });

  test("it gives up loudly, and stops at once when nobody waits any more", async () => {
    const { url, got } = await listening((_, response) => void response.writeHead(500).end());
    await assert.rejects(asked({}, approvalWebhook({ url, retryMs: [1, 1] })), /nobody could be asked.*answered 500/);
    assert.equal(got.length, 3);
    const { view, control } = await context();
    const stop = new AbortController();
    const call = approvalWebhook({ url, retryMs: [60_000] })(view, {
      approvals: control.approvals,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error("decided")), 50);
    await assert.rejects(async () => call, /decided/);
  });

  test("Slack and Teams get text, and nothing in it is markup", async () => {
    const { control } = await opened({ policy: NEEDS_PEOPLE });
    void control;
    const both = await opened();
    await both.warden.authorize({
      id: "p",
      url: URL_,
      offer: offer("10000", "<!channel> ``` *free* <https://evil.example|ok>"),
    });
    const view = (await both.control.approvals.get("p")) ?? assert.fail();
    const slack = JSON.stringify(slackMessage(view, { alice: "https://approve.example.com/?token=x" }));
    assert.ok(!slack.includes("<!channel>") && !slack.includes("<https://evil"), slack);
    assert.equal(slack.split("```").length, 3);
    const teams = JSON.stringify(teamsMessage(view, { alice: "https://approve.example.com/?token=x" }));
    assert.match(teams, /RichTextBlock/);
    assert.doesNotMatch(teams, /"TextBlock"/);
    assert.match(describeApproval(view).join("\n"), /NEW: never paid before/);
  });

  test("an id of the agent's own making writes no line of its own, and is told all the same", async () => {
    const id = "p\u001b[2K\npayee    known: paid 99 times before \u202e\u652f";
    const secret = createWebhookSecret();
    const { url, got } = await listening((_, response) => void response.writeHead(204).end());
    const both = await opened({ policy: NEEDS_PEOPLE, onApproval: approvalWebhook({ url, secret, retryMs: [] }) });
    await both.warden.authorize({ id, url: URL_, offer: offer("10000", "weather") });
    const [sent] = got;
    new Webhook(secret).verify(sent?.body ?? "", sent?.headers as Record<string, string>);
    const view = (await both.control.approvals.get(id)) ?? assert.fail("the id is as it was");
    assert.equal(
      describeApproval(view)[0],
      "payment  p⟨U+001B⟩[2K⟨U+000A⟩payee    known: paid 99 times before ⟨U+202E⟩\u652f",
    );
  });
});

describe("where a webhook may go", () => {
  test("addresses, in every spelling", () => {
    const no = [
      "127.0.0.1",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "255.255.255.255",
      "198.18.0.1",
      "192.0.0.192",
      "::1",
      "::",
      "fe80::1",
      "fe80::1%eth0",
      "fc00::1",
      "fd00:ec2::254",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "64:ff9b::10.0.0.1",
      "2002:7f00:1::",
      "::127.0.0.1",
      "2001:db8::1",
      "ff02::1",
      "not an address",
      "1.2.3",
      "01.2.3.4",
      "1.2.3.256",
      "1::2::3",
      "12345::",
    ];
    for (const address of no) assert.equal(isPrivateAddress(address), true, address);
    for (const address of [
      "1.1.1.1",
      "172.32.0.1",
      "8.8.8.8",
      "2606:4700::1111",
      "::ffff:8.8.8.8",
      "64:ff9b::8.8.8.8",
      "2002:808:808::1",
    ]) {
      assert.equal(isPrivateAddress(address), false, address);
    }
  });

  test("by the URL's text: https outside localhost, and no private host that is not listed", () => {
    const refused = [
      "http://example.com/",
      "ftp://example.com/",
      "https://10.0.0.1/",
      "https://169.254.169.254/latest/meta-data",
      "https://[::1]:8443/x".replace("[::1]", "[fd00::1]"),
      "https://metadata.google.internal/",
      "https://intranet/",
      "https://printer.local/",
      "https://user:pass@example.com/",
      "https://167772161/",
      "https://0x7f.1/x".replace("0x7f.1", "0xa.1"),
      "nonsense",
    ];
    for (const url of refused) assert.throws(() => checkUrl(url), UnsafeUrl, url);
    for (const url of ["https://example.com/x", "http://localhost:80/", "http://127.0.0.1:1/", "https://8.8.8.8/"])
      checkUrl(url);
    checkUrl("http://10.0.0.1:9000/", ["10.0.0.1:9000"]);
    checkUrl("https://intranet/", ["intranet"]);
    assert.throws(() => checkUrl("http://10.0.0.1:9001/", ["10.0.0.1:9000"]), UnsafeUrl);
    // What stands in the path may be a secret, and is not repeated.
    assert.throws(
      () => checkUrl("https://10.0.0.1/services/SECRET"),
      (error: Error) => !error.message.includes("SECRET"),
    );
  });

  test("by what the name leads to: one private address among public ones is enough to refuse", async () => {
    const { url, got } = await listening((_, response) => void response.writeHead(200).end("{}"));
    const port = new URL(url).port;
    for (const addresses of [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:169.254.169.254"], ["fd00::1"]]) {
      const call = post(
        `https://hooks.example.com:${port}/`,
        "{}",
        {},
        { resolve: async () => addresses, timeoutMs: 500 },
      );
      await assert.rejects(call, UnsafeUrl, addresses.join());
    }
    assert.equal(got.length, 0);
    // Listed, the name may lead there; and what was resolved is what is called.
    const listed = { allowHosts: ["hooks.example.com"], resolve: async () => ["127.0.0.1"] };
    assert.equal((await post(`http://hooks.example.com:${port}/`, "{}", {}, listed)).status, 200);
    assert.equal(got[0]?.headers.host, `hooks.example.com:${port}`);
  });

  test("no redirect is followed, no long answer read, and nobody waited for too long", async () => {
    const there = await listening((_, response) => void response.writeHead(200).end("{}"));
    const moved = await listening((_, response) => void response.writeHead(307, { location: there.url }).end());
    await assert.rejects(post(moved.url, "{}", {}), /redirect/);
    assert.equal(there.got.length, 0);
    const long = await listening((_, response) => void response.writeHead(200).end("x".repeat(70_000)));
    await assert.rejects(post(long.url, "{}", {}), /longer than/);
    const silent = await listening(() => undefined);
    await assert.rejects(post(silent.url, "{}", {}, { timeoutMs: 50 }), /timeout/i);
  });
});

describe("links", () => {
  const secret = "a secret of the page, not of the agent";
  const links = approvalLinks({ baseUrl: "https://approve.example.com/payment?x=1", secret });
  const form = (url: string, members: Readonly<Record<string, string>>, type = "application/x-www-form-urlencoded") =>
    new Request(url, { method: "POST", headers: { "content-type": type }, body: new URLSearchParams(members) });
  const tokenOf = (url: string): string => new URL(url).searchParams.get("token") ?? assert.fail(url);

  test("a GET shows and decides nothing; a POST decides, once", async () => {
    const { control, view } = await asked();
    const handle = links.handler(control.approvals);
    const url = await links.link(view, "alice");
    for (let n = 0; n < 3; n++) {
      const shown = await handle(new Request(url));
      assert.equal(shown.status, 200);
      const html = await shown.text();
      assert.match(html, /0\.01 USDC/);
      assert.match(shown.headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
      assert.equal(shown.headers.get("cache-control"), "no-store");
    }
    assert.equal((await handle(new Request(`${url}&decision=approve`))).status, 200);
    assert.deepEqual((await control.approvals.get("p"))?.answers, []);
    assert.equal((await handle(form(url, { token: tokenOf(url), decision: "approve" }))).status, 200);
    assert.equal((await control.approvals.get("p"))?.standing, "approved");
    for (const decision of ["approve", "reject"]) {
      assert.equal((await handle(form(url, { token: tokenOf(url), decision }))).status, 409);
    }
    assert.equal((await control.approvals.get("p"))?.standing, "approved");
  });

  test("two answers with one link at the same moment: one counts", async () => {
    for (const decisions of [
      ["approve", "reject"],
      ["approve", "approve"],
      ["reject", "reject"],
    ]) {
      const { control, view } = await asked({ approvals: { threshold: 1, approvers: ["alice", "bob"] } });
      // Neither goes on before both have seen that nothing was answered yet.
      let seen = 0;
      const both: (() => void)[] = [];
      const get: typeof control.approvals.get = async (id) => {
        const found = await control.approvals.get(id);
        seen += 1;
        if (seen === 2) for (const go of both) go();
        else if (seen < 2) await new Promise<void>((resolve) => both.push(resolve));
        return found;
      };
      const handle = links.handler({ ...control.approvals, get });
      const url = await links.link(view, "alice");
      const given = decisions.map((decision) => handle(form(url, { token: tokenOf(url), decision })));
      assert.deepEqual((await Promise.all(given)).map(({ status }) => status).sort(), [200, 409], decisions.join());
      assert.equal((await control.approvals.get("p"))?.answers.length, 1);
    }
  });

  test("forged, changed and cut tokens, thousands of them; other forms; expired links; other secrets", async () => {
    const { control, view } = await asked();
    const handle = links.handler(control.approvals);
    const url = await links.link(view, "alice");
    const token = tokenOf(url);
    const [payload = "", mac = ""] = token.split(".");
    const other = JSON.parse(Buffer.from(payload, "base64url").toString()) as unknown[];
    const rewritten = (place: number, value: unknown): string =>
      `${Buffer.from(JSON.stringify(other.map((had, at) => (at === place ? value : had)))).toString("base64url")}.${mac}`;
    const forged = new Set([
      "",
      ".",
      token.slice(1),
      token.slice(0, -1),
      `${token}.x`,
      `${token}A`,
      payload,
      `${payload}.`,
      `.${mac}`,
      `${mac}.${payload}`,
      rewritten(0, "q"),
      rewritten(1, "00"),
      rewritten(2, "bob"),
      rewritten(3, 9e15),
      token.toLowerCase(),
      "a".repeat(5_000),
      tokenOf(
        await approvalLinks({ baseUrl: "https://approve.example.com", secret: `${secret}!` }).link(view, "alice"),
      ),
    ]);
    for (let n = 0; n < 2_000; n++) {
      const at = n % token.length;
      const letter = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(n * 7 + 3) % 64] ?? "A";
      // The last letter of each part has bits that say nothing; the one spelling of the bytes is asked for.
      if (token[at] !== letter) forged.add(token.slice(0, at) + letter + token.slice(at + 1));
    }
    assert.ok(forged.size > 1_500, String(forged.size));
    for (const bad of forged) {
      const { status } = await handle(form(url, { token: bad, decision: "approve" }));
      assert.equal(status, 403, bad);
    }
    assert.equal((await handle(form(url, { token, decision: "yes" }))).status, 400);
    assert.equal((await handle(form(url, { token, decision: "approve" }, "application/json"))).status, 400);
    const twice = new Request(url, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `token=${token}&decision=reject&decision=approve`,
    });
    assert.equal((await handle(twice)).status, 400);
    assert.equal((await handle(new Request(url, { method: "DELETE" }))).status, 405);
    const late = approvalLinks({
      baseUrl: "https://approve.example.com",
      secret,
      now: () => Date.parse(view.expires_at),
    });
    assert.equal((await late.handler(control.approvals)(form(url, { token, decision: "approve" }))).status, 410);
    assert.deepEqual((await control.approvals.get("p"))?.answers, []);
    assert.equal((await handle(form(url, { token, decision: "approve" }))).status, 200);
  });

  test("a page is text: nothing that a seller writes is markup", async () => {
    const both = await opened();
    await both.warden.authorize({
      id: "p",
      url: URL_,
      offer: offer("10000", "<script>alert(1)</script><form action=//evil>\"'&"),
    });
    const view = (await both.control.approvals.get("p")) ?? assert.fail();
    const html = await (
      await links.handler(both.control.approvals)(new Request(await links.link(view, "alice")))
    ).text();
    assert.ok(!html.includes("<script") && html.split("<form").length === 2, html);
    assert.throws(() => approvalLinks({ baseUrl: "https://a.example", secret: "short" }), /16 are the least/);
  });
});

describe("machines that approve", () => {
  const secrets = { one: createWebhookSecret(), two: createWebhookSecret(), three: createWebhookSecret() };
  type Name = keyof typeof secrets;

  /** A machine that answers as `made` says, signed with its key. */
  async function machine(name: Name, made: (view: ApprovalView) => unknown, delay = 0, key: string = secrets[name]) {
    const { url, got } = await listening(async ({ body, headers }, response) => {
      new Webhook(secrets[name]).verify(body, headers as Record<string, string>);
      const { data } = JSON.parse(body) as { data: { approval: ApprovalView } };
      const answer = made(data.approval);
      const text = typeof answer === "string" ? answer : JSON.stringify(answer);
      await new Promise((resolve) => late.push(setTimeout(resolve, delay)));
      const signed = await signWebhook(await webhookKey(key), `answer_${name}`, text, Date.now());
      response.writeHead(200, { ...signed }).end(text);
    });
    return { approver: { name, url, secret: secrets[name] }, got };
  }

  const yes =
    (name: Name) =>
    ({ digest }: ApprovalView) => ({ approver: name, approved: true, digest });
  const policy = { approvals: { threshold: 2, approvers: ["one", "two", "three"] } };

  test("all are asked at once, and two of three do not wait for the third", async () => {
    const one = await machine("one", yes("one"), 60);
    const two = await machine("two", yes("two"), 60);
    const three = await machine("three", yes("three"), 20_000);
    const both = await opened({
      policy: { ...NEEDS_PEOPLE, ...policy },
      approvalWaitMs: 30_000,
      onApproval: askApprovers({ approvers: [one, two, three].map(({ approver }) => approver) }),
    });
    const since = Date.now();
    const { pay, seller } = await import("./support.ts");
    const shop = seller();
    const response = await both.warden.payingFetch({ pay: pay as never, fetch: shop.fetch })(URL_);
    assert.equal(response.status, 200);
    assert.ok(Date.now() - since < 15_000);
    assert.equal(three.got.length, 1);
  });

  test("only what is exactly an answer counts", async () => {
    const answers: readonly (readonly [string, (view: ApprovalView) => unknown])[] = [
      ['"approved":"false"', ({ digest }) => ({ approver: "one", approved: "false", digest })],
      ['"approved":"true"', ({ digest }) => ({ approver: "one", approved: "true", digest })],
      ['"approved":1', ({ digest }) => ({ approver: "one", approved: 1, digest })],
      ["no digest", () => ({ approver: "one", approved: true })],
      ["another digest", () => ({ approver: "one", approved: true, digest: "00".repeat(32) })],
      ["another name", ({ digest }) => ({ approver: "two", approved: true, digest })],
      ["a stranger's member", ({ digest }) => ({ approver: "one", approved: true, digest, really: true })],
      ["twice", ({ digest }) => `{"approver":"one","approved":false,"digest":"${digest}","approved":true}`],
      ["a list", ({ digest }) => [{ approver: "one", approved: true, digest }]],
      ["true", () => "true"],
      ["nothing", () => ""],
      ["cut short", ({ digest }) => `{"approver":"one","approved":true,"digest":"${digest}"`],
    ];
    for (const [what, made] of answers) {
      const { approver } = await machine("one", made);
      const { view, control, about } = await context();
      await assert.rejects(async () => askApprovers({ approvers: [approver] })(view, about), what);
      assert.deepEqual((await control.approvals.get("p"))?.answers, [], what);
    }
    const { approver } = await machine("one", yes("one"));
    const { view, control, about } = await context();
    await askApprovers({ approvers: [approver] })(view, about);
    assert.equal((await control.approvals.get("p"))?.standing, "approved");
  });

  test("names and ids in any script are asked about", async () => {
    const name = "Łukasz";
    const { approver } = await machine("one", ({ digest }) => ({ approver: name, approved: true, digest }));
    const both = await opened({
      policy: { ...NEEDS_PEOPLE, approvals: { approvers: [name] } },
      onApproval: askApprovers({ approvers: [{ ...approver, name }] }),
    });
    const decision = await both.warden.authorize({ id: "\u652f\u4ed8", url: URL_, offer: offer("10000", "weather") });
    assert.equal(decision.action, "allow");
  });

  test("an unsigned answer, one by another key, an old one: none counts; no answer is none", async () => {
    const forged = await machine("one", yes("one"), 0, secrets.two);
    const { url: plain } = await listening(({ body }, response) => {
      const { data } = JSON.parse(body) as { data: { approval: ApprovalView } };
      response.writeHead(200).end(JSON.stringify(yes("one")(data.approval)));
    });
    const old = await listening(async ({ body }, response) => {
      const { data } = JSON.parse(body) as { data: { approval: ApprovalView } };
      const text = JSON.stringify(yes("one")(data.approval));
      const signed = await signWebhook(await webhookKey(secrets.one), "a", text, Date.now() - 600_000);
      response.writeHead(200, { ...signed }).end(text);
    });
    const silent = await listening(() => undefined);
    for (const url of [forged.approver.url, plain, old.url, silent.url]) {
      const { view, control, about } = await context();
      const ask = askApprovers({ approvers: [{ name: "one", url, secret: secrets.one }], timeoutMs: 200 });
      await assert.rejects(async () => ask(view, about));
      assert.deepEqual((await control.approvals.get("p"))?.answers, []);
    }
    const same = ["one", "two"].map((name) => ({ name, url: silent.url, secret: secrets.one }));
    assert.throws(() => askApprovers({ approvers: same }), /it would be one voice/);
    assert.throws(
      () => askApprovers({ approvers: [{ name: "one", url: "https://10.0.0.1/", secret: secrets.one }] }),
      UnsafeUrl,
    );
  });
});
