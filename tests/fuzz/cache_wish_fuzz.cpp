// What a request says about the cache, held against a slow and obvious reading by regular
// expressions. The input is one field value a line; the first byte of a line says of which field.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <regex>
#include <sstream>
#include <string>

#include "policy/cache/cache_wish.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

struct Reading {
  bool on = false;
  bool off = false;
  bool refresh = false;
  bool only = false;
  std::int64_t max_age_s = std::numeric_limits<std::int64_t>::max();
};

void read_own(const std::string& value, Reading& reading) {
  static const std::regex on(R"([ \t]*on[ \t]*)", std::regex::icase);
  static const std::regex refresh(R"([ \t]*refresh[ \t]*)", std::regex::icase);
  if (std::regex_match(value, refresh)) reading.refresh = true;
  if (std::regex_match(value, refresh) || std::regex_match(value, on)) {
    reading.on = true;
  } else {
    reading.off = true;
  }
}

std::int64_t age_of(const std::string& digits) {
  if (digits.empty()) return 0;
  return digits.size() > 10 ? std::numeric_limits<std::int64_t>::max() : std::stoll(digits);
}

void read_cache_control(const std::string& value, Reading& reading) {
  static const std::regex no_store(R"([ \t]*no-store[ \t]*(=.*)?)", std::regex::icase);
  static const std::regex no_cache(R"([ \t]*no-cache[ \t]*(=.*)?)", std::regex::icase);
  static const std::regex only(R"([ \t]*only-if-cached[ \t]*(=.*)?)", std::regex::icase);
  static const std::regex max_age(R"([ \t]*max-age[ \t]*(=.*)?)", std::regex::icase);
  static const std::regex seconds(R"re([^=]*=[ \t]*("?)([0-9]+)\1[ \t]*)re");
  std::istringstream list(value);
  for (std::string directive; std::getline(list, directive, ',');) {
    if (std::regex_match(directive, no_store)) reading.off = true;
    if (std::regex_match(directive, no_cache)) reading.refresh = true;
    if (std::regex_match(directive, only)) reading.on = reading.only = true;
    if (!std::regex_match(directive, max_age)) continue;
    std::smatch match;
    // What is no number is stale at once.
    const bool known = std::regex_match(directive, match, seconds);
    const std::int64_t age = known ? age_of(match[2]) : 0;
    reading.max_age_s = std::min(reading.max_age_s, age);
    (age == 0 ? reading.refresh : reading.on) = true;
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  headrace::policy::CacheWish wish;
  Reading reading;
  for (std::string line; std::getline(lines, line);) {
    // The parser of heads leaves no such byte; regular expressions recurse.
    if (line.empty() || line.size() > 400 || line.find_first_of("\r\0\v\f", 0, 4) != line.npos)
      continue;
    const std::string value = line.substr(1);
    if (line[0] == 'x') {
      wish.read_own_field(value);
      read_own(value, reading);
    } else {
      wish.read_cache_control(value);
      read_cache_control(value, reading);
    }
  }
  FUZZ_CHECK(wish.refuses() == reading.off);
  FUZZ_CHECK(wish.refreshes() == reading.refresh);
  FUZZ_CHECK(wish.asks() == (reading.on && !reading.off));
  FUZZ_CHECK(wish.max_age_s() == reading.max_age_s);
  FUZZ_CHECK(wish.only_if_cached() == reading.only);
  return 0;
}
