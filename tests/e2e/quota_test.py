"""What outlives memory, config and power of limits and budgets, what an operator may do to them, and
what is told of costs: by real processes."""

import hashlib
import json
import mmap
import struct
import subprocess
import threading
import time
import unittest

from accounted_gateway import Accounted, ctl
from gateway import BIN, Gateway, Response, chat, request
from upstream import CHAT, STREAM_HEAD, Upstream, answer, chunk, delta, event

STANDARD_PRICE = """
prices:
  - {provider: openai, models: ["gpt-*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
"""
PRICES = STANDARD_PRICE + """\
  - {provider: openai, models: ["gpt-*"], service_tier: flex, input_micro_usd: 500000, output_micro_usd: 1000000}
  - {provider: openai, models: ["gpt-4o"], service_tier: priority, input_micro_usd: 4000000, output_micro_usd: 8000000}
"""
TOKEN = "debug-CANARY-0123456789"
TOLD = f"""
answers:
  cost: true
  debug_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}
"""


class Restarted(Accounted):
    """Whose limits are those that a test says."""

    def __init__(self, upstream, limits, **more):
        self.limits = limits
        super().__init__(upstream, **more)

    def config_text(self):
        text = super().config_text()
        return text.replace("    passthrough: true\n", f"    passthrough: true\n    {self.limits}\n", 1)

    def become(self, limits, extra=""):
        self.limits = limits
        self.extra += extra
        self.config.write_text(self.config_text())

    def used(self):
        usage = self.ask(b"", method="GET", path="/v1/headrace/usage").json()
        return {limit["name"]: limit["used"] for limit in usage["limits"]}

    def lose_power(self):
        """The process and its memory are gone; what was synced is there."""
        self.kill()
        self.region.unlink()

    def limits_of(self, **scope):
        options = [part for name, value in scope.items() for part in (f"--{name}", value)]
        lines = ctl("limits", "--region", self.region, "-o", "json", *options).splitlines()
        return {row["limit"]: row for row in map(json.loads, lines)}


class Reboot(unittest.TestCase):
    def test_what_was_spent_is_found_by_the_limit_itself(self):
        day = "{measure: requests, per: day, value: 5, name: day}"
        month = "{measure: tokens, per: month, value: 100000, name: month}"
        model = '{measure: requests, per: month, value: 9, name: model, model: "gpt-*"}'
        added = "{measure: output_tokens, per: day, value: 100000, name: added}"
        with Upstream() as upstream, Restarted(upstream.address, f"limits: [{day}, {month}, {model}]") as gateway:
            for _ in range(3):
                self.assertEqual(gateway.ask(chat(max_tokens=5)).status, 200)
            before = gateway.used()
            self.assertEqual(before, {"day": 3, "month": 54, "model": 3})
            gateway.records(3)
            gateway.lose_power()
            # Another order, one limit less and one more, and a table of another size.
            gateway.become(f"limits: [{added}, {model}, {day}]", "\nquota: {limits_in_use_max: 5000}\n")
            gateway.start()
            self.assertEqual(gateway.used(), {"added": 0, "model": 3, "day": 3})
            self.assertEqual([gateway.ask(chat(max_tokens=5)).status for _ in range(3)], [200, 200, 429])
            gateway.records(5)
            gateway.lose_power()
            # What was taken out of the config has not begun anew either.
            gateway.become(f"limits: [{month}, {day}]", "")
            gateway.config.write_text(gateway.config_text().replace("max: 5000", "max: 64"))
            gateway.start()
            self.assertEqual(gateway.used(), {"month": 54, "day": 5})
            self.assertIn("calendar limits and credits comes from the journal", gateway.log.read_text())

    def test_after_a_power_failure_the_spend_is_whole_as_far_as_the_records_are(self):
        limits = "limits: [{measure: requests, per: day, value: 100000, name: day}]\n    credits: [{micro_usd: 1000000000}]"
        with Upstream() as upstream, Restarted(upstream.address, limits, extra=PRICES) as gateway:
            for _ in range(4):
                # Not a moment longer than it takes until something is on the disk.
                count = len(gateway.rows()[0])
                stop = threading.Event()

                def ask():
                    while not stop.is_set():
                        try:
                            gateway.ask(chat(max_tokens=5))
                        except OSError:
                            return

                clients = [threading.Thread(target=ask) for _ in range(3)]
                for client in clients:
                    client.start()
                gateway.records(count + 5)
                gateway.lose_power()
                stop.set()
                for client in clients:
                    client.join()
                records, _ = gateway.rows()
                gateway.start()
                used = gateway.used()
                self.assertGreaterEqual(used["day"], len(records))
                self.assertGreaterEqual(used["credits"], sum(record["cost_micro_usd"] for record in records))
                # Nor is anything doubled: what may be beyond are requests that were under way.
                self.assertLessEqual(used["day"], len(records) + 40)


class Operator(unittest.TestCase):
    def test_a_limit_is_reset_beside_a_running_gateway_and_stays_reset(self):
        limits = ("limits: [{measure: requests, per: day, value: 2, name: day}, "
                  "{measure: requests, per: hour, value: 50, name: hour}]")
        with Upstream() as upstream, Restarted(upstream.address, limits) as gateway:
            self.assertEqual([gateway.ask().status for _ in range(3)], [200, 200, 429])
            self.assertEqual(gateway.limits_of()["day"]["used"], 2)
            ctl("limits", "reset", "--region", gateway.region, "--key", "test", "--limit", "day")
            self.assertEqual(gateway.limits_of(key="test")["day"]["used"], 0)
            self.assertEqual(gateway.limits_of(key="test")["hour"]["used"], 2, "no other was touched")
            self.assertEqual([gateway.ask().status for _ in range(3)], [200, 200, 429])
            # Without a gateway, and through a reboot.
            gateway.kill()
            ctl("limits", "reset", "--region", gateway.region, "--key", "test")
            gateway.start()
            self.assertEqual(gateway.ask().status, 200)
            gateway.records(5)
            gateway.lose_power()
            gateway.start()
            self.assertEqual(gateway.used()["day"], 1)
            with self.assertRaisesRegex(AssertionError, "nobody of that name"):
                ctl("limits", "reset", "--region", gateway.region, "--key", "nobody")
            with self.assertRaisesRegex(AssertionError, "no limit of that name"):
                ctl("limits", "--region", gateway.region, "--limit", "nosuch")
            with self.assertRaisesRegex(AssertionError, "say whose"):
                ctl("limits", "reset", "--region", gateway.region)

    def test_a_user_may_be_named_by_any_bytes(self):
        limits = "limits: [{measure: requests, per: day, value: 9, name: each, each: user}]"
        with Upstream() as upstream, Restarted(upstream.address, "tenant: acme",
                                               extra=f"tenants: [{{name: acme, {limits}}}]\n") as gateway:
            named = ("limits", "--region", gateway.region, "--tenant", "acme", "--user", b"jos\xe9\xff")
            (line,) = ctl(*named, "-o", "json").splitlines()
            self.assertEqual(json.loads(line)["name"], "jos\ufffd\ufffd")
            ctl("limits", "reset", *named[1:], "-o", "json")

    def test_no_name_or_argument_steers_the_operators_terminal(self):
        steering = b"\x1b[2J\xc2\x9b2J\xe2\x80\xae\x9b\r"
        shown = "?[2J?2J???"
        limits = "limits: [{measure: requests, per: day, value: 9, name: each, each: user}]"
        with Upstream() as upstream, Restarted(upstream.address, "tenant: acme",
                                               extra=f"tenants: [{{name: acme, {limits}}}]\n") as gateway:
            line = ctl("limits", "--region", gateway.region, "--tenant", "acme", "--user", steering).splitlines()[-1]
            self.assertEqual(line.split()[1], shown)
            for arguments in (("limits", "--region", gateway.region, "--tenant", steering, "--user", "joe"),
                              ("limits", "--region", steering), ("keys", "--region", steering), ("clock", "--region", steering),
                              ("records", "--region", steering), ("records", "--journal", steering), ("check", steering),
                              ("limits", "--region", gateway.region, "-o", steering), (steering,), ("keys", b"--" + steering)):
                ran = subprocess.run([BIN / "headracectl", *arguments], capture_output=True, timeout=60)
                self.assertNotEqual(ran.returncode, 0, arguments)
                told = (ran.stdout + ran.stderr).decode()
                self.assertEqual([c for c in told if not c.isprintable() and c != "\n"], [], arguments)
                self.assertIn(shown, told)

    def test_limits_of_routes_providers_and_their_keys_are_reset_too(self):
        limit = "limits: [{measure: requests, per: hour, value: 9}]"
        with Upstream() as upstream:
            gateway = Restarted(upstream.address, "tenant: default")
            text = gateway.config_text().replace("  - models: [gpt-4o, smart]", f"  - name: chat\n    {limit}\n    models: [gpt-4o, smart]")
            keys = f"    {limit}\n    keys: [{{name: first, credential: sk-CANARY-first-0123456789, {limit}}}]\n"
            before, behind = text.split("    credential: ", 1)
            text = before + keys + behind.split("\n", 1)[1]
            gateway.config_text = lambda: text
            with gateway:
                self.assertEqual(gateway.ask().status, 200)
                for scope in ({"route": "chat"}, {"provider": "openai"}, {"provider": "openai/first"}):
                    (name, value), = scope.items()
                    self.assertEqual(gateway.limits_of(**scope)["requests_per_hour"]["used"], 1, scope)
                    ctl("limits", "reset", "--region", gateway.region, f"--{name}", value)
                    self.assertEqual(gateway.limits_of(**scope)["requests_per_hour"]["used"], 0, scope)

    def test_an_operator_says_that_the_clock_is_right(self):
        # Behind the header and the incarnations: core/limits/limit_words.h.
        wall_offset, wall_seal = (2 * mmap.PAGESIZE + word * 8 for word in (2, 6))
        with Upstream() as upstream, Restarted(
                upstream.address, "limits: [{measure: requests, per: day, value: 9, name: day}]") as gateway:
            self.assertEqual(gateway.ask().status, 200)
            self.assertNotIn("was set by", ctl("clock", "--region", gateway.region))
            with open(gateway.region, "r+b") as file, mmap.mmap(file.fileno(), 4 * mmap.PAGESIZE) as memory:
                (offset,) = struct.unpack_from("<q", memory, wall_offset)
                # As if the system's clock had been set two days ahead since.
                struct.pack_into("<q", memory, wall_offset, offset - 2 * 86400 * 10**9)
                struct.pack_into("<Q", memory, wall_seal, 0)  # as of a version that knew of no seal
            deadline = time.monotonic() + 60
            while "was set by 172800 s" not in ctl("clock", "--region", gateway.region):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            self.assertIn("go by", ctl("clock", "accept", "--region", gateway.region))
            self.assertNotIn("was set by", ctl("clock", "--region", gateway.region))
            self.assertIn("the system's clock was set by 172800 s", gateway.log.read_text())
            self.assertEqual(gateway.ask().status, 200)
            with open(gateway.region, "r+b") as file, mmap.mmap(file.fileno(), 4 * mmap.PAGESIZE) as memory:
                struct.pack_into("<q", memory, wall_offset, 5 * 10**18)  # the year 2128
            gateway.wait_for_metric("headrace_limit_clock_overwritten_total", lambda value: value == 1)
            self.assertIn("days and months go by is damaged", gateway.log.read_text())
            self.assertNotIn("was set by", ctl("clock", "--region", gateway.region))
            self.assertEqual(gateway.ask().status, 200)


class Lowered(unittest.TestCase):
    def test_a_stream_sees_that_its_limit_was_lowered(self):
        go_on = threading.Event()

        def script(_, connection):
            connection.sendall(STREAM_HEAD + chunk(event(delta("x"))))
            go_on.wait(120)
            try:
                for _ in range(5000):
                    connection.sendall(chunk(event(delta("x"))))
                    time.sleep(0.0005)
            except OSError:
                pass
            return False

        def limits(value):
            return f"limits: [{{measure: tokens, per: day, value: {value}, name: day}}]"

        with Upstream(script) as upstream, Restarted(upstream.address, limits(100000)) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat(stream=True, max_tokens=4000)))
                connection.recv(100)
                gateway.become(limits(100))
                gateway.signal(1)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
                go_on.set()
                text = b""
                while piece := connection.recv(65536):
                    text += piece
                    if b"[DONE]" in text:
                        break
            self.assertIn(b'"finish_reason":"length"', text)
            self.assertLess(text.count(b'"content"'), 1000)
            (record,) = gateway.records(1)
            self.assertEqual((record["ending"], record["limit"]), ("cut", "day"))


class Told(unittest.TestCase):
    def test_a_client_sees_its_limits_of_one_model_and_what_is_left_on_every_answer(self):
        limits = ('limits: [{measure: requests, per: day, value: 9, name: of_one, model: "gpt-*"}, '
                  "{measure: requests, per: minute, value: 60, name: minute}]")
        with Upstream() as upstream, Restarted(upstream.address, limits) as gateway:
            self.assertEqual(gateway.ask().status, 200)
            usage = gateway.ask(b"", method="GET", path="/v1/headrace/usage").json()["limits"]
            of_one = next(limit for limit in usage if limit["name"] == "of_one")
            self.assertEqual((of_one["model"], of_one["used"], of_one["limit"]), ("gpt-*", 1, 9))
            models = gateway.ask(b"", method="GET", path="/v1/models")
            self.assertEqual(models.headers.get("x-ratelimit-remaining"), "59")

    def test_costs_follow_the_tier_and_stand_in_field_record_and_explanation(self):
        def script(seen, connection):
            tier = seen.json().get("service_tier")
            body = dict(CHAT, service_tier=tier) if tier else CHAT
            connection.sendall(answer(json.dumps(body).encode()))

        # 11 tokens of input, 7 of output.
        costs = {None: 25, "default": 25, "flex": 13, "priority": 100}
        with Upstream(script) as upstream, Restarted(
                upstream.address, "budgets: [{micro_usd: 100000000}]", extra=PRICES + TOLD) as gateway:
            versions = {}
            for tier, cost in costs.items():
                members = {"service_tier": tier} if tier else {}
                response = gateway.ask(chat(max_tokens=50, **members), headers=[f"X-Headrace-Debug: {TOKEN}"])
                self.assertEqual(response.headers.get("x-headrace-cost"), str(cost))
                explained = json.loads(response.headers["x-headrace-explain"])
                self.assertEqual(explained["cost_micro_usd"], cost)
                # The dearest tier for all that may come.
                self.assertGreaterEqual(explained["reserved_micro_usd"], 50 * 8)
            for record, cost in zip(gateway.records(len(costs)), costs.values()):
                self.assertEqual(record["cost_micro_usd"], cost)
                self.assertRegex(record["price"], "^[0-9a-f]{16}$")
                versions[cost] = record["price"]
            self.assertEqual(len(set(versions.values())), 3)
            self.assertEqual(gateway.used()["budget_per_month"], sum(costs.values()))
            self.assertEqual(gateway.ask(b"", method="GET", path="/v1/models").headers.get("x-headrace-cost"), "0")

    def test_a_budgets_threshold_is_logged_once(self):
        # A request reserves about 160 of 400 and uses 25: it passes 50 % again and again.
        with Upstream() as upstream, Restarted(
                upstream.address, "budgets: [{micro_usd: 400, warn_percent: [50]}]", extra=STANDARD_PRICE) as gateway:
            for _ in range(8):
                gateway.ask(chat(max_tokens=64))
            self.assertGreater(gateway.metric("headrace_budget_warnings_total"), 1)
            self.assertEqual(gateway.log.read_text().count("50% of budget budget_per_month of key test"), 1)

    def test_a_threshold_that_is_passed_names_whose_budget_it_is(self):
        def budget(name):
            return f"budgets: [{{micro_usd: 400, warn_percent: [1], name: of-{name}}}]"

        with Upstream() as upstream, Restarted(
                upstream.address, f"tenant: acme\n    project: search\n    user: ada\n    {budget('key')}",
                extra=f"""{STANDARD_PRICE}
organisations: [{{name: holding, {budget("organisation")}}}]
tenants: [{{name: acme, organisation: holding, {budget("tenant")}}}]
projects: [{{name: search, tenant: acme, {budget("project")}}}]
users: [{{name: ada, tenant: acme, {budget("user")}}}]
""") as gateway:
            self.assertEqual(gateway.ask(chat(max_tokens=64)).status, 200)
            log = gateway.log.read_text()
            for scope, name in (("organisation", "holding"), ("tenant", "acme"), ("project", "search"), ("user", "ada"), ("key", "test")):
                self.assertIn(f"1% of budget of-{scope} of {scope} {name} is spent or reserved\n", log)

    def test_a_flood_of_refusals_is_counted_and_sampled(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            gateway.config.write_text(gateway.config_text().replace(
                "access_log:\n", "access_log:\n  refusals_per_second: 5\n"))
            gateway.signal(1)
            gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
            with gateway.connect() as connection:
                for _ in range(200):
                    connection.sendall(request(chat("unknown-model")))
                    self.assertEqual(Response(connection).status, 404)
            time.sleep(1.1)
            with gateway.connect() as connection:
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)
            left_out = gateway.metric("headrace_access_log_refusals_left_out_total")
            self.assertGreater(left_out, 150)
            lines = gateway.log_lines(int(201 - left_out))
            self.assertEqual(len(lines) + left_out, 201)
            self.assertEqual(sum(line.get("refusals_left_out", 0) for line in lines), left_out)


if __name__ == "__main__":
    unittest.main()
