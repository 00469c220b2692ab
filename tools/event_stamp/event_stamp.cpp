#include "tools/event_stamp/event_stamp.h"

#include <charconv>
#include <chrono>

namespace headrace::tools {
namespace {

constexpr std::string_view kMember = R"(,"sent_nanos":")";
constexpr std::size_t kDigits = 20;  // of any 64-bit number

}  // namespace

std::uint64_t event_clock_nanos() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

void add_event_stamp(std::string& event) {
  const auto end = event.find_last_not_of("\r\n");
  if (end == std::string::npos || event[end] != '}') return;
  event.insert(end, std::string(kMember).append(kDigits, '0').append("\""));
}

void fill_event_stamps(std::span<char> bytes, std::uint64_t nanos) {
  const std::string_view text(bytes.data(), bytes.size());
  for (auto at = text.find(kMember); at != std::string_view::npos; at = text.find(kMember, at)) {
    at += kMember.size();
    if (text.size() - at < kDigits) return;
    std::uint64_t rest = nanos;
    for (std::size_t i = kDigits; i-- > 0; rest /= 10)
      bytes[at + i] = static_cast<char>('0' + rest % 10);
  }
}

std::optional<std::uint64_t> read_event_stamp(std::string_view data) {
  auto at = data.find(kMember);
  if (at == std::string_view::npos) return std::nullopt;
  at += kMember.size();
  if (data.size() - at < kDigits) return std::nullopt;
  const char* const end = data.data() + at + kDigits;
  std::uint64_t nanos = 0;
  const auto [stopped, error] = std::from_chars(data.data() + at, end, nanos);
  if (error != std::errc{} || stopped != end || nanos == 0) return std::nullopt;
  return nanos;
}

}  // namespace headrace::tools
