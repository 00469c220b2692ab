"""The checks of the tree find what they are there to find, and nothing else."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools/checks"), str(ROOT / "tools/scripts")]

import coverage_report  # noqa: E402
import failed_tests  # noqa: E402
import house_words  # noqa: E402
import layering  # noqa: E402
import messages  # noqa: E402
import promises  # noqa: E402
import tidy  # noqa: E402


class Tidy(unittest.TestCase):
    UNITS = [("a.cpp", "", ["a.cpp", "a.h", "x.h"]), ("b.cpp", "", ["a.h", "b.cpp", "b.h", "x.h"]),
             ("c.cpp", "", ["b.h", "c.cpp"])]

    def sources(self, *changed):
        return [unit[0] for unit in tidy.covering(self.UNITS, set(changed))]

    def test_looks_at_every_changed_source(self):
        self.assertEqual(self.sources("a.cpp", "b.cpp", "b.h"), ["a.cpp", "b.cpp"])

    def test_looks_at_a_changed_header_through_the_smallest_source(self):
        self.assertEqual(self.sources("b.h"), ["c.cpp"])
        self.assertEqual(self.sources("a.h", "x.h"), ["a.cpp"])

    def test_looks_at_nothing_else(self):
        self.assertEqual(self.sources("README.md"), [])

    def test_finds_the_object_whose_headers_ninja_knows(self):
        command = "/usr/bin/clang++ -DNAME=\\\"a b\\\" -I/x -o core/x.dir/a.cpp.o -c /x/core/a.cpp"
        self.assertEqual(tidy.object_of(command), "core/x.dir/a.cpp.o")


class CoverageReport(unittest.TestCase):
    FILES = coverage_report.files_of({"files": [
        {"filename": "core/a.h", "line_total": 10, "line_covered": 10},
        {"filename": "core/limits/b.cpp", "line_total": 10, "line_covered": 7},
        {"filename": "core/limits/c.cpp", "line_total": 30, "line_covered": 27},
        {"filename": "net/d.cpp", "line_total": 4, "line_covered": 2},
        {"filename": "net/declarations_only.h", "line_total": 0, "line_covered": 0}]})

    def test_says_of_each_layer_whether_enough_is_reached(self):
        self.assertEqual(list(coverage_report.layers(self.FILES)),
                         ["core     88.0 % of 50 lines (to be 90 %: missed)",
                          "net      50.0 % of 4 lines (to be 90 %: missed)"])

    def test_puts_the_worst_first(self):
        places = [line.split()[-1] for line in coverage_report.worst_first(self.FILES)]
        self.assertEqual(places, ["net/d.cpp", "core/limits/b.cpp", "core/limits/c.cpp", "core/a.h"])

    def test_adds_up_the_files_of_a_folder(self):
        folders = coverage_report.by(lambda path: str(path.parent), self.FILES)
        self.assertEqual(folders["core/limits"], (40, 34))


class FailedTests(unittest.TestCase):
    LOG = """The following tests FAILED:
\t  9 - printed.by.a.test (Failed)

50% tests passed, 3 tests failed out of 6

The following tests did not run:
\t  2 - core.NotHere (Skipped)

The following tests FAILED:
\t  1 - core.First (Failed)
\t 12 - sim.Seeds/Simulator.Holds/0 (Timeout)
\t 13 - e2e.x_test (SEGFAULT)
Errors while running CTest
"""
    RESULTS = xml.etree.ElementTree.fromstring(
        "<testsuite><testcase name='core.First' status='fail'><failure/><system-out>"
        + "".join(f"line {number}\n" for number in range(40)) + "</system-out></testcase>"
        "<testcase name='core.Passed' status='run'><system-out>fine</system-out></testcase></testsuite>")

    def test_are_those_of_the_closing_list(self):
        self.assertEqual(failed_tests.failed(self.LOG), [
            ("core.First", "Failed"), ("sim.Seeds/Simulator.Holds/0", "Timeout"), ("e2e.x_test", "SEGFAULT")])
        self.assertEqual(failed_tests.failed("100% tests passed, 0 tests failed out of 6\n"), [])

    def test_are_shown_with_the_end_of_what_they_printed(self):
        shown = list(failed_tests.report([("core.First", "Failed"), ("e2e.x_test", "Timeout")],
                                         failed_tests.outputs(self.RESULTS)))
        self.assertEqual(shown[:3], ["failed: core.First (Failed)", "  | ... 10 lines before", "  | line 10"])
        self.assertEqual(shown[-2:], ["  | line 39", "failed: e2e.x_test (Timeout)"])

    def test_are_all_named_however_many(self):
        many = [(f"test {number}", "Failed") for number in range(100)]
        self.assertEqual(len(list(failed_tests.report(many, {}))), 100)


class Messages(unittest.TestCase):
    HEADER = """enum class MessageId : std::uint16_t {
  // Of one kind
  first,
  second_one,  // with a word
  count,
};
enum class Counted : bool { no, yes };"""

    def test_finds_the_message_that_nobody_says(self):
        self.assertEqual(messages.names_in(self.HEADER), ["first", "second_one"])
        self.assertEqual(messages.unsaid(self.HEADER, []), ["first", "second_one"])
        self.assertEqual(messages.unsaid(self.HEADER, ["reply(MessageId::first);"]), ["second_one"])
        self.assertEqual(messages.unsaid(self.HEADER, ["{policy::MessageId::second_one, 1}", "MessageId::first_"]),
                         ["first"])

    def test_is_content_when_each_has_a_caller(self):
        self.assertEqual(messages.unsaid(self.HEADER, ["MessageId::second_one", "MessageId::first"]), [])


class Layering(unittest.TestCase):
    def findings(self, path, *lines):
        return list(layering.judge(path, "\n".join(lines)))

    def test_lets_each_layer_see_what_stands_before_it(self):
        for path, include in [
            ("core/a.h", "core/b.h"), ("policy/a.h", "core/b.h"), ("net/http/a.cpp", "policy/b.h"),
            ("control/a.h", "policy/b.h"), ("tests/net/a_test.cpp", "net/b.h"),
            ("tools/mock/a.cpp", "control/b.h"), ("bench/a.cpp", "tools/b.h"),
        ]:
            self.assertEqual(self.findings(path, f'#include "{include}"'), [], path)

    def test_refuses_includes_against_the_layers(self):
        for path, include in [
            ("core/a.h", "policy/b.h"), ("core/a.h", "net/b.h"), ("policy/a.h", "net/b.h"),
            ("policy/a.h", "control/b.h"), ("net/a.cpp", "control/b.h"), ("control/a.h", "net/b.h"),
            ("core/a.h", "tests/b.h"), ("net/a.h", "tools/b.h"), ("net/a.h", "bench/b.h"),
        ]:
            self.assertEqual(len(self.findings(path, f'  #  include "{include}"')), 1, path)

    def test_refuses_paths_that_do_not_start_at_the_root(self):
        for include in ["../core/b.h", "./b.h", "b.h", "http/b.h"]:
            self.assertEqual(len(self.findings("net/a.cpp", f'#include "{include}"')), 1, include)

    def test_keeps_sockets_clocks_and_files_out_of_policy(self):
        self.assertEqual(len(self.findings("policy/a.cpp", "#include <sys/socket.h>")), 1)
        self.assertEqual(self.findings("net/a.cpp", "#include <sys/socket.h>"), [])
        self.assertEqual(self.findings("policy/a.cpp", "#include <chrono>"), [])

    def test_names_file_and_line(self):
        found = self.findings("core/a.h", "// text", '#include "net/b.h"')
        self.assertTrue(found[0].startswith("core/a.h:2: "), found)


class HouseWords(unittest.TestCase):
    def findings(self, path, text):
        return list(house_words.judge(path, text.encode()))

    def test_finds_unfinished_work(self):
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X", "for" + " now"]:
            self.assertEqual(len(self.findings("core/a.h", f"// {word}: later")), 1, word)
        self.assertEqual(self.findings("core/a.h", "mastodon, fixmen, wait for nowhere"), [])

    def test_finds_drawer_names_in_paths_and_types(self):
        for path in ["core/util.h", "net/string_utils.cpp", "net/common/a.h", "core/pool_manager.h"]:
            self.assertEqual(len(self.findings(path, "")), 1, path)
        self.assertEqual(self.findings("core/utility_of_water.h", ""), [])
        self.assertEqual(len(self.findings("core/a.h", "class Pool" + "Manager {")), 1)
        self.assertEqual(self.findings("core/a.h", "class Commonality {"), [])

    def test_finds_secrets_binaries_and_paths_of_one_machine(self):
        self.assertEqual(len(self.findings("a.pem", "-----BEGIN PRIVATE" + " KEY-----")), 1)
        self.assertEqual(len(self.findings("docs/a.png", "\0")), 1)
        self.assertEqual(len(self.findings("docs/a.md", "see /ho" + "me/someone/headrace")), 1)
        self.assertEqual(self.findings("docs/a.md", "see https://example.org/home/page"), [])


class Promises(unittest.TestCase):
    PAGE = "# P\n\n| Promise | Test |\n|---|---|\n| %s | %s |\n"

    def findings(self, promise, cell):
        return list(promises.judge(self.PAGE % (promise, cell), ["net.Head.RefusesX", "core.Ring.A"]))

    def test_accepts_names_and_patterns_of_tests_that_exist(self):
        self.assertEqual(self.findings("p", "`net.Head.RefusesX`, `core.Ring.*`"), [])

    def test_finds_a_promise_without_a_test_and_a_test_that_is_gone(self):
        self.assertIn("no test holds", self.findings("p", "")[0])
        self.assertIn("promises.md:5: no such test: net.Head.Y", self.findings("p", "`net.Head.Y`")[0])
        self.assertIn("no such test", self.findings("p", "`core.Ring.A`, `core.Rin`")[0])

    def test_reads_every_row_and_only_tables_of_promises(self):
        text = self.PAGE % ("a \\| b", "`x`") + "\n| Name | Value |\n|---|---|\n| c | `d` |\n"
        self.assertEqual([(row[1], row[2]) for row in promises.promises(text)], [("a \\| b", ["x"])])

    def test_does_not_accept_a_page_without_promises(self):
        self.assertEqual(len(list(promises.judge("# Promises\n", []))), 1)


if __name__ == "__main__":
    unittest.main()
