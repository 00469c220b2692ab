"""What the documents show can be copied: every command runs as it stands there, and what is told of
metrics and logs is all that there is. HEADRACE_WRITE_DOCS=1 writes the table of metrics anew."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time
import unittest

from gateway import BIN, Gateway
from mock import Mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATING = ROOT / "docs" / "operating.md"
PROGRAMS = ("headrace", "headracectl", "headrace-mock", "headrace-load")
DEMO_KEY_SHA256 = "03ca2ec8174645c8aca0d25ec965018b885db6232e52d17ae3a01ede19f227a1"


def pieces(document):
    """(language, lines, number of the first line) of every fenced piece."""
    lines = document.read_text().splitlines()
    begin = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if begin is None:
            begin = number
        else:
            yield lines[begin][3:], lines[begin + 1:number], begin + 2
            begin = None


def commands():
    """(place, command) of everything that a reader is to type."""
    for document in DOCUMENTS:
        for language, lines, first in pieces(document):
            if language not in ("", "sh"):
                continue
            text, place = "", None
            for number, line in enumerate(lines, first):
                line = line.removeprefix("$ ")
                place = place or f"{document.name}:{number}"
                if line.endswith("\\"):
                    text += line[:-1]
                    continue
                words = shlex.split(text + line, comments=True) if language == "sh" or line.split(" ")[0] in PROGRAMS else []
                if words:
                    yield place, words
                text, place = "", None


class World(Gateway):
    """All that the documents' commands name."""

    def config_text(self):
        text = super().config_text().replace("[gpt-4o, smart]", "[gpt-4o, gpt-4o-mini]")
        return text.replace("\nkeys:", f"\nkeys:\n  - {{name: demo, sha256: {DEMO_KEY_SHA256}, tenant: acme}}") + f"""
journal: {{directory: {self.folder}/journal}}
tenants:
  - name: default
  - name: acme
    budgets: [{{per: month, micro_usd: 500000000}}]
prices: [{{provider: openai, models: ['*'], input_micro_usd: 1}}, {{provider: anthropic, models: ['*'], input_micro_usd: 1}}]
"""


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = cls.enterClassContext(Mock())
        world = World(cls.mock.address)
        world.arguments = ["--region", world.folder / "region"]
        cls.world = cls.enterClassContext(world)
        readme = next("\n".join(lines) for language, lines, _ in pieces(DOCUMENTS[0]) if language == "yaml")
        (world.folder / "documents").mkdir()
        (world.folder / "documents" / "headrace.yaml").write_text(readme)

    def run_words(self, words, seconds=60):
        world = self.world
        stands_for = {"/dev/shm/headrace": world.folder / "region", "/var/lib/headrace/journal": world.folder / "journal",
                      "127.0.0.1:8080": f"127.0.0.1:{world.port}", "127.0.0.1:9000": self.mock.address}
        for shown, ours in stands_for.items():
            words = [word.replace(shown, str(ours)) for word in words]
        if words[0] in PROGRAMS:
            words[0] = BIN.resolve() / words[0]
        environment = {**os.environ, "OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2",
                       "MY_APPLICATION_KEY": "an-applications-key-0123456789"}
        return subprocess.run(words, cwd=world.folder / "documents", env=environment, capture_output=True, text=True,
                              timeout=seconds)

    def judge(self, words):
        """What is wrong with a command; empty where nothing is."""
        program = words[0]
        if program == "headrace" and not {"-t", "-T", "-V"} & set(words):
            words = [*words, "-t"]  # that it serves other tests show
        if program == "headrace-mock":
            words = [word if word != "127.0.0.1:9000" else "127.0.0.1:0" for word in words]
            with subprocess.Popen([BIN.resolve() / program, *words[1:]], stdout=subprocess.PIPE, text=True) as mock:
                ready = json.loads(mock.stdout.readline())["ready"]
                mock.terminate()
            return "" if ready else "it does not say that it is ready"
        if program == "headrace-load":
            words = [word for before, word in zip(["", *words], words) if "--duration" not in (before, word)]
            # Answers that began in a warm-up are not measured, and a busy machine ends no others in so short a time.
            words += ["--duration", "500ms", "--warm-up", "0s"]
        if program.startswith(("tools/", "bench/")):
            told = subprocess.run([ROOT / program, "--help"], capture_output=True, text=True, timeout=60)
            unknown = [word for word in words[1:] if word not in told.stdout]
            return f"its --help does not know {unknown}" if unknown or told.returncode else ""
        if {"-f", "--follow"} & set(words):
            with self.assertRaises(subprocess.TimeoutExpired):
                self.run_words(words, 1)
            return ""
        if shutil.which(program) is None and program not in PROGRAMS:
            return ""
        for _ in range(10):
            done = self.run_words(words)
            if done.returncode == 0 or program != "headrace-load":
                break  # a machine that stands still may end no answer in its time
        return "" if done.returncode == 0 else f"ended with {done.returncode}: {done.stdout}{done.stderr}"

    def test_every_command_runs(self):
        # A line of the access log, and something spent, for those that look at them.
        self.assertEqual(self.run_words(["headrace-load", "--requests", "2", "--warm-up", "0s", "--api-key", "hr-demo-key", "http://127.0.0.1:8080"]).returncode, 0)
        self.world.log_lines(1)
        shutil.copy(self.world.access_log, self.world.folder / "documents" / "access.log")
        ran = []
        for place, words in commands():
            with self.subTest(place, command=" ".join(words)):
                ran.append(words[0])
                self.assertEqual(self.judge(list(words)), "")
        for program in (*PROGRAMS, "tools/run", "bench/compare", "curl"):
            self.assertIn(program, ran)

    def test_every_program_says_what_it_takes(self):
        for program in PROGRAMS:
            told = self.run_words([program, "--help"])
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertIn(f"Usage: {program} ", told.stdout)
            self.assertRegex(self.run_words([program, "--version"]).stdout, rf"^{program} \d+\.\d+\.\d+\n")
            # Told even where something is missing too: headrace-load has no target here.
            wrong = self.run_words([program, "--no-such-option"])
            self.assertEqual(wrong.returncode, 1)
            self.assertIn("no-such-option", wrong.stderr)
        for words in (["headrace-load"], ["headracectl", "limits"], ["headracectl", "compile"]):
            self.assertIn("required", self.run_words(words).stderr, words)
        wrong = self.run_words(["headracectl", "limits", "--no-such-option"])
        self.assertIn("no-such-option", wrong.stderr)
        nowhere = self.run_words(["headracectl", "records", "--journal", "/no/such/folder"])
        self.assertEqual((nowhere.returncode, nowhere.stdout), (1, ""))
        self.assertIn("/no/such/folder: No such file or directory", nowhere.stderr)
        for script in ("build", "build_profiled", "check", "fuzz", "install_packages", "run", "test"):
            wrong = subprocess.run([ROOT / "tools" / script, "--no-such-option"], capture_output=True, text=True, timeout=60)
            self.assertEqual((wrong.returncode, wrong.stdout), (1, ""), script)
            self.assertRegex(wrong.stderr, f"tools/{script} --help|there are: ")


class Metrics(unittest.TestCase):
    """/metrics as Prometheus reads it."""

    @classmethod
    def setUpClass(cls):
        with Mock() as mock, World(mock.address) as world:
            ask = [BIN / "headrace-load", "-q", "--requests", "20", "--warm-up", "0s", "--api-key", "hr-demo-key", f"http://127.0.0.1:{world.port}"]
            subprocess.run(ask, check=True, capture_output=True, timeout=60)
            cls.text = world.admin("/metrics").decode().split("\r\n\r\n", 1)[1]
        cls.helps = dict(re.findall(r"^# HELP (\S+) (.*)$", cls.text, re.MULTILINE))
        cls.types = dict(re.findall(r"^# TYPE (\S+) (.*)$", cls.text, re.MULTILINE))
        cls.series = [re.fullmatch(r"([a-z0-9_]+)(?:\{(.*)\})? (\S+)", line).groups()
                      for line in cls.text.splitlines() if not line.startswith("#")]

    def family(self, name):
        if name in self.types:
            return name
        return re.sub(r"_(bucket|sum|count)$", "", name)

    def test_each_has_help_and_type_once_and_its_series_behind_them(self):
        self.assertEqual(list(self.helps), list(self.types))
        self.assertEqual(len(self.helps), self.text.count("# HELP "))
        current = None
        for line in self.text.splitlines():
            if line.startswith("#"):
                current = line.split()[2]
            else:
                self.assertEqual(self.family(re.match("[a-z0-9_]+", line)[0]), current)
        self.assertEqual(len(self.series), len({(name, labels) for name, labels, _ in self.series}), "a series stands twice")

    def test_names_say_what_they_count(self):
        for name, kind in self.types.items():
            self.assertRegex(name, r"^(headrace|process)_[a-z0-9_]+$")
            self.assertIn(kind, ("counter", "gauge", "histogram"))
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
            # OpenMetrics knows a counter by its name without `_total`.
            self.assertFalse(kind != "counter" and name + "_total" in self.types, name)
            self.assertTrue(self.helps[name].endswith("."), name)
            self.assertFalse(re.search(r"_(ms|us|ns|milliseconds|kib|mib)(_|$)", name), name)

    def test_values_and_labels_are_bounded_and_sound(self):
        labels = set()
        for _, text, value in self.series:
            float(value)
            labels |= {pair.split("=")[0] for pair in re.findall(r'[a-z]+="[^"\\\n]*"', text or "")}
        self.assertLessEqual(labels, {"shard", "version", "provider", "model", "key", "measure", "le"})
        buckets = {}
        for name, text, value in self.series:
            if name.endswith("_bucket"):
                buckets.setdefault(name, []).append((text, float(value)))
        self.assertGreaterEqual(len(buckets), 3)
        for name, rows in buckets.items():
            counts = [count for _, count in rows]
            self.assertEqual(counts, sorted(counts), name)
            self.assertEqual(rows[-1][0], 'le="+Inf"')

    def test_what_an_operator_asks_counts_for_nothing(self):
        """The gateway was asked whether it is ready, and for these figures."""
        values = {name: float(value) for name, labels, value in self.series if labels is None}
        for name in ("requests_total", "responses_ok_total", "request_duration_seconds_count"):
            self.assertEqual(values["headrace_" + name], 20, name)

    def test_the_process_is_told_as_prometheus_own_clients_tell_it(self):
        values = {name: float(value) for name, labels, value in self.series if name.startswith("process_")}
        self.assertEqual(set(values), {
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
            "process_open_fds", "process_max_fds", "process_start_time_seconds"})
        self.assertLess(abs(values["process_start_time_seconds"] - time.time()), 600)
        self.assertTrue(0 < values["process_cpu_seconds_total"] < 600)
        self.assertTrue(2**20 < values["process_resident_memory_bytes"] < values["process_virtual_memory_bytes"])
        self.assertTrue(5 < values["process_open_fds"] < values["process_max_fds"])

    def test_the_table_is_what_there_is(self):
        table = "".join(f"| `{name}` | {self.types[name]} | {self.helps[name]} |\n" for name in self.types)
        table = "| metric | type | is |\n|---|---|---|\n" + table
        page = OPERATING.read_text()
        begin = page.index("## Metrics")
        begin = page.index("| metric | type | is |\n", begin) if "| metric |" in page[begin:] else len(page)
        end = re.compile(r"^(?!\|)", re.MULTILINE).search(page, begin)
        end = end.start() if end else len(page)
        if "HEADRACE_WRITE_DOCS" in os.environ:
            OPERATING.write_text(page[:begin] + table + page[end:])
        else:
            self.assertEqual(page[begin:end], table, "HEADRACE_WRITE_DOCS=1 writes it anew")


class AccessLog(unittest.TestCase):
    def test_the_table_has_every_field(self):
        source = (ROOT / "net" / "log" / "log_line.cpp").read_text()
        written = set(re.findall(r'[,{]\\"([a-z_0-9]+)\\":', source))
        page = OPERATING.read_text()
        table = page[page.index("| field | is |"):page.index("## Metrics")]
        told = set(re.findall(r"`([a-z_0-9]+)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))))
        beside = set(re.findall(r"`(tokens_[a-z_]+)`", table))
        self.assertGreater(len(written), 25)
        self.assertEqual(written, told | beside)

    def test_the_table_of_a_record_has_every_field_and_ending(self):
        source = (ROOT / "tools" / "headracectl" / "record_text.cpp").read_text()
        source = source[source.index("Json record_json("):source.index("std::string line_of(")]
        written = set(re.findall(r'json\["([a-z_]+)"', source)) | set(re.findall(r'\{"([a-z_]+)", (?:record|policy)', source))
        page = (ROOT / "docs" / "accounting.md").read_text()
        page = page[page.index("## A record"):page.index("It changes nothing of what is charged")]
        record, endings = ({name for row in rows.splitlines() if row.startswith("| `") for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
                           for rows in page.split("`ending` says what ended the answer first"))
        self.assertGreater(len(written), 30)
        self.assertEqual(written, record)
        names = (ROOT / "policy" / "record" / "record_ending.h").read_text()
        self.assertEqual(set(re.findall(r"^  ([a-z_]+) = \d+,", names, re.MULTILINE)), endings - {"ending"})

    def test_the_table_of_the_audit_log_has_every_field(self):
        source = (ROOT / "net" / "log" / "audit_log.cpp").read_text()
        written = set(re.findall(r'[,{]\\"([a-z_]+)\\":', source))
        page = (ROOT / "docs" / "identity.md").read_text()
        table = page[page.index("## The audit log"):].split("| stage | `rule` of what passed")[0]
        told = {name for row in table.splitlines() if row.startswith("| `") for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
        page = OPERATING.read_text()
        access = set(re.findall(r"`([a-z_]+)`", page[page.index("## The access log"):page.index("## Standard error")]))
        self.assertGreater(len(written), 20)
        self.assertEqual(written - told - access, set())
        self.assertEqual(told - written, set())

    def test_the_folders_of_the_tree_are_told(self):
        page = (ROOT / "docs" / "architecture.md").read_text()
        table = page[page.index("| folder | is |"):page.index("## The seam")]
        told = set(re.findall(r"`([a-z/]+/)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))))
        for layer in ("core", "policy", "net"):
            for folder in (ROOT / layer).iterdir():
                if folder.is_dir() and any(folder.glob("*.cpp")):
                    self.assertIn(f"{layer}/{folder.name}/", told)
        self.assertEqual([name for name in told if not (ROOT / name).is_dir()], [])

    def test_the_life_of_a_request_names_every_part_of_it(self):
        page = (ROOT / "docs" / "architecture.md").read_text()
        life = page[page.index("## The life of a request"):page.index("## How connections end")]
        told = set(re.findall(r"net/proxy/(exchange_?\w*)\.", life)) | set(re.findall(r"`(exchange_\w+)\.h`", life))
        self.assertEqual(told, {path.stem for path in (ROOT / "net" / "proxy").glob("exchange*")})


if __name__ == "__main__":
    unittest.main()
