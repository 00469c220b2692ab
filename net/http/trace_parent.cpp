#include "net/http/trace_parent.h"

#include <algorithm>

#include "core/ascii.h"

namespace headrace::net::http {
namespace {

constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kParentAt = 36;
constexpr std::size_t kFlagsAt = 53;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return core::is_digit(c) || (c >= 'a' && c <= 'f'); });
}
bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != text.npos;
}

}  // namespace

bool is_trace_parent(std::string_view value) {
  if (value.size() < kTraceParentBytes) return false;
  const std::string_view version = value.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (value[kTraceAt - 1] != '-' || value[kParentAt - 1] != '-' || value[kFlagsAt - 1] != '-') {
    return false;
  }
  const bool ends =
      value.size() == kTraceParentBytes || (version != "00" && value[kTraceParentBytes] == '-');
  return ends && is_id(value.substr(kTraceAt, 32)) && is_id(value.substr(kParentAt, 16)) &&
         is_hex(value.substr(kFlagsAt, 2));
}

std::string_view continue_trace(std::string_view value, std::uint64_t span,
                                std::span<char, kTraceParentBytes> out) {
  std::copy_n(value.begin(), kTraceParentBytes, out.begin());
  out[0] = out[1] = '0';
  for (std::size_t i = 0; i < 16; ++i) {
    out[kParentAt + i] = "0123456789abcdef"[span >> (60 - 4 * i) & 0xFU];
  }
  return {out.data(), out.size()};
}

}  // namespace headrace::net::http
