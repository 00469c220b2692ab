// Time zone files: whatever stands in one is refused in words, or read as a slow reading of the
// same bytes has it.
#include <cstdint>
#include <string>
#include <vector>

#include "policy/config/time_zone.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

// A number of `bytes` bytes at a place; beyond the end: nothing.
bool number_at(std::string_view file, std::size_t at, unsigned bytes, std::int64_t& number) {
  if (at > file.size() || file.size() - at < bytes) return false;
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value = value * 256 + static_cast<unsigned char>(file[at + i]);
  number = bytes == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
  return true;
}

void check_offsets(std::string_view file, const std::vector<core::ZoneOffset>& zone) {
  // Its narrow part is passed over by the counts in its head: that many bytes for each.
  constexpr std::size_t kHead = 44;
  constexpr std::int64_t kEach[] = {1, 1, 8, 5, 6, 1};
  std::size_t at = kHead;
  for (std::size_t i = 0; i < 6; ++i) {
    std::int64_t count = 0;
    FUZZ_CHECK(number_at(file, 20 + 4 * i, 4, count));
    at += static_cast<std::size_t>(static_cast<std::uint32_t>(count)) *
          static_cast<std::size_t>(kEach[i]);
  }
  std::int64_t transitions = 0;
  FUZZ_CHECK(number_at(file, at + 32, 4, transitions));
  const std::size_t times = at + kHead;
  const std::size_t types = times + 8 * static_cast<std::size_t>(transitions);
  const std::size_t offsets = types + static_cast<std::size_t>(transitions);
  const std::size_t skipped = static_cast<std::size_t>(transitions) + 1 - zone.size();
  for (std::size_t i = 0; i < zone.size(); ++i) {
    if (skipped + i == 0) continue;  // what holds before the first transition
    const std::size_t index = skipped + i - 1;
    std::int64_t time = 0;
    std::int64_t offset = 0;
    FUZZ_CHECK(number_at(file, times + 8 * index, 8, time));
    FUZZ_CHECK(number_at(
        file,
        offsets + 6 * static_cast<std::size_t>(static_cast<unsigned char>(file[types + index])), 4,
        offset));
    FUZZ_CHECK(zone[i].from_unix_seconds == time);
    FUZZ_CHECK(zone[i].offset_seconds == offset);
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  const std::string_view file{reinterpret_cast<const char*>(data), size};
  const auto zone = policy::config::parse_time_zone(file);
  if (!zone) {
    FUZZ_CHECK(!zone.error().empty());
    return 0;
  }
  FUZZ_CHECK(!zone->empty() && zone->size() <= policy::config::kZoneOffsetsMax + 1);
  for (std::size_t i = 1; i < zone->size(); ++i)
    FUZZ_CHECK((*zone)[i - 1].from_unix_seconds <= (*zone)[i].from_unix_seconds);
  fuzz::check_offsets(file, *zone);
  return 0;
}
