"""bench/compare's own sums: what it makes of the figures, not the figures."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from compare_lib import (accounting, held_connections, peers, picture, report, requests,  # noqa: E402
                         scenarios, situation, statistics)
from compare_lib.peer import HOLE, Place, fill  # noqa: E402
from compare_lib.processes import Failed, Process  # noqa: E402
from compare_lib.statistics import Mark, Verdict  # noqa: E402

ROUNDS = {
    "nginx": {"cpu_us": [10.0, 20.0, 10.0]},
    "haproxy": {"cpu_us": [9.0, 18.0, 10.0]},
    "headrace": {"cpu_us": [7.0, 14.0, 8.0]},
}


class Statistics(unittest.TestCase):
    def test_takes_ratios_within_a_round(self):
        # The second round was slow for all: the ratio does not notice.
        self.assertAlmostEqual(statistics.ratio(ROUNDS, "cpu_us", "headrace", "nginx"), 0.7)

    def test_holds_a_mark_against_the_better_of_two(self):
        mark = Mark("cpu_us", 0.8, 0.75, against=("nginx", "haproxy"))
        self.assertEqual(mark.best(ROUNDS), "nginx")  # the same median: the first
        quicker = {**ROUNDS, "haproxy": {"cpu_us": [5.0, 5.0, 5.0]}}
        self.assertEqual(mark.best(quicker), "haproxy")

    def test_knows_aim_reach_and_missed(self):
        for reach, aim, verdict in [(0.8, 0.7, Verdict.AIM), (0.7, 0.6, Verdict.REACH),
                                    (0.69, 0.6, Verdict.MISSED)]:
            self.assertIs(Mark("cpu_us", reach, aim, ("nginx",)).verdict(ROUNDS), verdict)

    def test_does_not_judge_what_was_not_measured(self):
        self.assertIs(Mark("rps", 1, 1, ("nginx",)).verdict(ROUNDS), Verdict.UNKNOWN)
        self.assertIs(Mark("cpu_us", 1, 1, ("relay",)).verdict(ROUNDS), Verdict.UNKNOWN)
        self.assertIs(Mark("cpu_us", 1, 1, ("nginx", "relay")).verdict(ROUNDS), Verdict.UNKNOWN)
        self.assertIs(Mark("cpu_us", 1, 1).verdict({"nginx": {"cpu_us": [1]}}), Verdict.UNKNOWN)

    def test_spread_is_half_the_distance_of_the_quartiles(self):
        self.assertEqual(statistics.spread([1.0, 2.0, 3.0, 4.0, 5.0]), 1.0)
        self.assertEqual(statistics.spread([3.0]), 0.0)


class Accounting(unittest.TestCase):
    def test_counts_the_cpu_of_children_and_their_threads(self):
        burn = ("import subprocess, sys, threading, time\n"
                "code = 'import time\\nend = time.thread_time() + 0.3\\n"
                "while time.thread_time() < end: pass\\nprint(1, flush=True)\\ntime.sleep(30)'\n"
                "subprocess.Popen([sys.executable, '-c', code]).wait()\n")
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log"
            with Process([sys.executable, "-c", burn], os.sched_getaffinity(0), log) as process:
                deadline = time.monotonic() + 20
                while not log.read_text() and time.monotonic() < deadline:
                    time.sleep(0.02)
                used = accounting.cpu(process.pid)
                self.assertEqual(len(accounting.descendants(process.pid)), 2)
                self.assertGreater(used.nanos, 300_000_000)
                self.assertLess(abs(used.tick_nanos - used.nanos), 100_000_000)
                self.assertGreater(accounting.resident_bytes(process.pid), 5_000_000)

    def test_a_process_that_is_gone_costs_nothing(self):
        child = subprocess.Popen(["true"])
        child.wait()
        self.assertEqual(accounting.cpu(child.pid).nanos, 0)


class Templates(unittest.TestCase):
    def test_fills_every_hole(self):
        self.assertEqual(fill("a @x@ user@host @y@", {"x": 1, "y": "z"}), "a 1 user@host z")

    def test_refuses_a_hole_that_nobody_fills(self):
        with self.assertRaises(Failed):
            fill("@nobody@", {})

    def test_every_peer_has_a_value_for_every_hole(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            certificate, key = folder / "certificate.pem", folder / "key.pem"
            certificate.write_text("certificate")
            key.write_text("key")
            place = Place(folder, folder, folder / "headrace", 0, ("127.0.0.1", 1), certificate, key)
            for scenario in scenarios.ALL:
                for peer in scenario.peers:
                    text = peers.ALL[peer].config_text(scenario.situation, place, 2, 3)
                    self.assertNotRegex(text, HOLE)


class Requests(unittest.TestCase):
    def test_bodies_have_exactly_the_size_asked_for(self):
        for size in (200, 1500, 100_000, 10_000_000):
            self.assertEqual(len(requests.chat_body(size)), size)

    def test_the_head_says_how_long_the_body_is(self):
        request = requests.request_bytes("/x", "h", b"abc")
        self.assertIn(b"\r\nContent-Length: 3\r\n", request)
        self.assertTrue(request.endswith(b"\r\n\r\nabc"))


class Answers(unittest.TestCase):
    def test_knows_when_an_answer_is_complete(self):
        whole = held_connections.whole_answer
        self.assertFalse(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"))
        self.assertFalse(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"))
        self.assertTrue(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"))
        self.assertFalse(whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"))
        self.assertTrue(whole(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"))

    def test_does_not_take_a_refusal_for_an_answer(self):
        with self.assertRaises(Failed):
            held_connections.whole_answer(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


class Scenarios(unittest.TestCase):
    def test_names_are_unique_and_peers_exist(self):
        names = [scenario.name for scenario in scenarios.ALL]
        self.assertEqual(len(names), len(set(names)))
        for scenario in scenarios.ALL:
            for mark in scenario.marks:
                for peer in (mark.subject, *mark.against):
                    self.assertIn(peer, scenario.peers, scenario.name)
            self.assertLessEqual(set(scenario.peers), set(peers.ALL), scenario.name)
            self.assertFalse(scenario.situation.tls and "relay" in scenario.peers, scenario.name)

    def test_aims_are_not_above_what_is_to_be_reached(self):
        for scenario in scenarios.ALL:
            for mark in scenario.marks:
                self.assertLessEqual(mark.aim, mark.reach, scenario.name)


class Report(unittest.TestCase):
    SCENARIO = scenarios.Scenario(
        "small", "Small & quick", situation.Situation(), None, ("nginx", "haproxy", "headrace"),
        (Mark("cpu_us", 0.6, 0.5, ("nginx",), gate=True),))

    def test_says_medians_ratios_and_what_was_missed(self):
        text = report.scenario_text(self.SCENARIO, ROUNDS)
        self.assertIn("8.00 ±1.75", text)
        self.assertIn("0.70", text)
        self.assertIn("MISSED", text)
        self.assertEqual(report.missed_gates([(self.SCENARIO, ROUNDS)]), ["small: CPU us/request"])

    def test_the_picture_is_well_formed(self):
        import xml.etree.ElementTree as tree
        drawn = picture.draw([(self.SCENARIO, ROUNDS)], "a & b")
        texts = [element.text for element in tree.fromstring(drawn).iter()
                 if element.tag.endswith("text")]
        self.assertIn("Small & quick", texts)
        self.assertIn("headrace", texts)


if __name__ == "__main__":
    unittest.main()
