"""An agent in Python that pays with what the decision service allows and signs. Needs `httpx`.

    TOLLWARDEN_URL=http://127.0.0.1:8403 TOLLWARDEN_KEY=tw_... python main.py https://api.example.com/weather

The service holds the signer here (`[signer]` in serve.toml), so that this process has no key to lose. With `--check` the
payment is only judged.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys

import httpx


class Service:
    """Asks the decision service. Whatever is no whole, proven answer in time is a denial."""

    def __init__(self, url: str, key: str) -> None:
        tw, key_id, secret, self.seal = key.split("_")
        self.http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {tw}_{key_id}_{secret}"}, timeout=5)

    def post(self, path: str, body: dict) -> dict:
        nonce = secrets.token_hex(16)
        headers = {"tollwarden-nonce": nonce, "idempotency-key": secrets.token_hex(16)}
        answer = self.http.post(path, json=body, headers=headers)
        text = "\n".join(["tollwarden answer 1", nonce, f"POST {path}", str(answer.status_code), answer.text])
        proof = hmac.new(self.seal.encode(), text.encode(), hashlib.sha256).hexdigest()
        if answer.status_code != 200 or not hmac.compare_digest(proof, answer.headers.get("tollwarden-mac", "")):
            raise PermissionError(f"the service did not say yes: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    def ask(self, path: str, body: dict) -> dict:
        try:
            return self.post(path, body)
        except (httpx.HTTPError, PermissionError, ValueError) as error:
            denial = {"action": "deny", "reason": "store_unavailable", "message": str(error)}
            return denial if path == "/v1/check" else {"decision": denial}


def offer_of(answer: httpx.Response) -> str:
    header = answer.headers.get("payment-required")
    return base64.b64decode(header).decode() if header else answer.text


def main() -> int:
    service = Service(os.environ.get("TOLLWARDEN_URL", "http://127.0.0.1:8403"), os.environ["TOLLWARDEN_KEY"])
    only_check = "--check" in sys.argv
    url = next(word for word in sys.argv[1:] if not word.startswith("--"))
    with httpx.Client(timeout=30, follow_redirects=False) as web:
        first = web.get(url)
        if first.status_code != 402:
            print(first.text)
            return 0
        asked = {"id": secrets.token_hex(16), "method": "GET", "url": url, "offer_text": offer_of(first)}
        if only_check:
            decision = service.ask("/v1/check", asked)
            print(json.dumps(decision))
            return 0 if decision["action"] == "allow" else 2
        answer = service.ask("/v1/pay", asked)
        decision, payment = answer["decision"], answer.get("payment")
        if decision["action"] != "allow" or payment is None:
            print(json.dumps(decision), file=sys.stderr)
            return 2
        name, value = payment["header"]
        try:
            paid = web.get(url, headers={name: value})
        except httpx.HTTPError:
            service.ask(f"/v1/payments/{asked['id']}/settle", {"outcome": "unknown"})
            raise
        good = 200 <= paid.status_code < 300
        outcome = {"outcome": "captured", "evidence": "delivery"} if good else {"outcome": "unknown"}
        service.ask(f"/v1/payments/{asked['id']}/settle", outcome)
        print(paid.text)
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
