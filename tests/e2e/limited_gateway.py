"""A gateway with a key for each kind of limit."""

from gateway import Gateway

KEYS = {
    name: f"hr-CANARY-{name}-0123456789"
    for name in (
        "minute", "tokens", "money", "credit", "soft", "concurrent", "open", "bypass", "weighted", "day",
        "small", "unpriced", "per_model", "planned", "large", "images",
    )
}


class Limited(Gateway):
    """A key for each limit, all in a tenant of its own."""

    LIMITS = {
        "minute": "limits: [{measure: requests, per: minute, value: 2}]",
        "day": "limits: [{measure: requests, per: day, value: 1, name: trial_day}]",
        "tokens": "limits: [{measure: tokens, per: minute, value: 1000}]",
        "money": "budgets: [{per: month, micro_usd: 3000, warn_percent: [50]}]",
        "credit": "credits: [{micro_usd: 700}, {micro_usd: 300}]",
        "soft": "limits: [{measure: tokens, per: hour, value: 5, action: soft}]",
        "concurrent": "limits: [{measure: concurrent, value: 1}]",
        "open": "models: [gpt-4o]",
        "bypass": "bypass_limits: true, limits: [{measure: requests, per: minute, value: 0}]",
        "weighted": "passthrough: true, limits: [{measure: requests, per: minute, value: 60}]",
        "small": "limits: [{measure: tokens, per: minute, value: 20}]",
        "unpriced": "budgets: [{per: day, micro_usd: 1000000}]",
        "per_model": 'limits: [{measure: requests, per: hour, value: 1, model: "claude-*"}]',
        "planned": "plan: basic",
        "large": "limits: [{measure: tokens, per: day, value: 1000000}]",
        "images": "limits: [{measure: tokens, per: minute, value: 12000}]",
    }

    def config_text(self):
        text = super().config_text()
        keys = "".join(f"\n  - {{name: {name}, key: {key}, {self.LIMITS[name]}}}" for name, key in KEYS.items())
        text = text.replace("\nkeys:", "\nkeys:" + keys)
        text = text.replace("\nproviders:", f'''
providers:
  - {{name: spare, dialect: openai, url: "http://{self.upstream}/v1", private_network: true, credential: up-spare-0123456789}}''')
        text = text.replace("\n  - models: [renamed]", '''
  - models: [pictures]
    targets: [{provider: openai, priority: 0}, {provider: spare, priority: 1}]
  - models: [renamed]''', 1)
        text = text.replace("\n  - models: [renamed]", "\n  - models: [unpriced]\n    targets: [{provider: openai}]\n  - models: [renamed]")
        return text + """
passthrough:
  - {path: "/v1/workflows/*/execute", provider: openai}
weights:
  - {path: "/v1/workflows/*/execute", requests: 50}
plans:
  - {name: basic, models: [gpt-4o], limits: [{measure: requests, per: minute, value: 3}]}
prices:
  - {provider: openai, models: ["gpt-*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
  - {provider: spare, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000, image_tokens_max: 20000}
  - {provider: anthropic, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
  - {provider: gemini, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
"""
