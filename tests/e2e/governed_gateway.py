"""A gateway with every policy on at once: two providers, limits, prices, budgets, retries, hedges, a
cache with single flight, and a journal. What tests of faults are run against a second time."""

import re

from accounted_gateway import Accounted
from gateway import KEY

OTHER_KEY = "hr-CANARY-other-0123456789"
# Nobody meets them; what was taken of them is counted.
LIMITS = """[{measure: requests, per: total, value: 1000000}, {measure: tokens, per: total, value: 1000000000},
       {measure: concurrent, value: 10000}]"""


class Governed(Accounted):
    """`first` goes before `second`. The route `kept` keeps answers, `both` does not."""

    def __init__(self, first, second, retry="tries: 3, base_ms: 20, max_ms: 50, budget_burst: 10000", hedge="after_ms: 0",
                 on_disconnect="cancel", breaker="failures: 0", lost_attempts="absorbed", timeouts="", extra="",
                 cache="mode: always, deterministic_only: false, ttl_ms: 60000, wait_ms: 20000", **more):
        self.second = second
        self.routes = f"""
  - models: [both]
    targets: [{{provider: first, model: one}}, {{provider: second, model: two, priority: 1}}]
    retry: {{{retry}}}
    hedge: {{{hedge}}}
    lost_attempts: {lost_attempts}
  - models: [kept]
    targets: [{{provider: first, model: one}}, {{provider: second, model: two, priority: 1}}]
    retry: {{{retry}}}
    hedge: {{{hedge}}}
    cache: {{{cache}}}
"""
        self.breaker, self.timeouts = breaker, timeouts
        super().__init__(
            first,
            billing=f"billing: {{on_disconnect: {on_disconnect}}}",
            extra=f"""
http: {{drain_grace_ms: 8000}}
cache: {{memory_bytes_max: 8MiB}}
tenants:
  - name: default
    limits: {LIMITS}
  - name: other
    limits: {LIMITS}
prices:
  - {{provider: first, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}}
  - {{provider: second, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}}
{extra}""",
            **more,
        )

    def config_text(self):
        providers = "".join(
            f"""
  - name: {name}
    dialect: openai
    url: http://{address}/v1
    private_network: true
    credential: sk-CANARY-{name}-0123456789
    breaker: {{{self.breaker}}}
{self.timeouts}"""
            for name, address in (("first", self.upstream), ("second", self.second))
        )
        text = super().config_text()
        text = re.sub(r"\nproviders:.*?(?=\nkeys:)", lambda _: f"\nproviders:{providers}\nroutes:{self.routes}", text, flags=re.S)
        text = text.replace("passthrough: true", "passthrough: true\n    tenant: default", 1)
        return text.replace("\nkeys:", f"\nkeys:\n  - {{name: other, key: {OTHER_KEY}, tenant: other}}", 1)

    def used(self, key=KEY):
        """What each limit of a caller has counted, by its measure."""
        answer = self.ask(b"", method="GET", path="/v1/headrace/usage", key=key).json()
        return {limit["measure"]: limit["used"] for limit in answer["limits"]}
