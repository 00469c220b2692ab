// Which bytes are what: a bit per byte, 64 bytes at a step, by the widest instructions that the
// machine has.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::policy {

struct ByteClasses {
  std::uint64_t letters = 0;  // of ASCII
  std::uint64_t capitals = 0;
  std::uint64_t digits = 0;
  std::uint64_t spaces = 0;
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t high = 0;  // beyond ASCII
};

// Of 64 * `blocks` bytes.
void classify_bytes(const char* bytes, std::size_t blocks, ByteClasses* classes);

// The same with the instructions that every processor of the architecture has; with wider ones.
void classify_bytes_baseline(const char* bytes, std::size_t blocks, ByteClasses* classes);
#if defined(__x86_64__)
void classify_bytes_avx2(const char* bytes, std::size_t blocks, ByteClasses* classes);
void classify_bytes_avx512(const char* bytes, std::size_t blocks, ByteClasses* classes);
#endif

}  // namespace headrace::policy
