"""The peers, on the same payment: one line on stdin asks for one pass, `{"who": …, "what": …, "ms": …, "least": …}`; one
line on stdout has its median and 99th percentile in microseconds. Each is driven in the way in which its own
documentation does it, and without what it would write to a disk."""

import asyncio
import json
import logging
import os
import sys
import time

os.environ["PRESIDIO_X402_CHAIN_KEY"] = "11" * 32
os.environ["PRESIDIO_X402_FINGERPRINT_KEY"] = "22" * 32
logging.disable(logging.CRITICAL)

from decimal import Decimal  # noqa: E402

from presidio_x402 import AuditLog, NullAuditWriter, PIIFilter, PolicyEngine, ReplayGuard, compute_fingerprint  # noqa: E402
from x402_firewall import Firewall, FirewallContext, Policy  # noqa: E402

PAYEE = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
FIELDS = (
    "https://api.example.com/v1/reports/weather/lisbon?days=7&units=metric&format=json&lang=en&detail=full",
    "Weather report for Lisbon for the next 7 days, hourly, JSON",
    "the agent needs the forecast to plan a trip",
)


class Presidio:
    """Personal data, policy, replay and audit, in the order of its own pipeline."""

    def __init__(self, history=0, parts=("policy",)):
        self.parts = parts
        self.pii = PIIFilter()
        self.policy = PolicyEngine({"max_per_call_usd": 1.0, "daily_limit_usd": 1e6, "per_endpoint": {"https://api.example.com": 1e6}})
        self.replay = ReplayGuard()
        self.log = AuditLog(NullAuditWriter(), agent_id="agent-1")
        self.n = 0
        now = time.monotonic()
        one = Decimal("0.01")
        for ledger in (self.policy._global_ledger, self.policy._get_endpoint_ledger("https://api.example.com")):
            ledger._entries = [(now, one)] * history

    def run(self):
        self.n += 1
        url = f"https://api.example.com/report?q={self.n}"
        if "pii" in self.parts:
            self.pii.scan_payment_fields(*FIELDS)
        if "policy" in self.parts:
            self.policy.check_and_record(resource_url=url, amount_usd=0.01)
        if "replay" in self.parts:
            self.seen = compute_fingerprint(url, PAYEE, "0.01", "USDC", 60, "eip155:8453")
            self.replay.check_and_record(self.seen)
        if "audit" in self.parts:
            self.log.emit("PAYMENT_ALLOWED", resource_url=url, amount_usd=0.01, network="eip155:8453", outcome="allowed")

    def after(self):
        # What was judged is let go again, so that a pass measures the history that it was asked for.
        if "policy" in self.parts:
            self.policy.refund(resource_url=f"https://api.example.com/report?q={self.n}", amount_usd=0.01)
        if "replay" in self.parts:
            self.replay.release(self.seen)


class XFirewall:
    """check_payment, with its audit log in memory; `vendors` is how many patterns its policy has."""

    def __init__(self, vendors=0):
        allow = [f"shop-{n}\\.example\\.net" for n in range(vendors - 1)] + ["api.example.com"]
        self.firewall = Firewall(Policy(budget_usd=1e9, max_single_payment_usd=1.0, allow_vendors=allow if vendors else None))
        self.context = FirewallContext()
        self.loop = asyncio.new_event_loop()

    def run(self):
        step = self.firewall.check_payment(0.01, "https://api.example.com/report?q=1", "base", self.context)
        # Without awaiting anything, it ends at its first step: no event loop is measured.
        try:
            step.send(None)
        except StopIteration:
            return
        raise RuntimeError("it waits for something")

    def after(self):
        pass


made = {}


def subject(who, what):
    key = json.dumps([who, what])
    if key not in made:
        made[key] = {"presidio": Presidio, "x402-firewall": XFirewall}[who](**what)
    return made[key]


for line in sys.stdin:
    asked = json.loads(line)
    it = subject(asked["who"], asked["what"])
    times, until = [], time.perf_counter() + asked["ms"] / 1000
    while time.perf_counter() < until or len(times) < asked["least"]:
        since = time.perf_counter()
        it.run()
        times.append(time.perf_counter() - since)
        it.after()
    times.sort()
    figures = {"p50": times[len(times) // 2] * 1e6, "p99": times[int(len(times) * 0.99)] * 1e6}
    print(json.dumps(figures), flush=True)
