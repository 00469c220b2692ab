"""The process: reload, drain, log rotation, limits of the machine, and no secret anywhere."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from fault_world import cpu_seconds
from gateway import BIN, KEY, Gateway, Response, chat, request
from process_world import ask, wait_for
from upstream import STREAM_HEAD, Upstream, chunk, delta, event, held_stream


class Process(unittest.TestCase):
    def test_a_reload_takes_effect_and_drops_nothing(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            failed, stop = [], threading.Event()

            def load():
                with gateway.connect() as connection:
                    while not stop.is_set():
                        connection.sendall(request(chat()))
                        response = Response(connection)
                        if response.status != 200 or not response.whole:
                            failed.append(response.status)
                            return

            threads = [threading.Thread(target=load) for _ in range(4)]
            for thread in threads:
                thread.start()
            self.assertEqual(ask(gateway, "new-model").status, 404)
            text = gateway.config_text().replace("[gpt-4o, smart]", "[gpt-4o, smart, new-model]")
            for generation in range(2, 8):
                gateway.config.write_text(text)
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == generation)
            deadline = time.monotonic() + 60
            while ask(gateway, "new-model").status != 200 and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(ask(gateway, "new-model").status, 200)
            stop.set()
            for thread in threads:
                thread.join()
            self.assertEqual(failed, [])

    def test_a_bad_config_never_replaces_a_good_one(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            gateway.config.write_text(gateway.config_text() + "\nnonsense: 1\nhttp:\n  head_timeot_ms: 5\n")
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value == 1)
            self.assertEqual(ask(gateway).status, 200)
            log = gateway.log.read_text()
            # A line each, with its place.
            told = [line for line in log.splitlines() if line.startswith(f"{gateway.config}:")]
            self.assertEqual(len(told), 2, log)
            self.assertIn("nonsense", log)
            self.assertIn("head_timeout_ms", log, "the misspelt option is not told with its remedy")

    def test_a_drain_lets_streams_end(self):
        go_on = threading.Event()
        with Upstream(held_stream(go_on, "a")) as upstream, Gateway(upstream.address) as gateway:
            with gateway.connect() as connection, gateway.connect() as idle:
                connection.sendall(request(chat(stream=True)))
                connection.recv(1)
                gateway.signal(signal.SIGTERM)
                self.assertEqual(idle.recv(1), b"", "an idle connection stays open while draining")
                for page in ("/ready", "/readyz"):
                    told = gateway.admin(page)
                    self.assertIn(b" 503 ", told.split(b"\r\n")[0])
                    self.assertTrue(told.endswith(b"\r\n\r\ndraining\n"), told)
                self.assertIn(b" 200 ", gateway.admin("/health").split(b"\r\n")[0])
                with self.assertRaises(OSError):
                    gateway.connect(timeout=2).close()
                    time.sleep(0.2)
                    gateway.connect(timeout=2)
                go_on.set()
                data = b""
                while piece := connection.recv(65536):
                    data += piece
                self.assertTrue(data.endswith(b"0\r\n\r\n"), data)
            self.assertEqual(gateway.process.wait(60), 0)
            self.assertIn(f"told to end by process {os.getpid()}\n", gateway.log.read_text())

    def test_the_pages_are_there_until_the_last_shard_has_drained(self):
        go_on = threading.Event()
        with Upstream(held_stream(go_on, "a")) as upstream, Gateway(upstream.address, shards=2) as gateway:
            kept, asked, shard = None, 0, 0
            while shard == 0:  # of a shard that does not serve the pages
                if kept is not None:
                    kept.close()
                kept, asked = gateway.connect(), asked + 1
                kept.sendall(request(method="GET", path="/v1/models"))
                self.assertEqual(Response(kept).status, 200)
                shard = gateway.log_lines(asked)[-1]["shard"]
            with kept:
                kept.sendall(request(chat(stream=True)))
                kept.recv(1)
                gateway.signal(signal.SIGTERM)
                wait_for(lambda: "draining" in gateway.log.read_text())
                for _ in range(20):
                    self.assertIn(b" 503 ", gateway.admin("/ready").split(b"\r\n")[0])
                    self.assertIn(b" 200 ", gateway.admin("/health").split(b"\r\n")[0])
                    time.sleep(0.01)
                go_on.set()
                self.assertTrue(Response(kept, b"H").whole)
            self.assertEqual(gateway.process.wait(10), 0)

    def test_a_successors_pages_are_not_those_of_who_drains(self):
        go_on = threading.Event()
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, Upstream(held_stream(go_on, "a")) as upstream:
            with Gateway(upstream.address, arguments=["--region", pathlib.Path(folder) / "region"]) as gateway:
                with gateway.connect() as connection:
                    connection.sendall(request(chat(stream=True)))
                    connection.recv(1)
                    gateway.signal(signal.SIGTERM)
                    wait_for(lambda: b" 503 " in gateway.admin("/ready"))
                    before = gateway.process
                    gateway.start()
                    for _ in range(20):
                        self.assertIn(b" 200 ", gateway.admin("/ready"))
                    self.assertNotIn("listened on by another process", gateway.log.read_text())
                    go_on.set()
                    data = b""
                    while piece := connection.recv(65536):
                        data += piece
                    self.assertTrue(data.endswith(b"0\r\n\r\n"), data)
                self.assertEqual(before.wait(60), 0)

    def test_a_drain_still_rotates_the_log_and_says_that_it_reloads_no_more(self):
        go_on = threading.Event()
        with Upstream(held_stream(go_on, "a")) as upstream, Gateway(upstream.address) as gateway, gateway.connect() as connection:
            connection.sendall(request(chat(stream=True)))
            connection.recv(1)
            gateway.signal(signal.SIGTERM)
            wait_for(lambda: "draining" in gateway.log.read_text())
            gateway.access_log.rename(gateway.access_log.with_suffix(".1"))
            gateway.signal(signal.SIGUSR1)
            gateway.signal(signal.SIGHUP)
            wait_for(gateway.access_log.exists)
            wait_for(lambda: "not read again" in gateway.log.read_text())
            go_on.set()
            self.assertTrue(Response(connection, b"H").whole)
            self.assertEqual(len(gateway.log_lines(1)), 1)
            self.assertEqual(gateway.process.wait(60), 0)

    def test_a_reload_asked_for_during_start_up_waits_for_its_end(self):
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            text = gateway.config_text()
            gateway.start = lambda: None  # the config is a pipe: it starts when that is written
            with gateway:
                whole = gateway.config.with_suffix(".whole")
                gateway.config.rename(whole)
                os.mkfifo(gateway.config)
                del gateway.start
                starting = threading.Thread(target=gateway.start)
                starting.start()
                with open(gateway.config, "w") as pipe:  # waits until the gateway reads
                    wait_for(lambda: gateway.process)
                    gateway.signal(signal.SIGHUP)
                    gateway.signal(signal.SIGUSR1)
                    whole.rename(gateway.config)
                    pipe.write(text)
                starting.join()
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
                self.assertEqual(ask(gateway).status, 200)

    def test_a_second_signal_ends_at_once(self):
        def script(request, connection):
            connection.sendall(STREAM_HEAD + chunk(event(delta("a"))))
            connection.recv(1)

        with Upstream(script) as upstream, Gateway(upstream.address) as gateway:
            with gateway.connect() as connection:
                connection.sendall(request(chat(stream=True)))
                connection.recv(1)
                gateway.signal(signal.SIGTERM)
                time.sleep(0.1)
                gateway.signal(signal.SIGTERM)
                self.assertEqual(gateway.process.wait(60), 0)

    def test_the_access_log_is_opened_again(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            ask(gateway)
            gateway.log_lines(1)
            moved = gateway.access_log.with_suffix(".1")
            gateway.access_log.rename(moved)
            gateway.signal(signal.SIGUSR1)
            deadline = time.monotonic() + 60
            while not gateway.access_log.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            ask(gateway)
            self.assertEqual(len(gateway.log_lines(1)), 1)
            self.assertEqual(len(moved.read_text().splitlines()), 1)

    def test_no_key_shows_anywhere(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            for data in (
                request(chat()),
                request(chat(), key=None, headers=[f"x-api-key: {KEY}"]),
                request(b"{}", path=f"/v1beta/models/gemini-x:generateContent?key={KEY}", key=None),
                request(chat(), path=f"/nothing?key={KEY}"),
                request(chat(), path=f"/v1/chat/completions?api_key={KEY}"),
                request(chat(), key="hr-CANARY-wrong-0123456789"),
            ):
                with gateway.connect() as connection:
                    connection.sendall(data)
                    self.assertNotIn(b"CANARY", Response(connection).body)
            gateway.log_lines(6)
            self.assertNotIn(b"CANARY", gateway.admin("/metrics"))
            self.assertNotIn("CANARY", gateway.access_log.read_text())
            self.assertNotIn("CANARY", gateway.log.read_text())
            effective = subprocess.run([BIN / "headrace", "-T", "--config", gateway.config], capture_output=True, text=True)
            self.assertEqual(effective.returncode, 0, effective.stderr)
            self.assertNotIn("CANARY", effective.stdout + effective.stderr)

    def test_out_of_descriptors_accepting_pauses_and_recovers(self):
        with Upstream() as upstream, Gateway(upstream.address, files_max=96) as gateway:
            first = gateway.connect()
            first.sendall(request(chat()))
            self.assertEqual(Response(first).status, 200)
            crowd = [gateway.connect() for _ in range(150)]
            time.sleep(0.3)
            used = cpu_seconds(gateway.process.pid)
            time.sleep(1)
            self.assertLess(cpu_seconds(gateway.process.pid) - used, 0.5, "it spins")
            first.sendall(request(chat()))
            self.assertEqual(Response(first).status, 200, "a running connection suffers")
            for connection in crowd:
                connection.close()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if ask(gateway).status == 200:
                        break
                except OSError:
                    pass
                time.sleep(0.05)
            else:
                self.fail("it does not recover")
            first.close()

    def test_descriptors_and_connections_return_to_where_they_were(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            ask(gateway)
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            before = gateway.open_files()
            for _ in range(300):
                ask(gateway)
            gateway.wait_for_metric("headrace_downstream_connections", lambda value: value == 1)
            self.assertLessEqual(gateway.open_files(), before + 2)

    def test_a_killed_gateway_starts_again_in_its_region(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            region = pathlib.Path(folder) / "headrace.region"
            with Upstream() as upstream, Gateway(upstream.address, arguments=["--region", region]) as gateway:
                for _ in range(5):
                    self.assertEqual(ask(gateway).status, 200)
                    gateway.process.kill()
                    gateway.process.wait()
                    gateway.start()
                self.assertEqual(ask(gateway).status, 200)
                self.assertIn("ended without saying so", gateway.log.read_text())
            damaged = bytearray(region.read_bytes())
            damaged[20] ^= 1
            region.write_bytes(damaged)
            gateway = Gateway("127.0.0.1:1")
            gateway.config.write_text(gateway.config_text())
            refused = subprocess.run([BIN / "headrace", "--config", gateway.config, "--region", region], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("region", refused.stderr)

    def test_shards_share_a_unix_socket_and_take_over_an_abandoned_one(self):
        with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
            path = pathlib.Path(folder) / "headrace.sock"
            with Gateway(upstream.address, shards=2, listener=f"  - address: unix:{path}\n") as gateway:
                for _ in range(2):
                    with socket.socket(socket.AF_UNIX) as connection:
                        connection.connect(str(path))
                        connection.sendall(request(chat()))
                        self.assertEqual(Response(connection).status, 200)
                    self.assertEqual(ask(gateway).status, 200)
                    gateway.process.kill()
                    gateway.process.wait()
                    gateway.start()  # at once: the kernel may not have let go of the sockets yet
                # A reload opens one beside it, once.
                other = pathlib.Path(folder) / "other.sock"
                gateway.config.write_text(gateway.config_text().replace(str(path), str(other)))
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
                def listens():
                    with socket.socket(socket.AF_UNIX) as connection:
                        return connection.connect_ex(str(other)) == 0

                wait_for(listens)
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(str(other))
                    connection.sendall(request(chat()))
                    self.assertEqual(Response(connection).status, 200)
                self.assertNotIn("cannot listen", gateway.log.read_text())

    def test_a_config_whose_new_address_is_taken_is_refused_whole(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            text = gateway.config_text().replace("[gpt-4o, smart]", "[gpt-4o, smart, new-model]")
            text = text.replace("listeners:\n", f"listeners:\n  - address: {address}\n", 1)
            gateway.config.write_text(text)
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_reloads_failed_total", lambda value: value == 1)
            self.assertEqual(ask(gateway, "new-model").status, 404)
            log = gateway.log.read_text()
            self.assertIn("the config is refused, the one before goes on", log)
            self.assertRegex(log, f"(?m)^cannot listen on {address}: the port is taken")
            taken.close()
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
            self.assertEqual(ask(gateway, "new-model").status, 200)
            host, port = address.split(":")
            with socket.create_connection((host, int(port)), timeout=60) as connection:
                connection.sendall(request(chat()))
                self.assertEqual(Response(connection).status, 200)

    def test_a_reload_says_what_only_a_start_takes_over(self):
        with Upstream() as upstream, Gateway(upstream.address) as gateway:
            text = gateway.config_text().replace("count: 1", "count: 2").replace("access.log", "other.log")
            gateway.config.write_text(text + "io: {small_buffers: 64}\n" if "\nio:" not in text else text)
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_generation", lambda value: value == 2)
            deadline = time.monotonic() + 60
            while "next start" not in gateway.log.read_text() and time.monotonic() < deadline:
                time.sleep(0.01)
            said = next(line for line in gateway.log.read_text().splitlines() if "next start" in line)
            for option in ("shards.count", "access_log.path"):
                self.assertIn(option, said)
            self.assertNotIn("access_log.output", said)
            self.assertNotIn("body_bytes_max", said)
            gateway.config.write_text(gateway.config_text())
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_metric("headrace_config_generation", lambda value: value == 3)
            self.assertEqual(gateway.log.read_text().count("next start"), 1)

    def test_larger_bodies_need_a_start_smaller_ones_do_not(self):
        with Upstream() as upstream, Gateway(upstream.address, extra="http: {body_bytes_max: 64KiB}") as gateway:
            def status(kibibytes):
                with gateway.connect() as connection:
                    connection.sendall(request(chat(padding="p" * (kibibytes * 1024))))
                    return Response(connection).status

            self.assertEqual((status(50), status(70)), (200, 413))
            for generation, said, sizes in ((2, "32KiB", (413, 413)), (3, "1MiB", (200, 413))):
                gateway.extra = f"http: {{body_bytes_max: {said}}}"
                gateway.config.write_text(gateway.config_text())
                gateway.signal(signal.SIGHUP)
                gateway.wait_for_metric("headrace_config_generation", lambda value: value == generation)
                wait_for(lambda: (status(50), status(70)) == sizes)
                self.assertEqual("http.body_bytes_max" in gateway.log.read_text(), generation == 3)

    def test_every_metric_that_the_documents_name_is_there(self):
        documents = pathlib.Path(__file__).resolve().parents[2] / "docs"
        named = {}
        for document in documents.glob("*.md"):
            for before, choices, after in re.findall(r"`(headrace_[a-z0-9_]*)(?:\{([a-z,]*)\}([a-z_]*))?", document.read_text()):
                for choice in choices.split(","):
                    named[before + choice + after] = document.name
        self.assertGreater(len(named), 30)
        with Upstream() as upstream:
            gateway = Gateway(upstream.address)
            gateway.extra = f"journal: {{directory: {gateway.folder}/journal}}"
            with gateway:
                text = gateway.admin("/metrics").decode()
        there = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
        self.assertEqual({name: place for name, place in named.items() if name not in there}, {})


if __name__ == "__main__":
    unittest.main()
