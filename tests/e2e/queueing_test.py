"""Waiting for a target that has no room: tenants by their weights, targets that are passed over, and
everything that can end a wait; with real processes, counted by the provider."""

import collections
import json
import pathlib
import socket
import struct
import tempfile
import threading
import time
import unittest

from calm import within
from gateway import Gateway, Response, chat, request
from upstream import CHAT_ANSWER, Upstream

KEYS = {name: f"hr-CANARY-{name}-0123456789" for name in ("heavy", "light")}


class Queued(Gateway):
    """Two tenants whose weights are 3 and 1, and routes with limits."""

    def __init__(self, upstream, spare, routes, providers="", **how):
        self.spare = spare
        self.routes = routes
        self.providers = providers
        super().__init__(upstream, **how)

    def config_text(self):
        text = super().config_text()
        keys = "".join(f"\n  - {{name: {name}, key: {key}, tenant: {name}}}" for name, key in KEYS.items())
        text = text.replace("\nkeys:", "\nkeys:" + keys)
        text = text.replace("\nroutes:", "\nroutes:" + self.routes)
        text = text.replace("\nproviders:", "\nproviders:" + self.providers)
        return text + "tenants: [{name: heavy, weight: 3}, {name: light, weight: 1}, {name: default}]\n"


def provider(name, address, more):
    return (f"\n  - {{name: {name}, dialect: openai, url: \"http://{address}/v1\", private_network: true,"
            f" credential: up-{name}-0123456789, {more}}}")


class QueueingTest(unittest.TestCase):
    def setUp(self):
        self.lock = threading.Lock()
        self.under_way = 0
        self.most = 0
        self.order = []
        self.think = 0.02
        self.go_on = threading.Event()
        self.go_on.set()
        self.upstream = self.enterContext(Upstream(self.serve))

    def serve(self, seen, connection):
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.order.append(seen.json()["messages"][0]["content"])
        self.go_on.wait(120)
        time.sleep(self.think)
        with self.lock:
            self.under_way -= 1
        connection.sendall(CHAT_ANSWER)
        return True

    def start(self, routes, providers="", **how):
        self.gateway = self.enterContext(Queued(self.upstream.address, None, routes, providers, **how))

    def send(self, name, connection, model="queued"):
        connection.sendall(request(chat(model, messages=[{"role": "user", "content": name}]), key=KEYS[name]))

    def ask(self, name, model="queued"):
        with self.gateway.connect(timeout=60) as connection:
            self.send(name, connection, model)
            return Response(connection)

    def crowd(self, counts, model="queued"):
        """So many requests of each tenant at once; what came of them, by name."""
        answers = collections.defaultdict(list)

        def one(name):
            response = self.ask(name, model)
            with self.lock:
                answers[name].append(response)

        threads = [threading.Thread(target=one, args=(name,)) for name, count in counts.items() for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads, answers

    # --- by weight -------------------------------------------------------------------------------

    def by_weight(self, limits, **how):
        self.start("\n  - {name: queued, models: [queued], targets: [{provider: openai}], limits: " + limits +
                   ", queue: {waiting_max: 200, wait_max_ms: 60000}}", **how)
        self.go_on.clear()
        # All that the limit has, so that everybody else waits.
        first, answers_first = self.crowd({"light": 1})
        self.wait_for(lambda: self.under_way == 1)
        others, answers = self.crowd({"heavy": 60, "light": 60})
        self.gateway.wait_for_metric("headrace_requests_queued", lambda value: value == 120)
        self.go_on.set()
        for thread in first + others:
            thread.join()
        for name in KEYS:
            self.assertEqual({response.status for response in answers[name]}, {200})
        self.assertEqual(len(self.order), 121)
        while_both_waited = self.order[1:81]
        self.assertEqual(while_both_waited.count("heavy"), 60, self.order)
        self.assertEqual(while_both_waited.count("light"), 20)
        # At every moment, not only in the end.
        for end in range(4, 81, 4):
            self.assertAlmostEqual(while_both_waited[:end].count("light"), end / 4, delta=1)
        self.assertEqual(self.gateway.metric("headrace_requests_queued"), 0)
        self.assertEqual(self.gateway.metric("headrace_queue_wait_seconds_count"), 120)
        self.assertEqual(self.gateway.metric("headrace_queue_refused_total"), 0)
        self.assertEqual(self.gateway.metric("headrace_queue_expired_total"), 0)

    def test_tenants_are_served_by_weight_as_permits_are_freed(self):
        self.by_weight("[{measure: concurrent, value: 1}]")
        self.assertEqual(self.most, 1)

    def test_tenants_are_served_by_weight_over_all_shards(self):
        self.by_weight("[{measure: concurrent, value: 1}]", shards=2)
        self.assertEqual(self.most, 1)

    def test_tenants_are_served_by_weight_as_time_passes(self):
        self.think = 0

        def start():
            self.order.clear()
            self.start("\n  - {name: queued, models: [queued], targets: [{provider: openai}], limits:"
                       " [{measure: requests, per: second, value: 20, burst: 1}],"
                       " queue: {waiting_max: 200, wait_max_ms: 60000}}", shards=2)
            return ()

        def serve():
            begun = time.monotonic()
            threads, answers = self.crowd({"heavy": 45, "light": 35})
            for thread in threads:
                thread.join()
            took = time.monotonic() - begun
            self.assertEqual({response.status for name in KEYS for response in answers[name]}, {200})
            # One at once, and the others as the bucket fills: neither sooner, nor much later.
            self.assertGreaterEqual(took, 79 / 20)
            self.assertLess(took, 79 / 20 + 2)
            # From when both have surely come until the heavy ones are through.
            both = self.order[12:self.last("heavy")]
            self.assertAlmostEqual(both.count("heavy"), 3 * both.count("light"), delta=4)
            for at in range(0, len(both) - 20, 4):  # in each second
                self.assertAlmostEqual(both[at:at + 20].count("light"), 5, delta=1)

        # What a shard cannot give while it stands still is lost, and all of it takes longer.
        within(79 / 20 + 0.3, serve, start, tries=8)

    def last(self, name):
        return len(self.order) - self.order[::-1].index(name)

    def wait_for(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.002)

    # --- what ends a wait ------------------------------------------------------------------------

    def hold_the_only_permit(self, queue="{waiting_max: 2, wait_max_ms: 20000}",
                             limits="[{measure: concurrent, value: 1}]", **how):
        self.start("\n  - {name: queued, models: [queued], targets: [{provider: openai}],"
                   " limits: " + limits + ", queue: " + queue + "}", **how)
        self.go_on.clear()
        self.holding, self.held = self.crowd({"heavy": 1})
        self.wait_for(lambda: self.under_way == 1)

    def let_go(self):
        self.go_on.set()
        for thread in self.holding:
            thread.join()
        self.assertEqual(self.held["heavy"][0].status, 200)

    def queued(self, count):
        self.gateway.wait_for_metric("headrace_requests_queued", lambda value: value == count)

    def test_no_more_wait_than_may(self):
        self.hold_the_only_permit()
        threads, answers = self.crowd({"light": 2})
        self.queued(2)
        refused = self.ask("light")
        self.assertEqual(refused.status, 429)
        self.assertEqual(refused.json()["scope"], "route")
        self.assertEqual(refused.json()["limit"], "concurrent")
        self.assertGreaterEqual(int(refused.headers.get("retry-after")), 1)
        self.assertEqual(self.gateway.metric("headrace_queue_refused_total"), 1)
        self.let_go()
        for thread in threads:
            thread.join()
        self.assertEqual([response.status for response in answers["light"]], [200, 200])
        lines = self.gateway.log_lines(4)
        self.assertEqual(sum(line.get("waited_us", 0) > 0 for line in lines), 2, lines)

    def test_nobody_waits_longer_than_he_may(self):
        self.hold_the_only_permit("{waiting_max: 2, wait_max_ms: 300}")
        expired = 0

        def wait_in_vain():
            nonlocal expired
            begun = time.monotonic()
            refused = self.ask("light")
            took = time.monotonic() - begun
            expired += 1
            self.assertEqual(refused.status, 429)
            self.assertEqual(self.gateway.metric("headrace_queue_expired_total"), expired)
            line = self.gateway.log_lines(expired)[-1]
            self.assertEqual((line["status"], line["limit"]), (429, "concurrent"))
            self.assertLessEqual(line["waited_us"], line["duration_us"])
            self.assertIn(round(took, 1), (0.3, 0.4, 0.5))
            self.assertIn(round(line["waited_us"], -5), (300_000, 400_000, 500_000))

        within(0.55, wait_in_vain)
        self.queued(0)
        self.let_go()
        self.assertEqual(self.ask("light").status, 200)

    def test_who_would_wait_too_long_is_told_at_once_until_when(self):
        self.start("\n  - {name: queued, models: [queued], targets: [{provider: openai}],"
                   " limits: [{measure: requests, per: minute, value: 1, window: bucket}],"
                   " queue: {waiting_max: 9, wait_max_ms: 20000}}")
        self.assertEqual(self.ask("light").status, 200)
        begun = time.monotonic()
        refused = self.ask("light")
        self.assertEqual(refused.status, 429)
        self.assertLess(time.monotonic() - begun, 15, "it has waited")
        self.assertIn(int(refused.headers.get("retry-after")), range(40, 62))

    def test_who_leaves_is_no_longer_waited_for(self):
        self.hold_the_only_permit()
        with self.gateway.connect() as connection:
            self.send("light", connection)
            self.queued(1)
            threads, answers = self.crowd({"heavy": 1})
            self.queued(2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.queued(1)
        self.let_go()
        for thread in threads:
            thread.join()
        self.assertEqual(answers["heavy"][0].status, 200)
        self.assertEqual(self.order, ["heavy", "heavy"])
        self.queued(0)

    def test_who_waits_is_served_while_the_gateway_drains(self):
        self.hold_the_only_permit()
        threads, answers = self.crowd({"light": 2})
        self.queued(2)
        self.gateway.signal(15)
        self.wait_for(lambda: "draining" in self.gateway.log.read_text())
        self.let_go()
        for thread in threads:
            thread.join()
        self.assertEqual([response.status for response in answers["light"]], [200, 200])

    def test_who_waits_keeps_his_place_over_a_reload_and_new_weights_count(self):
        self.hold_the_only_permit("{waiting_max: 50, wait_max_ms: 20000}")
        before, answers_before = self.crowd({"light": 1})
        self.queued(1)
        self.gateway.config.write_text(self.gateway.config.read_text().replace(
            "{name: light, weight: 1}", "{name: light, weight: 9}"))
        self.gateway.signal(1)
        self.gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
        after, answers = self.crowd({"heavy": 12, "light": 18})
        self.queued(31)
        self.let_go()
        for thread in before + after:
            thread.join()
        self.assertEqual({response.status for response in answers["light"] + answers["heavy"]}, {200})
        self.assertEqual(answers_before["light"][0].status, 200)
        # Nine to three now; the one who waited before the reload is one of them.
        self.assertAlmostEqual(self.order[1:25].count("light"), 18, delta=1)

    def judge_what_another_process_gives_back(self, waiting, found_late, **held):
        """As after an upgrade: the old process drains, and its requests still hold the limit."""
        shared = self.enterContext(tempfile.TemporaryDirectory(prefix="headrace-e2e-", dir="/dev/shm"))
        region = ["--region", pathlib.Path(shared) / "region"]
        self.hold_the_only_permit(**held, arguments=region)
        self.start(self.gateway.routes, arguments=region)
        threads, answers = self.crowd({"light": waiting})
        self.queued(waiting)
        time.sleep(0.2)
        self.assertEqual(self.under_way, 1)
        begun = time.monotonic()
        self.let_go()
        for thread in threads:
            thread.join()
        self.assertLess(time.monotonic() - begun, 20, found_late)
        self.assertEqual([response.status for response in answers["light"]], [200] * waiting)

    def test_permits_that_another_process_gives_back_are_found(self):
        self.judge_what_another_process_gives_back(2, "it was found when their time was over",
                                                   queue="{waiting_max: 2, wait_max_ms: 30000}")
        self.assertEqual(self.most, 1)

    def test_credit_of_a_window_that_another_process_gives_back_is_found(self):
        # The old one's request holds most of the minute, and uses next to nothing of it.
        self.judge_what_another_process_gives_back(1, "it was found when the minute was over",
                                                   queue="{waiting_max: 2, wait_max_ms: 100000}",
                                                   limits="[{measure: output_tokens, per: minute, value: 5000}]")

    def test_waiting_is_off_by_default(self):
        self.start("\n  - {name: queued, models: [queued], targets: [{provider: openai}],"
                   " limits: [{measure: concurrent, value: 1}]}")
        self.go_on.clear()
        self.holding, self.held = self.crowd({"heavy": 1})
        self.wait_for(lambda: self.under_way == 1)
        self.assertEqual(self.ask("light").status, 429)
        self.let_go()

    # --- passing over ----------------------------------------------------------------------------

    def test_a_target_without_room_is_passed_over(self):
        spare = self.enterContext(Upstream(lambda seen, connection: connection.sendall(CHAT_ANSWER)))
        one = provider("one", self.upstream.address, "limits: [{measure: requests, per: hour, value: 2}]")
        two = provider("two", spare.address, "limits: [{measure: requests, per: hour, value: 3}]")
        self.start("\n  - {models: [queued], targets: [{provider: one}, {provider: two, model: other, priority: 1}]}", one + two)
        answers = [self.ask("light") for _ in range(6)]
        self.assertEqual([response.status for response in answers], [200] * 5 + [429])
        self.assertEqual(answers[-1].json()["scope"], "provider")
        self.assertEqual((len(self.upstream.requests), len(spare.requests)), (2, 3))
        self.assertEqual({seen.json()["model"] for seen in spare.requests}, {"other"}, "and asked as it is called there")
        self.assertEqual(self.gateway.metric("headrace_targets_passed_over_total"), 4)

    def test_a_key_without_room_is_passed_over(self):
        keys = ("keys: [{name: a, credential: up-first-0123456789, limits: [{measure: requests, per: hour, value: 2}]},"
                " {name: b, credential: up-second-0123456789, limits: [{measure: requests, per: hour, value: 2}]}]")
        text = provider("one", self.upstream.address, keys).replace("credential: up-one-0123456789, ", "")
        self.start("\n  - {models: [queued], targets: [{provider: one}]}", text)
        answers = [self.ask("light") for _ in range(5)]
        self.assertEqual([response.status for response in answers], [200] * 4 + [429])
        self.assertEqual(answers[-1].json()["scope"], "provider_key")
        shown = collections.Counter(seen.all("authorization")[0] for seen in self.upstream.requests)
        self.assertEqual(shown, {"Bearer up-first-0123456789": 2, "Bearer up-second-0123456789": 2})

    def test_who_waits_takes_whichever_target_has_room(self):
        spare = self.enterContext(Upstream(lambda seen, connection: connection.sendall(CHAT_ANSWER)))
        one = provider("one", self.upstream.address, "limits: [{measure: concurrent, value: 1}]")
        two = provider("two", spare.address, "limits: [{measure: requests, per: second, value: 2, burst: 1}]")
        self.start("\n  - {models: [queued], targets: [{provider: one}, {provider: two, priority: 1}],"
                   " queue: {waiting_max: 20, wait_max_ms: 20000}}", one + two)
        self.go_on.clear()
        threads, answers = self.crowd({"heavy": 6})
        self.wait_for(lambda: len(spare.requests) >= 3)
        self.assertEqual(len(self.upstream.requests), 1)
        self.go_on.set()
        for thread in threads:
            thread.join()
        self.assertEqual({response.status for response in answers["heavy"]}, {200})


if __name__ == "__main__":
    unittest.main()
