#include "policy/record/request_context.h"

#include <algorithm>

namespace headrace::policy {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;  // capital letters are not allowed there
}

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return digit_of(c) >= 0; });
}

}  // namespace

std::optional<std::array<std::uint64_t, 2>> parse_trace_id(std::string_view text) {
  // 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, and more in later versions.
  constexpr std::size_t kBytes = 55;
  constexpr std::size_t kTraceAt = 3;
  constexpr std::size_t kParentAt = 36;
  constexpr std::size_t kFlagsAt = 53;
  if (text.size() < kBytes || text[kTraceAt - 1] != '-' || text[kParentAt - 1] != '-' ||
      text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const std::string_view version = text.substr(0, 2);
  const bool exact = text.size() == kBytes;
  if (!all_digits(version) || version == "ff" || (version == "00" && !exact) ||
      (!exact && text[kBytes] != '-') || !all_digits(text.substr(kParentAt, 16)) ||
      !all_digits(text.substr(kFlagsAt, 2)) || !all_digits(text.substr(kTraceAt, 32))) {
    return std::nullopt;
  }
  std::array<std::uint64_t, 2> trace{};
  for (std::size_t i = 0; i < 32; ++i) {
    std::uint64_t& half = trace[i / 16];
    half = half << 4U | static_cast<std::uint64_t>(digit_of(text[kTraceAt + i]));
  }
  if (trace[0] == 0 && trace[1] == 0) return std::nullopt;
  return trace;
}

std::string_view sane_tags(std::string_view tags, std::span<char> out) {
  std::size_t bytes = 0;
  for (const char c : tags) {
    if (bytes == out.size()) break;
    if (c > 0x20 && c < 0x7f && c != '"' && c != '\\') out[bytes++] = c;
  }
  return {out.data(), bytes};
}

}  // namespace headrace::policy
