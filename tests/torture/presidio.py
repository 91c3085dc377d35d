"""What presidio-hardened-x402 takes to emit an audit event of about 600 bytes into a file, without fsync: the least of
several passes, in microseconds."""

import os
import sys
import time

os.environ["PRESIDIO_X402_CHAIN_KEY"] = "11" * 32

from presidio_x402.audit_log import AuditLog, FileAuditWriter

path, count, passes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
log = AuditLog(FileAuditWriter(path, fsync=False), agent_id="agent-1")
url = "https://api.example.com/weather?" + "q" * 171
best = float("inf")
for _ in range(passes):
    since = time.perf_counter()
    for _ in range(count):
        log.emit(
            "PAYMENT_ALLOWED",
            resource_url=url,
            amount_usd=0.01,
            network="eip155:8453",
            outcome="allowed",
            policy_limit_usd=1.0,
            replay_fingerprint="0123456789abcdef",
        )
    best = min(best, (time.perf_counter() - since) / count)
print(os.path.getsize(path) / (count * passes), best * 1e6)
