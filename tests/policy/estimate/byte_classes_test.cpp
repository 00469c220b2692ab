#include "policy/estimate/byte_classes.h"

#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

using Classify = void (*)(const char*, std::size_t, ByteClasses*);

std::vector<Classify> variants() {
  std::vector<Classify> found = {classify_bytes, classify_bytes_baseline};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) found.push_back(classify_bytes_avx2);
  if (__builtin_cpu_supports("avx512bw")) found.push_back(classify_bytes_avx512);
#endif
  return found;
}

std::uint64_t bits_where(const char* bytes, bool (*is)(unsigned char)) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 64; ++i) {
    bits |= static_cast<std::uint64_t>(is(static_cast<unsigned char>(bytes[i]))) << i;
  }
  return bits;
}

TEST(ByteClasses, EveryVariantFindsWhatAByteByByteReadingFinds) {
  constexpr std::size_t kBlocks = 12;
  std::mt19937 random(5);
  const auto bytes = std::make_unique<char[]>(64 * kBlocks);
  for (std::size_t i = 0; i < 64 * kBlocks; ++i)
    bytes[i] = static_cast<char>(i < 256 ? i : random());
  for (const Classify classify : variants()) {
    std::vector<ByteClasses> found(kBlocks);
    classify(bytes.get(), kBlocks, found.data());
    for (std::size_t block = 0; block < kBlocks; ++block) {
      const char* const at = bytes.get() + 64 * block;
      const auto bits = [at](bool (*is)(unsigned char)) { return bits_where(at, is); };
      const ByteClasses& is = found[block];
      EXPECT_EQ(is.letters, bits([](unsigned char c) {
                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                }));
      EXPECT_EQ(is.capitals, bits([](unsigned char c) { return c >= 'A' && c <= 'Z'; }));
      EXPECT_EQ(is.digits, bits([](unsigned char c) { return c >= '0' && c <= '9'; }));
      EXPECT_EQ(is.spaces, bits([](unsigned char c) { return c == ' '; }));
      EXPECT_EQ(is.quotes, bits([](unsigned char c) { return c == '"'; }));
      EXPECT_EQ(is.backslashes, bits([](unsigned char c) { return c == '\\'; }));
      EXPECT_EQ(is.high, bits([](unsigned char c) { return c >= 0x80; }));
    }
  }
}

}  // namespace
}  // namespace headrace::policy
