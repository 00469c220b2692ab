// Copies a few bytes to a few dozen: names, ids, lines of heads. By words of which the last ones
// overlap, where calling memcpy takes longer than the copy, and so does the loop that g++ makes of
// it where it knows that the length is small.
//
// Threads: a pure function over the caller's memory, which does not overlap. Of no bytes the places
//          may be null.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace headrace::core {

// The first and the last word of so many bytes: at least one word, at most two.
template <class Word>
void copy_both_ends(char* to, const char* from, std::size_t bytes) {
  Word first;
  Word last;
  std::memcpy(&first, from, sizeof first);
  std::memcpy(&last, from + bytes - sizeof last, sizeof last);
  std::memcpy(to, &first, sizeof first);
  std::memcpy(to + bytes - sizeof last, &last, sizeof last);
}

inline void copy_short(void* to, const void* from, std::size_t bytes) {
  using Wide = std::array<std::uint64_t, 2>;
  constexpr std::size_t kShortMax = 64;
  auto* const into = static_cast<char*>(to);
  const auto* const out_of = static_cast<const char*>(from);
  if (bytes > kShortMax) {
    std::memcpy(into, out_of, bytes);
  } else if (bytes > sizeof(Wide)) {
    std::size_t at = 0;
    for (; at + 2 * sizeof(Wide) < bytes; at += sizeof(Wide))
      std::memcpy(into + at, out_of + at, sizeof(Wide));
    copy_both_ends<Wide>(into + at, out_of + at, bytes - at);
  } else if (bytes >= sizeof(std::uint64_t)) {
    copy_both_ends<std::uint64_t>(into, out_of, bytes);
  } else if (bytes >= sizeof(std::uint32_t)) {
    copy_both_ends<std::uint32_t>(into, out_of, bytes);
  } else {
    for (std::size_t i = 0; i < bytes; ++i)
      into[i] = out_of[i];
  }
}

}  // namespace headrace::core
