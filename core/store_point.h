// Places in the code where a process may die between two stores to memory that outlives it.
//
// kill -9 may fall between any two instructions. What must be right afterwards is shown by a test
// that dies at every one of these places in turn (tests/core/death): the sources that write to the
// shared region call store_point() before each store, and copy through copy_with_deaths(), so that
// half a copy is a case too. Everywhere but in that test both cost nothing.
//
// Only .cpp files may ask: a header's functions are shared with sources that never die.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace headrace::core {

#if defined(HEADRACE_STORE_POINTS)
// Thrown where the process would have died. Nothing may catch it but the test.
struct ProcessDeath {};

inline std::uint64_t stores_until_death = UINT64_MAX;

inline void store_point() {
  if (stores_until_death-- == 0) throw ProcessDeath{};
}

inline void copy_with_deaths(std::byte* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;  // then `from` may be null
  const std::size_t half = bytes / 2;
  store_point();
  std::memcpy(to, from, half);
  store_point();
  std::memcpy(to + half, static_cast<const std::byte*>(from) + half, bytes - half);
}
#else
constexpr void store_point() {}

inline void copy_with_deaths(std::byte* to, const void* from, std::size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);  // `from` may be null otherwise
}
#endif

}  // namespace headrace::core
