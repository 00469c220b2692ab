"""What hard limits reserve: at least 999 of a thousand requests use no more of it, whatever they ask,
of models that nobody knows at first and that count each in its own way."""

import base64
import json
import math
import random
import unittest

from gateway import Gateway, Response, request
from mock import Mock

REQUESTS = 3000
ENGLISH = """the of and a to in is you that it he was for on are as with his they at be this have from or one had by
word but not what all were we when your can said there use an each which she do how their if will up other about out
many then them these so some her would make like him into time has look two more write go see number no way could
people my than first water been call who oil its now find long down day did get come made may part""".split()
GERMAN = """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er
hat daß sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr
durch man sein wurde sei Donaudampfschifffahrt Geschwindigkeitsbegrenzung Äpfel Öfen Übermut""".split()
CODE = """for (int i = 0; i < n; ++i) { total += values[i]; }
def ask(self, name="x"):
    return {key: value for key, value in self.items() if key != name}
SELECT id, count(*) FROM records WHERE tenant = 'acme' GROUP BY id;
if err != nil { return fmt.Errorf("open %s: %w", path, err) }""".split("\n")


def text_of(rng):
    size = int(math.exp(rng.uniform(math.log(2), math.log(12_000))))
    kind = rng.randrange(8)
    parts, length = [], 0
    while length < size:
        if kind <= 2:
            part = rng.choice(ENGLISH) + rng.choice([" ", " ", " ", " ", ". ", ", "])
        elif kind == 3:
            part = rng.choice(GERMAN) + " "
        elif kind == 4:
            part = rng.choice(CODE) + "\n"
        elif kind == 5:
            part = json.dumps({rng.choice(ENGLISH): rng.randrange(10**6), "ok": rng.random() < 0.5}) + ",\n"
        elif kind == 6:
            part = base64.b64encode(rng.randbytes(30)).decode()
        else:
            part = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(40))
        parts.append(part)
        length += len(part)
    return "".join(parts)[:size]


def body_of(rng, number):
    model = f"claude-{number % 12}"
    messages = [{"role": "user", "content": text_of(rng)}]
    if rng.random() < 0.3:
        messages += [{"role": "assistant", "content": text_of(rng)}, {"role": "user", "content": "Go on."}]
    body = {"model": model, "messages": messages}
    if rng.random() < 0.8:
        body["max_tokens"] = rng.choice([1, 16, 100, 1000])
    else:
        body["max_tokens"] = 4096
    if rng.random() < 0.2:
        body["tools"] = [{"name": "lookup", "description": text_of(rng)[:300],
                          "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}}}]
    return json.dumps(body, ensure_ascii=rng.random() < 0.5).encode()


class Reservations(unittest.TestCase):
    def test_nearly_all_requests_use_no_more_than_was_reserved(self):
        limits = """
tenants:
  - name: default
    limits:
      - {measure: tokens, per: total, value: 10000000000}
      - {measure: input_tokens, per: total, value: 10000000000}
      - {measure: micro_usd, per: total, value: 1000000000000}
prices:
  - {provider: anthropic, models: ["*"], input_micro_usd: 3000000, output_micro_usd: 15000000}
"""
        rng = random.Random(20261127)
        with Mock("--answer-tokens", "uniform:1:1500") as mock, \
                Gateway(mock.address, shards=2, extra=limits) as gateway:
            for first in range(0, REQUESTS, 100):
                with gateway.connect() as connection:
                    for number in range(first, first + 100):
                        connection.sendall(request(body_of(rng, number), path="/v1/messages"))
                        self.assertEqual(Response(connection).status, 200)
            overruns = gateway.metric("headrace_reserve_overrun_total")
            print(f"{overruns:.0f} of {REQUESTS} requests used more than was reserved, "
                  f"{gateway.metric('headrace_reserve_overrun_tokens_total'):.0f} tokens of "
                  f"{gateway.metric('headrace_tokens_charged_total'):.0f}")
            self.assertLessEqual(overruns, REQUESTS / 1000)


if __name__ == "__main__":
    unittest.main()
