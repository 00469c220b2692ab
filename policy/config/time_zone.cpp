#include "policy/config/time_zone.h"

#include <algorithm>
#include <limits>

namespace headrace::policy::config {
namespace {

constexpr std::int64_t kOffsetSecondsMax = 26 * 3600;

// Takes big-endian numbers off a text; beyond its end it is bad, and everything is 0.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string_view bytes(std::size_t count) {
    if (count > rest_.size()) {
      bad_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    for (const char c : bytes(sizeof(Number)))
      value = value << 8U | static_cast<unsigned char>(c);
    return static_cast<Number>(value);
  }
  [[nodiscard]] bool bad() const { return bad_; }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

struct Head {
  std::size_t utc_marks = 0;
  std::size_t standard_marks = 0;
  std::size_t leaps = 0;
  std::size_t transitions = 0;
  std::size_t types = 0;
  std::size_t name_bytes = 0;

  [[nodiscard]] std::size_t body_bytes(std::size_t time_bytes) const {
    return transitions * (time_bytes + 1) + types * 6 + name_bytes + leaps * (time_bytes + 4) +
           standard_marks + utc_marks;
  }
};

std::unexpected<std::string> refused(const char* why) {
  return std::unexpected(std::string(why));
}

// Nothing where it is no such file, or older than version 2.
std::optional<Head> read_head(Reader& reader) {
  if (reader.bytes(4) != "TZif") return std::nullopt;
  const std::string_view version = reader.bytes(1);
  reader.bytes(15);
  if (version.empty() || version[0] < '2') return std::nullopt;
  Head head;
  for (std::size_t* count : {&head.utc_marks, &head.standard_marks, &head.leaps, &head.transitions,
                             &head.types, &head.name_bytes}) {
    *count = reader.number<std::uint32_t>();
  }
  return head;
}

}  // namespace

std::expected<std::vector<core::ZoneOffset>, std::string> parse_time_zone(std::string_view file) {
  Reader reader(file);
  const std::optional<Head> narrow = read_head(reader);
  if (!narrow) return refused("it is no time zone file of version 2 or later");
  // The same with times of 32 bits, for old programs.
  reader.bytes(narrow->body_bytes(4));
  const std::optional<Head> head = read_head(reader);
  if (!head) return refused("it has no times of 64 bits");
  if (head->transitions > kZoneOffsetsMax || head->types == 0 || head->types > 256) {
    return refused("it has impossible counts");
  }
  std::vector<std::int64_t> times(head->transitions);
  for (std::int64_t& time : times)
    time = reader.number<std::int64_t>();
  const std::string_view types = reader.bytes(head->transitions);
  std::vector<std::int32_t> offsets(head->types);
  for (std::int32_t& offset : offsets) {
    offset = reader.number<std::int32_t>();
    reader.bytes(2);
  }
  if (reader.bad()) return refused("it is not whole");
  const bool sane = std::ranges::all_of(offsets, [](std::int32_t offset) {
    return offset >= -kOffsetSecondsMax && offset <= kOffsetSecondsMax;
  });
  if (!sane || !std::ranges::is_sorted(times)) return refused("its rules make no sense");

  std::vector<core::ZoneOffset> zone;
  zone.push_back({.from_unix_seconds = std::numeric_limits<std::int64_t>::min(),
                  .offset_seconds = offsets[0]});
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto type = static_cast<unsigned char>(types[i]);
    if (type >= offsets.size()) return refused("its rules make no sense");
    // What was before 1970 matters to nobody.
    if (times[i] <= 0) zone.clear();
    zone.push_back({.from_unix_seconds = times[i], .offset_seconds = offsets[type]});
  }
  return zone;
}

bool is_time_zone_name(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string_view::npos;
}

std::string time_zone_file(std::string_view name) {
  return "/usr/share/zoneinfo/" + std::string(name);
}

}  // namespace headrace::policy::config
