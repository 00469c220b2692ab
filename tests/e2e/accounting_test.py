"""Usage records: one for each admitted request, whatever happens to process and disk."""

import collections
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from accounted_gateway import Accounted, Load, ctl
from gateway import BIN, Response, chat, request
from mock import Mock
from upstream import STREAM_HEAD, Upstream, chunk, delta, event, held_stream, reset, unheeding_stream

# How often the process is killed: 100 times, as promised, takes a minute.
KILLS = int(os.environ.get("HEADRACE_KILLS", "12"))


class Accounting(unittest.TestCase):
    def test_a_record_says_who_asked_what_and_what_was_used(self):
        prices = """
prices:
  - {provider: openai, models: ["gpt-*"], input_micro_usd: 1000000, output_micro_usd: 2000000}
"""
        with Mock("--answer-tokens", "20") as mock, Accounted(mock.address, extra=prices) as gateway:
            answer = gateway.ask(
                headers=["X-Request-Id: request-one", "X-Headrace-Tags: task=sum, \"team=a",
                         "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])
            self.assertEqual(answer.status, 200)
            usage = answer.json()["usage"]
            (record,) = gateway.records(1)
            self.assertEqual(record["request_id"], "request-one")
            self.assertEqual(record["trace_id"], "0af7651916cd43dd8448eb211c80319c")
            self.assertEqual(record["tags"], "task=sum,team=a")
            self.assertEqual((record["tenant"], record["key"]), ("default", "test"))
            self.assertEqual((record["route"], record["provider"], record["model"]), ("gpt-4o", "openai", "gpt-4o"))
            self.assertEqual((record["dialect"], record["endpoint"]), ("openai", "chat_completions"))
            self.assertEqual((record["status"], record["ending"]), (200, "answered"))
            self.assertEqual(record["usage"]["source"], "provider")
            self.assertEqual(record["usage"]["in_fresh"], usage["prompt_tokens"])
            self.assertEqual(record["usage"]["out_text"], usage["completion_tokens"])
            self.assertEqual(record["raw_usage"]["prompt_tokens"], usage["prompt_tokens"])
            self.assertEqual([attempt["status"] for attempt in record["attempts"]], [200])
            self.assertGreater(record["duration_us"], 0)
            self.assertEqual(record["cost_micro_usd"], usage["prompt_tokens"] + 2 * usage["completion_tokens"])

    def test_a_folder_without_a_journal_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([BIN / "headracectl", "records", "--journal", folder], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, "there are no segments in this folder\n"))

    def test_counting_tokens_costs_nothing(self):
        body = json.dumps({"model": "claude-x", "messages": [{"role": "user", "content": "many words " * 99}]}).encode()
        gemini = json.dumps({"contents": [{"parts": [{"text": "many words " * 99}]}]}).encode()
        responses = json.dumps({"model": "gpt-4o", "input": "many words " * 99}).encode()
        with Mock() as mock, Accounted(mock.address, extra="""
tenants:
  - {name: default, limits: [{measure: tokens, per: day, value: 100000}], budgets: [{micro_usd: 100000}]}
prices:
  - {provider: openai, models: ["*"], input_micro_usd: 1000000, request_micro_usd: 7}
  - {provider: anthropic, models: ["*"], input_micro_usd: 1000000, request_micro_usd: 7}
  - {provider: gemini, models: ["*"], input_micro_usd: 1000000, request_micro_usd: 7}
""") as gateway:
            for path, asked in (("/v1/messages/count_tokens", body), ("/v1beta/models/gemini-pro:countTokens", gemini),
                                ("/v1/responses/input_tokens", responses)):
                self.assertEqual(gateway.ask(asked, path=path).status, 200, path)
            used = gateway.ask(b"", method="GET", path="/v1/headrace/usage").json()["limits"]
            self.assertEqual([limit["used"] for limit in used], [0, 0])
            self.assertEqual(gateway.metric("headrace_reserve_overrun_total"), 0)
            self.assertEqual(gateway.metric("headrace_tokens_charged_total"), 0)
            for record in gateway.records(3):
                self.assertEqual((record["cost_micro_usd"], record["usage"]), (0, {"source": "none"}))

    def test_what_bodies_say_of_their_purpose_stands_in_the_tags(self):
        said = {"user": "u,1", "metadata": {"flow": "nightly", "n": 7, "deep": {"x": 1}}}
        claude = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}],
                             "metadata": {"user_id": "u-9"}}).encode()
        with Mock("--answer-tokens", "20") as mock:
            for journal, tags in (("", "task=sum,flow=nightly,n=7,user=u%2C1"), ("  body_tags: false", "task=sum")):
                with Accounted(mock.address, journal=journal) as gateway:
                    self.assertEqual(gateway.ask(chat(**said), headers=["X-Headrace-Tags: task=sum"]).status, 200)
                    self.assertEqual(gateway.ask(claude, path="/v1/messages").status, 200)
                    first, second = gateway.records(2)
                    self.assertEqual(first["tags"], tags)
                    self.assertEqual(second.get("tags"), None if journal else "user_id=u-9")

    def test_every_admitted_request_has_one_record_and_every_refused_one_is_counted(self):
        def script(request, connection):
            if b"/v1/audio/" in request.head:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            elif b"gpt-4o" in request.body:
                connection.sendall(b"HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n"
                                   + b'{"error":{"message":"' + b"x" * 36 + b'"}}')
            else:
                connection.close()

        passthrough = """
passthrough:
  - path: /v1/audio/speech
    provider: openai
    request_micro_usd: 700
"""
        with Upstream(script) as upstream, Accounted(upstream.address, extra=passthrough) as gateway:
            self.assertEqual(gateway.ask().status, 500)
            self.assertEqual(gateway.ask(chat(model="claude-x"), path="/v1/messages").status, 502)
            self.assertEqual(gateway.ask(b"{}", path="/v1/audio/speech").status, 200)
            for _ in range(3):
                self.assertEqual(gateway.ask(chat(model="nobody-knows")).status, 404)
            self.assertEqual(gateway.ask(key="wrong-key-0123456789").status, 401)
            self.assertEqual(gateway.ask(b"{").status, 400)
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.process.wait(60), 0)
            records, refusals = gateway.rows()
            self.assertEqual(collections.Counter((record["ending"], record["status"]) for record in records),
                             {("answered", 500): 1, ("failed", 502): 1, ("answered", 200): 1})
            for record in records:
                self.assertEqual(record["usage"]["source"], "none", "an error's body is nobody's output")
            self.assertEqual([record["cost_micro_usd"] for record in records if record["status"] == 200], [700])
            counts = collections.Counter()
            for row in refusals:
                counts[row["refused"], row["key"]] += row["count"]
            self.assertEqual(counts, {("model_not_found", "test"): 3, ("unauthenticated", ""): 1,
                                      ("invalid_body", "test"): 1})

    def test_who_leaves_pays_for_what_had_come(self):
        script = unheeding_stream([event(delta("word"))] * 2000, pause=0.005)
        with Upstream(script) as upstream, Accounted(upstream.address) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat(stream=True)))
                data = b""
                while data.count(b"word") < 5:
                    data += connection.recv(4096)
            (record,) = gateway.records(1)
            self.assertEqual(record["ending"], "client_left")
            self.assertEqual(record["usage"]["source"], "estimated")
            self.assertGreaterEqual(record["usage"]["out_text"], data.count(b"word"))
            self.assertLess(record["usage"]["out_text"], 1000)

    def test_who_leaves_is_read_for_to_the_end_where_that_is_asked_for(self):
        with Mock("--answer-tokens", "40", "--gap", "5ms") as mock, \
                Accounted(mock.address, billing="billing:\n  on_disconnect: drain\n") as gateway:
            for leave in (lambda connection: connection.close(),
                          lambda connection: connection.shutdown(socket.SHUT_WR), reset):
                with gateway.connect() as connection:
                    connection.sendall(request(chat(stream=True)))
                    connection.recv(1)
                    leave(connection)
                    records = gateway.records(1 + len(gateway.rows()[0]))
                record = records[-1]
                self.assertEqual((record["ending"], record["usage"]["source"]), ("client_left", "provider"))
                self.assertEqual(record["usage"]["out_text"], 40)
            self.assertEqual(gateway.metric("headrace_requests_in_flight"), 1, "more than the question itself")
            self.assertEqual([row["aborted"] for row in mock.request_ids().values()], [0, 0, 0])

    def test_the_region_shows_what_is_under_way(self):
        go_on = threading.Event()
        with Upstream(held_stream(go_on, "one", "two")) as upstream, Accounted(upstream.address) as gateway, gateway.connect() as connection:
            connection.sendall(request(chat(stream=True)))
            data = b""
            while b"two" not in data:
                data += connection.recv(4096)
            rows = [json.loads(line) for line in ctl("records", "--region", gateway.region, "-o", "json").splitlines()]
            under_way = [row for row in rows if row["ending"] == "under_way"]
            self.assertEqual(len(under_way), 1, rows)
            self.assertEqual(under_way[0]["usage"]["out_text"], 2)
            self.assertTrue(under_way[0]["streamed"])
            self.assertEqual(under_way[0]["attempts"][0]["provider"], "openai")
            go_on.set()
            self.assertTrue(Response(connection, data).whole)

    def test_killed_again_and_again_it_loses_and_doubles_nothing(self):
        with Mock("--answer-tokens", "uniform:5:60", "--gap", "2ms", "--latency", "3ms") as mock, \
                Accounted(mock.address, shards=2) as gateway:
            load = Load(gateway, clients=10)
            rng = random.Random(7)
            for _ in range(KILLS):
                time.sleep(rng.uniform(0.05, 0.6))
                gateway.kill()
                gateway.start()
            load.wait_for(20)
            load.stop()
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.process.wait(60), 0)
            records, _ = gateway.rows()
            served = mock.request_ids()
            by_request = collections.Counter(record["request_id"] for record in records)
            by_id = collections.Counter(record["id"] for record in records)
            self.assertEqual([key for key, count in by_id.items() if count > 1], [], "records twice")
            self.assertEqual([key for key, count in by_request.items() if count > 1], [], "requests twice")
            self.assertEqual([key for key in served if key not in by_request], [], "requests without a record")
            partial = [record for record in records if record["ending"] == "lost"]
            self.assertGreater(len(partial), KILLS // 2, "the kills hit nobody")
            for record in records:
                if record["request_id"] not in served:
                    continue  # the mock never saw it whole
                seen = load.tokens_seen.get(record["request_id"])
                if record["ending"] == "lost":
                    self.assertEqual(record["usage"]["source"], "partial")
                    if seen is not None:
                        self.assertGreaterEqual(record["usage"].get("out_text", 0), seen, record)
                elif record["ending"] == "answered" and record["status"] == 200:
                    usage = served[record["request_id"]]["usage"]
                    self.assertEqual(record["usage"]["out_text"], usage["text_tokens"], record)
                    self.assertEqual(record["usage"]["in_fresh"], usage["prompt_tokens"], record)
            print(f"{KILLS} kills: {len(served)} requests, {len(records)} records, {len(partial)} of them partial")

    def test_a_node_that_lost_its_memory_keeps_the_intents(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD + chunk(event(delta("one"))))
            time.sleep(30)

        with Upstream(script) as upstream, \
                Accounted(upstream.address, billing="billing:\n  strict: true\n") as gateway, \
                gateway.connect() as connection:
            connection.sendall(request(chat(stream=True), headers=["X-Request-Id: cut-by-a-power-failure"]))
            connection.recv(1)
            gateway.kill()
            gateway.region.unlink()
            gateway.start()
            (record,) = gateway.records(1)
            self.assertEqual(record["request_id"], "cut-by-a-power-failure")
            self.assertEqual((record["ending"], record["usage"]["source"]), ("lost", "partial"))

    def test_what_was_spent_of_a_day_survives_a_reboot(self):
        with Mock("--answer-tokens", "3") as mock, \
                Accounted(mock.address, key_limits="{measure: requests, per: day, value: 5}") as gateway:
            for _ in range(3):
                self.assertEqual(gateway.ask().status, 200)
            gateway.records(3)
            self.assertGreaterEqual(gateway.metric("headrace_journal_pools_total"), 1)
            gateway.kill()
            gateway.region.unlink()
            gateway.start()
            self.assertEqual([gateway.ask().status for _ in range(3)], [200, 200, 429])

    def test_a_region_that_does_not_fit_is_told_at_start(self):
        with Upstream() as upstream:
            gateway = Accounted(upstream.address)
            gateway.config.write_text(
                gateway.config_text().replace("planned: 50", "planned: 100000").replace(
                    "requests_under_way_max: 256", "requests_under_way_max: 1000000").replace(
                    "count: 1", "count: 64"))
            run = subprocess.run([BIN / "headrace", "--config", gateway.config, *gateway.arguments],
                                 capture_output=True, text=True, timeout=60)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("shared region", run.stderr)
            self.assertIn("memory", run.stderr)
            gateway.shared.cleanup()
            gateway.disk.cleanup()
            for held in gateway.reserved:
                held.close()
