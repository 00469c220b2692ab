#include "core/terminal_text.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

TEST(TerminalText, LeavesWhatPeopleRead) {
  for (const std::string_view text :
       {"", "gpt-4o", "a \"b\" \\ c", "Zo\u00EB", "\u6C34\u8F66", "\U0001F30A", "\u05D0\u0628"}) {
    EXPECT_EQ(terminal_line(text), text);
    EXPECT_EQ(terminal_lines(text), text);
  }
}

TEST(TerminalText, LetsNothingSteerTheTerminal) {
  using namespace std::string_view_literals;
  for (const auto& [text, shown] : {
           std::pair{"\x1B[2Jred"sv, "?[2Jred"},
           std::pair{"a\rb\tc\x07"sv, "a?b?c?"},
           std::pair{"\x7F"sv, "?"},
           std::pair{"a\0b"sv, "a?b"},
           std::pair{"\xC2\x9B"
                     "2J"sv,
                     "?2J"},  // CSI in one
           std::pair{"\xC2\xA0"sv, "\xC2\xA0"},
           std::pair{"user\u202Eexe.txt"sv, "user?exe.txt"},
           std::pair{"a\u2066b\u200Fc\u2028d\uFEFF"sv, "a?b?c?d?"},
           // What is no UTF-8, byte by byte.
           std::pair{"\x9B"
                     "2J"sv,
                     "?2J"},
           std::pair{"\xE2\x80"sv, "??"},
           std::pair{"\xC0\x9B"sv, "??"},
           std::pair{"\xED\xA0\x80"sv, "???"},
       }) {
    EXPECT_EQ(terminal_line(text), shown);
    EXPECT_EQ(terminal_lines(text), shown);
  }
}

TEST(TerminalText, HasLinesWhereTheyAreAskedFor) {
  EXPECT_EQ(terminal_line("a\nb\n"), "a?b?");
  EXPECT_EQ(terminal_lines("a\nb\x1B\n\n"), "a\nb?\n\n");
}

}  // namespace
}  // namespace headrace::core
