"""Whether an audit log is whole, written from docs/audit.md alone: it shares no code with the package.

usage: verify.py LOG [--checkpoint FILE] [--hmac-key FILE]
"""

import base64
import hashlib
import hmac
import json
import sys


def leaf_hash(line):
    return hashlib.sha256(b"\x00" + line).digest()


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


def canonical(value):
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return text.encode("ascii")


def policy_hash(document):
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def verify(log, checkpoint=None, key=None):
    leaves, policies = [], set()
    last = b""
    for seq, line in enumerate(log.split(b"\n")[:-1]):
        record = json.loads(line)
        if canonical(record) != line:
            return f"record {seq}: not canonical"
        if record["format"] != "tollwarden-audit/1":
            return f"record {seq}: another format"
        if record["seq"] != seq:
            return f"record {seq}: has the number {record['seq']}"
        if bytes.fromhex(record["prev"]) != (leaves[-1] if leaves else bytes(32)):
            return f"record {seq}: does not follow the one before"
        if ("log" in record) != (seq == 0):
            return f"record {seq}: the first one names the log"
        if "document" in record:
            if policy_hash(record["document"]) != record["policy"]:
                return f"record {seq}: another policy than its hash says"
            policies.add(record["policy"])
        if record["policy"] not in policies:
            return f"record {seq}: an unknown policy"
        if key is not None:
            tag = record.pop("tag", "")
            if hmac.new(key, canonical(record), hashlib.sha256).hexdigest() != tag:
                return f"record {seq}: a wrong HMAC"
        leaves.append(leaf_hash(line))
        last = line
    if not last:
        return "empty"
    if checkpoint is not None:
        _origin, size, wanted = checkpoint.split("\n")[:3]
        if len(leaves) < int(size):
            return f"record {len(leaves)}: cut off"
        if root(leaves[: int(size)]) != base64.b64decode(wanted):
            return "another root than the checkpoint's"
    return None


def main(args):
    options = dict(zip(args[1::2], args[2::2]))
    with open(args[0], "rb") as file:
        log = file.read()
    checkpoint, key = options.get("--checkpoint"), options.get("--hmac-key")
    wrong = verify(
        log,
        open(checkpoint, encoding="utf-8").read() if checkpoint else None,
        open(key, "rb").read() if key else None,
    )
    print(wrong or "whole")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
