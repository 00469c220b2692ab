#include "core/terminal_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/utf8_sequence.h"

namespace headrace::core {

namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr Range kUnfit[] = {
    {0x00, 0x1F},      // C0
    {0x7F, 0x9F},      // DEL and C1
    {0x061C, 0x061C},  // the Arabic letter mark
    {0x200E, 0x200F},  // marks of direction
    {0x2028, 0x202E},  // separators; embeddings and overrides of direction
    {0x2066, 0x2069},  // isolates
    {0xFEFF, 0xFEFF},  // the mark of a byte order, which has no width
};

bool is_fit(std::string_view sequence) {
  const std::uint32_t code = utf8_code_point(sequence);
  return std::ranges::none_of(
      kUnfit, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

}  // namespace

std::string terminal_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::size_t bytes = utf8_sequence_bytes(text);
    const std::string_view sequence = text.substr(0, bytes);
    line += bytes == 0 || !is_fit(sequence) ? "?" : sequence;
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return line;
}

std::string terminal_cell(std::string_view text) {
  return text.empty() ? "-" : terminal_line(text);
}

std::string terminal_lines(std::string_view text) {
  std::string lines;
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += terminal_line(text.substr(0, end));
    if (end == text.size()) return lines;
    lines += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace headrace::core
