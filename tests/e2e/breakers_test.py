"""Keys with and without room, breakers, health checks: who is asked next, and who is not."""

import json
import signal
import threading
import time
import unittest

from calm import within
from resilience_world import FIRST_KEY, Scripted, ask, error
from upstream import CHAT, CHAT_ANSWER, STREAM_HEAD, answer, chunk, delta, event

SECOND_KEY = "sk-CANARY-second-0123456789"


class Keys(Scripted):
    KEYS = f"keys: [{{name: a, credential: {FIRST_KEY}}}, {{name: b, credential: {SECOND_KEY}}}]"

    def credentials(self):
        used = [seen.all("authorization") for seen in self.upstreams["first"].requests]
        self.upstreams["first"].requests.clear()
        self.assertTrue(all(len(each) == 1 for each in used))
        return [each[0].removeprefix("Bearer ") for each in used]

    def test_keys_take_turns_and_one_goes_upstream(self):
        gateway = self.gateway(keys=self.KEYS)
        for _ in range(40):
            self.assertEqual(ask(gateway, "alone").status, 200)
        self.assertEqual(set(self.credentials()), {FIRST_KEY, SECOND_KEY})

    def test_a_spent_key_is_not_tried_before_its_reset(self):
        gateway = self.gateway(keys=self.KEYS)
        spent = ["x-ratelimit-limit-requests: 10", "x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 1s"]

        def spend_and_go_on():
            self.credentials()
            self.scripts["first"] = [answer(json.dumps(CHAT).encode(), headers=spent)]
            self.assertEqual(ask(gateway, "alone").status, 200)
            (used,) = self.credentials()
            for _ in range(20):
                ask(gateway, "alone")
            self.assertNotIn(used, self.credentials())
            return used

        used = within(0.9, spend_and_go_on)
        time.sleep(1.1)
        for _ in range(40):
            ask(gateway, "alone")
        self.assertIn(used, self.credentials())

    def test_429_goes_on_with_another_key_and_benches_the_one(self):
        gateway = self.gateway(keys=self.KEYS)
        self.scripts["first"] = [error("429 Too Many Requests", headers=["retry-after: 60"])]
        self.assertEqual(ask(gateway, "alone").status, 200)
        first, second = self.credentials()
        self.assertNotEqual(first, second)
        for _ in range(20):
            self.assertEqual(ask(gateway, "alone").status, 200)
        self.assertEqual(set(self.credentials()), {second})

    def test_a_bad_key_is_benched_for_as_long_as_there_is_another(self):
        gateway = self.gateway(keys=self.KEYS)

        def judge(connection):
            bad = self.upstreams["first"].requests[-1].all("authorization") == [f"Bearer {FIRST_KEY}"]
            connection.sendall(error("401 Unauthorized") if bad else CHAT_ANSWER)

        self.scripts["first"] = [judge] * 100
        for _ in range(30):
            self.assertEqual(ask(gateway, "alone").status, 200)
        self.assertLessEqual(self.credentials().count(FIRST_KEY), 1)
        self.assertEqual(gateway.metric("headrace_provider_keys_benched_total"), 1)

    def test_an_account_that_is_used_up_is_told_from_one_that_is_busy(self):
        gateway = self.gateway(keys=self.KEYS)
        self.scripts["first"] = [error("429 Too Many Requests", type="insufficient_quota", code="insufficient_quota")]
        self.assertEqual(ask(gateway, "alone").status, 200)
        used = self.credentials()
        time.sleep(1.1)  # a busy one would be tried again by now
        for _ in range(20):
            ask(gateway, "alone")
        self.assertNotIn(used[0], self.credentials())

    def test_a_403_of_the_only_key_is_the_providers_own_answer(self):
        """It may speak of the request as well: a model, a region, what the prompt asks for."""
        gateway = self.gateway()
        self.scripts["first"] = [error("403 Forbidden")]
        self.assertEqual([ask(gateway, "alone").status for _ in range(2)], [403, 200])

    def assertHidesTheRefusal(self, response):
        told = response.json()
        self.assertEqual((response.status, told["code"], told["error"]["code"]), (502, "upstream_failed", "upstream_failed"))
        self.assertEqual(response.headers["x-should-retry"], "false")
        self.assertNotIn("www-authenticate", response.headers)
        self.assertNotIn(b"sk-CANARY-hint", response.body)

    def test_what_a_provider_says_of_our_key_is_for_us_alone(self):
        """The client's own key is in order: an SDK must neither say that it is not, nor try again."""
        gateway = self.gateway()
        said = error("401 Unauthorized", headers=["WWW-Authenticate: Bearer"], message="Incorrect API key provided: sk-CANARY-hint")
        self.scripts["first"] = [said, said]
        self.assertHidesTheRefusal(ask(gateway, "alone"))
        self.assertHidesTheRefusal(ask(gateway, "alone", stream=True))
        self.assertEqual(ask(gateway, "alone").status, 200)
        self.assertEqual(gateway.metric("headrace_provider_keys_refused_total"), 2)
        self.assertIn("provider first does not take our key", gateway.log.read_text())
        self.assertEqual([line["status"] for line in gateway.log_lines(3)], [502, 502, 200])

    def test_another_target_is_asked_before_the_client_hears_of_it(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("401 Unauthorized", message="sk-CANARY-hint")]
        self.assertEqual((ask(gateway).status, self.seen("first"), self.seen("second")), (200, 1, 1))
        self.scripts["first"] = [error("401 Unauthorized")]
        self.scripts["second"] = [error("401 Unauthorized", message="sk-CANARY-hint")]
        self.assertHidesTheRefusal(ask(gateway))
        self.assertEqual(gateway.metric("headrace_provider_keys_refused_total"), 3)

    def test_a_401_that_breaks_off_or_says_too_much_is_hidden_too(self):
        gateway = self.gateway()
        long = error("401 Unauthorized", message="sk-CANARY-hint" + "x" * 100_000)

        def breaks_off(connection):
            connection.sendall(error("401 Unauthorized", message="sk-CANARY-hint")[:-5])
            return False

        self.scripts["first"] = [long, breaks_off]
        self.assertHidesTheRefusal(ask(gateway, "alone"))
        self.assertHidesTheRefusal(ask(gateway, "alone"))

    def test_when_everything_is_spent_the_answer_says_until_when(self):
        gateway = self.gateway()
        self.scripts["first"] = [error("429 Too Many Requests", headers=["retry-after: 40"])]
        begun = time.monotonic()
        self.assertEqual(ask(gateway, "alone").status, 429)
        response = ask(gateway, "alone")
        self.assertEqual(response.status, 503)
        self.assertTrue(39 - (time.monotonic() - begun) <= int(response.headers["retry-after"]) <= 40)
        self.assertEqual(response.json()["code"], "upstream_unavailable")
        self.assertEqual(self.seen("first"), 1)


class Breakers(Scripted):
    RULES = "breaker: {failures: 5, window_ms: 60000, open_ms: 60000, probes_max: 1, successes: 2}"
    SOON = RULES.replace("open_ms: 60000", "open_ms: 700")

    def test_five_failures_open_it_probes_close_it(self):
        def start():
            self.upstreams["first"].requests.clear()
            self.scripts["first"] = [error("500 Internal Server Error")] * 5
            return (self.gateway(breaker=self.SOON, route="retry: {tries: 1}"),)

        def open_it(gateway):
            self.assertEqual([ask(gateway, "alone").status for _ in range(5)], [500] * 5)
            response = ask(gateway, "alone")
            self.assertEqual((response.status, self.seen("first")), (503, 5))
            self.assertEqual(response.headers["retry-after"], "1")
            self.assertEqual(gateway.metric("headrace_breakers_opened_total"), 1)
            # The route with another target goes on at once.
            self.assertEqual(ask(gateway).status, 200)
            return gateway

        gateway = within(0.7, open_it, start)
        time.sleep(0.8)
        self.assertEqual([ask(gateway, "alone").status for _ in range(2)], [200, 200])
        self.assertEqual(gateway.metric("headrace_breakers_closed_total"), 1)

    def test_all_shards_see_it_and_no_reload_resets_it(self):
        gateway = self.gateway(breaker=self.RULES, route="retry: {tries: 1}", shards=2)
        self.scripts["first"] = [error("500 Internal Server Error")] * 100
        statuses = [ask(gateway, "alone").status for _ in range(30)]
        self.assertEqual(statuses, [500] * 5 + [503] * 25)
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
        self.assertEqual({ask(gateway, "alone").status for _ in range(10)}, {503})
        self.assertIn(b'headrace_breaker_state{provider="first",model=""', gateway.admin("/metrics"))

    def test_a_model_that_fails_leaves_its_provider_to_the_others(self):
        gateway = self.gateway(breaker=self.RULES, route="retry: {tries: 1}")
        self.scripts["first"] = [error("500 Internal Server Error")] * 5
        for _ in range(5):
            ask(gateway)  # model "one" on the first provider
        self.assertEqual(ask(gateway).status, 200)
        self.assertEqual((self.seen("first"), self.seen("second")), (5, 1))
        self.assertEqual(ask(gateway, "alone").status, 200)

    def test_only_so_many_probes_are_let_through_at_a_time(self):
        gateway = self.gateway(breaker=self.SOON, route="retry: {tries: 1}", shards=2)
        self.scripts["first"] = [error("500 Internal Server Error")] * 5
        for _ in range(5):
            ask(gateway, "alone")
        time.sleep(0.8)  # from here on one may try
        go_on = threading.Event()

        def slow(connection):
            go_on.wait(120)
            connection.sendall(CHAT_ANSWER)

        self.scripts["first"] = [slow]
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(ask(gateway, "alone").status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(statuses) < 7 and time.monotonic() < deadline:
            time.sleep(0.01)
        go_on.set()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(statuses), [200] + [503] * 7)

    def test_an_error_inside_a_stream_counts(self):
        gateway = self.gateway(breaker=self.RULES, route="retry: {tries: 1}")
        failed = STREAM_HEAD + chunk(event(delta("a"))) + chunk(event({"error": {"message": "overloaded"}})) + chunk(b"")[:-2] + b"\r\n"
        self.scripts["first"] = [failed] * 5
        for _ in range(5):
            self.assertEqual(ask(gateway, "alone", stream=True).status, 200)
        self.assertEqual(ask(gateway, "alone").status, 503)

    def test_the_clients_own_faults_never_open_it(self):
        gateway = self.gateway(breaker=self.RULES, route="retry: {tries: 1}")
        self.scripts["first"] = [error("400 Bad Request")] * 20
        for _ in range(20):
            self.assertEqual(ask(gateway, "alone").status, 400)
        self.assertEqual(ask(gateway, "alone").status, 200)


class HealthChecks(Scripted):
    def test_a_provider_that_fails_its_checks_is_passed_over_until_it_passes_them(self):
        well = threading.Event()

        def checked(connection):
            asked = self.upstreams["first"].requests[-1]
            if not asked.line.startswith("GET /v1/up "):
                connection.sendall(CHAT_ANSWER)
                return True
            self.assertEqual(asked.all("authorization"), [])
            connection.sendall(answer(b"", status="200 OK" if well.is_set() else "500 Sorry"))
            return False

        self.scripts["first"] = [checked] * 10_000
        gateway = self.gateway(
            breaker="health: {interval_ms: 400, timeout_ms: 400, path: /up, failures: 2, successes: 2}\n    breaker: {failures: 0}",
            shards=2,
        )
        self.scripts["second"] = [answer(b"{}")] * 10_000
        down = b'headrace_provider_down{provider="first"} %d'
        self.wait_for(lambda: down % 1 in gateway.admin("/metrics"))
        self.assertEqual({ask(gateway).body for _ in range(10)}, {b"{}"})
        self.assertEqual(ask(gateway, "alone").status, 503)
        self.assertIn(b"down by its health checks", gateway.admin("/providers"))
        well.set()
        self.wait_for(lambda: down % 0 in gateway.admin("/metrics"))
        self.assertEqual(ask(gateway, "alone").status, 200)


if __name__ == "__main__":
    unittest.main()
