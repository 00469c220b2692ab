// What an answer says of the cache (X-Cache), and the logs with it.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::net {

enum class CacheSaid : std::uint8_t { nothing, bypass, miss, hit };

constexpr std::string_view to_text(CacheSaid said) {
  switch (said) {
    case CacheSaid::nothing:
      break;
    case CacheSaid::bypass:
      return "bypass";
    case CacheSaid::miss:
      return "miss";
    case CacheSaid::hit:
      return "hit";
  }
  return {};
}

}  // namespace headrace::net
