// Checkpoints: signed as other tools sign notes, brought away in time, and able to show what a log can't show of itself.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { verifyNote } from "../../js/audit/keys.ts";
import { verifyLog } from "../../js/audit/read.ts";
import { checkpointFile, checkpointSigner, checkpointUrl, generateCheckpointKey } from "../../js/audit.ts";
import { audited, bytes, inFolder, keeping, request } from "./support.ts";

// From the documentation of Go's golang.org/x/mod/sumdb/note.
const GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_LINE =
  "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

test("a note is signed as Go's signed notes are", async () => {
  const signer = await checkpointSigner(GO_SKEY);
  assert.equal(signer.vkey, GO_VKEY);
  const note = await signer.sign(GO_TEXT);
  assert.equal(note, `${GO_TEXT}\n${GO_LINE}\n`);
  const value = Buffer.from(GO_LINE.split(" ").at(-1) ?? "", "base64").toString("hex");
  assert.equal(await verifyNote(GO_VKEY, GO_TEXT, [["PeterNeumann", value]]), true);
  assert.equal(await verifyNote(GO_VKEY, `${GO_TEXT} `, [["PeterNeumann", value]]), false);
  assert.equal(await verifyNote(GO_VKEY, GO_TEXT, [["SomebodyElse", value]]), false);
  await assert.rejects(verifyNote(GO_VKEY.replace("c74f", "c74e"), GO_TEXT, []), /not the public key/);
  await assert.rejects(checkpointSigner(GO_SKEY.replace("c74f", "c74e")), /damaged/);
  await assert.rejects(checkpointSigner("nonsense"), /not the private key/);
});

test("a new key signs what another library verifies", async () => {
  const { skey, vkey } = await generateCheckpointKey("example.com/log");
  const signer = await checkpointSigner(skey);
  assert.equal(signer.vkey, vkey);
  const note = await signer.sign("example.com/log\n1\nAAAA\n");
  const raw = Buffer.from(vkey.split("+").slice(2).join("+"), "base64").subarray(1);
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
  const signature = Buffer.from(note.trimEnd().split(" ").at(-1) ?? "", "base64").subarray(4);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  assert.equal(verify(null, Buffer.from("example.com/log\n1\nAAAA\n"), key, signature), true);
  await assert.rejects(generateCheckpointKey("a name"), /no white space/);
});

test("every so many records, and at the end; a cut tail and a log written anew are seen by it", () =>
  inFolder(async (folder) => {
    const { skey, vkey } = await generateCheckpointKey("test");
    const notes: string[] = [];
    const path = join(folder, "checkpoint");
    const sink = keeping();
    const signer = await checkpointSigner(skey);
    const to = [checkpointFile(path), (note: string) => void notes.push(note)];
    const { warden } = await audited({ sinks: [sink], checkpoint: { signer, to, everyRecords: 5, everySeconds: 1e9 } });
    for (let index = 0; index < 12; index++) {
      await warden.authorize(request(`p${index}`));
      await warden.audit?.flush();
    }
    await warden.close();
    assert.deepEqual(
      notes.map((note) => note.split("\n")[1]),
      ["5", "10", "13"],
    );
    assert.equal(readFileSync(path, "utf8"), notes.at(-1));

    const checkpoints = notes.map((note, index) => ({ note, name: `checkpoint ${index}` }));
    const verdict = await verifyLog(bytes(sink.lines), { checkpoints, vkey });
    assert.deepEqual([verdict.whole, verdict.covered], [true, 13]);
    const cut = await verifyLog(bytes(sink.lines.slice(0, 11)), { checkpoints, vkey });
    assert.deepEqual([cut.whole, cut.fault?.code, cut.fault?.record], [false, "cut", 11]);
    assert.equal((await verifyLog([], { checkpoints, vkey })).fault?.code, "cut");
    assert.equal((await verifyLog([])).fault?.code, "empty");

    // Another log with the same events has other names in it, and so another root.
    const other = keeping();
    const again = await audited({ sinks: [other] });
    for (let index = 0; index < 12; index++) await again.warden.authorize(request(`p${index}`));
    await again.warden.close();
    assert.equal(other.lines.length, sink.lines.length);
    const fork = await verifyLog(bytes(other.lines), { checkpoints, vkey });
    assert.deepEqual([fork.whole, fork.fault?.code], [false, "checkpoint"]);

    const stranger = await generateCheckpointKey("test");
    await assert.rejects(verifyLog(bytes(sink.lines), { checkpoints, vkey: stranger.vkey }), /not signed by the key/);
    const forged = notes.map((note) => ({ note: note.replace("\n13\n", "\n12\n"), name: "forged" }));
    await assert.rejects(verifyLog(bytes(sink.lines), { checkpoints: forged.slice(2), vkey }), /not signed by the key/);
  }));

test("a service that does not take a checkpoint gets a later one", async () => {
  const got: string[] = [];
  let status = 500;
  const server = createServer((incoming, answer) => {
    let body = "";
    incoming.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    incoming.on("end", () => {
      if (status === 200) got.push(body);
      answer.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const signer = await checkpointSigner(GO_SKEY);
    const errors: string[] = [];
    const { warden } = await audited({
      sinks: [keeping()],
      checkpoint: { signer, to: checkpointUrl(`http://127.0.0.1:${port}/`), everyRecords: 1 },
      onError: (error) => errors.push(String(error)),
    });
    await warden.audit?.flush();
    assert.equal((await warden.authorize(request("p1"))).action, "allow");
    await warden.audit?.flush();
    assert.ok(errors.some((error) => error.includes("answered 500")));
    status = 200;
    await warden.close();
    assert.deepEqual(
      got.map((note) => note.split("\n")[1]),
      ["2"],
    );
  } finally {
    server.close();
  }
});
