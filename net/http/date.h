// The Date field's value (IMF-fixdate, RFC 9110 section 5.6.7), formatted once a second.
// One per shard; the view lives until the next call.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/clock.h"

namespace headrace::net::http {

inline constexpr std::size_t kDateBytes = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"

class DateCache {
 public:
  // Years before 1970 and after 9999 are given as the nearest second inside.
  std::string_view at(core::WallTime now);

 private:
  std::int64_t second_ = -1;
  std::array<char, kDateBytes> text_{};
};

}  // namespace headrace::net::http
