// Text from outside, for a terminal: nothing of it may move the cursor, change what stands there
// already, or the order in which it is read. What could (controls of ASCII and beyond, separators
// of lines and paragraphs, marks of direction), and bytes that are no UTF-8, become question marks.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace headrace::core {

// One line, or a part of it: its line feeds are question marks too.
[[nodiscard]] std::string terminal_line(std::string_view text);
// The same in a table: what is empty is a dash.
[[nodiscard]] std::string terminal_cell(std::string_view text);
// Several lines.
[[nodiscard]] std::string terminal_lines(std::string_view text);

}  // namespace headrace::core
