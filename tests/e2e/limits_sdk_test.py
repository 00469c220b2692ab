"""The official SDKs against the gateway's limits: they raise their own errors and wait as they are
told. Skipped where npm is not reachable."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from gateway import Gateway
from upstream import CHAT_ANSWER, Upstream, answer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 11, "output_tokens": 7},
}
LIMITS = {
    "minute": "limits: [{measure: requests, per: minute, value: 1}]",
    "second": "limits: [{measure: requests, per: second, value: 1}]",
    "other_minute": "limits: [{measure: requests, per: minute, value: 1}]",
    "other_second": "limits: [{measure: requests, per: second, value: 1}]",
    "broke": "credits: [{micro_usd: 0}]",
    "nothing": "limits: [{measure: concurrent, value: 0}]",
}
KEYS = {name: f"hr-CANARY-{name}-0123456789" for name in LIMITS}


class Limited(Gateway):
    def config_text(self):
        keys = "".join(f"\n  - {{name: {name}, key: {key}, {LIMITS[name]}}}" for name, key in KEYS.items())
        return super().config_text().replace("\nkeys:", "\nkeys:" + keys) + """
prices:
  - {provider: openai, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
  - {provider: anthropic, models: ["*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
"""


class LimitsSdkTest(unittest.TestCase):
    def setUp(self):
        script = ("source tools/scripts/terminal.sh; source tools/scripts/sdk_demo.sh; "
                  "mkdir -p $demo_folder; exec 9>$demo_folder/lock; flock 9; install_node_sdks")
        if subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True).returncode != 0:
            self.skipTest("the SDKs could not be installed from npm (build/demo/npm.log)")

        def provider(seen, connection):
            is_message = seen.line.split()[1].startswith("/v1/messages")
            connection.sendall(answer(json.dumps(MESSAGE).encode()) if is_message else CHAT_ANSWER)
            return True

        self.upstream = self.enterContext(Upstream(provider))
        self.gateway = self.enterContext(Limited(self.upstream.address))

    def test_sdks_raise_their_errors_and_wait(self):
        folder = ROOT / "build" / "demo" / "node"
        steps = folder / "limits_sdk.mjs"
        shutil.copy(HERE / "limits_sdk.mjs", steps)
        environment = {**os.environ, "GATEWAY": f"http://127.0.0.1:{self.gateway.port}",
                       **{name.upper(): key for name, key in KEYS.items()}}
        ran = subprocess.run(["node", steps], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("7 passed, 0 failed", ran.stdout)


if __name__ == "__main__":
    unittest.main()
