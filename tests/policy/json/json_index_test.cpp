#include "policy/json/json_index.h"

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/json/json_index_avx2.h"
#include "policy/json/json_index_avx512.h"

namespace headrace::policy {
namespace {

using IndexFunction = std::size_t (*)(const char*, std::size_t, const char*, JsonIndexState&,
                                      std::uint16_t*);

struct Variant {
  const char* name;
  IndexFunction index;
};

std::vector<Variant> variants() {
  std::vector<Variant> found = {{"chosen", index_json}, {"baseline", index_json_baseline}};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) found.push_back({"avx2", index_json_avx2});
  if (__builtin_cpu_supports("avx512vbmi2")) found.push_back({"avx512", index_json_avx512});
#endif
  return found;
}

// The same, byte by byte.
struct Reference {
  std::vector<std::size_t> tokens;
  bool fault = false;
};

Reference reference(std::string_view text) {
  Reference result;
  bool in_string = false;
  bool in_scalar = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '"') {
        in_string = false;
        result.tokens.push_back(i);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        result.fault = true;
        return result;
      } else if (c == '\\' && i + 1 < text.size()) {
        const char kind = text[++i];
        if (kind == 'u') {
          for (std::size_t j = 1; j <= 4 && i + j < text.size(); ++j) {
            if (std::isxdigit(static_cast<unsigned char>(text[i + j])) == 0) {
              result.fault = true;
              return result;
            }
          }
        } else if (std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
          result.fault = true;
          return result;
        }
      }
      continue;
    }
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    const bool token = std::string_view("{}[]:,\"").find(c) != std::string_view::npos;
    if (token || (!space && !in_scalar)) result.tokens.push_back(i);
    in_scalar = !space && !token;
    in_string = c == '"';
  }
  return result;
}

// Texts out of what matters, outside strings without backslashes (which are junk there, and end
// the walk before the index's view of them can matter).
std::string random_text(std::mt19937& random, std::size_t size) {
  static constexpr std::string_view kOutside = "{}[]:, \n\t\"\"\"1-eatx";
  static constexpr std::string_view kInside = "abc \"\\\\\\nu00fF/tx{}[]:,";
  std::string text;
  bool in_string = false;
  bool escaped = false;
  while (text.size() < size) {
    const std::string_view from = in_string ? kInside : kOutside;
    const char c = from[random() % from.size()];
    text.push_back(c);
    if (escaped) {
      escaped = false;
    } else if (in_string && c == '\\') {
      escaped = true;
    } else if (c == '"') {
      in_string = !in_string;
    }
  }
  return text;
}

struct Indexed {
  std::vector<std::size_t> tokens;
  bool fault = false;
};

// In slices of the given size, each in memory of exactly its size.
Indexed index_by(const Variant& variant, std::string_view text, std::size_t slice, bool strict) {
  JsonIndexState state{.strict = strict};
  Indexed result;
  for (std::size_t at = 0; at < text.size() && state.fault == nullptr; at += slice) {
    const std::size_t here = std::min(slice, text.size() - at);
    const std::unique_ptr<char[]> exact(new char[here]);
    std::memcpy(exact.get(), text.data() + at, here);
    std::array<std::uint16_t, kJsonRunTokensMax> offsets;
    const std::size_t count =
        variant.index(exact.get(), here, exact.get() + here, state, offsets.data());
    for (std::size_t i = 0; i < count; ++i)
      result.tokens.push_back(at + offsets[i]);
  }
  result.fault = state.fault != nullptr;
  return result;
}

TEST(JsonIndex, EveryVariantFindsWhatAByteByByteReadingFinds) {
  std::mt19937 random(7);
  const std::vector<Variant> all = variants();
  std::size_t whole = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::size_t size = 1 + random() % 300;
    const std::string text = random_text(random, size);
    const Reference expected = reference(text);
    const std::size_t slice = 1 + random() % 200;
    for (const Variant& variant : all) {
      const Indexed strict = index_by(variant, text, slice, true);
      EXPECT_EQ(strict.fault, expected.fault) << variant.name << " " << text;
      if (expected.fault) continue;
      EXPECT_EQ(strict.tokens, expected.tokens) << variant.name << " by " << slice << ": " << text;
      ++whole;
    }
  }
  EXPECT_GT(whole, 200 * all.size()) << "texts without a fault are among them";
}

TEST(JsonIndex, WithoutJudgingFindsTheSameWhateverTheSlices) {
  std::mt19937 random(11);
  const std::vector<Variant> all = variants();
  for (int round = 0; round < 4000; ++round) {
    const std::size_t size = 1 + random() % 300;
    const std::string text = random_text(random, size);
    const Reference expected = reference(text);
    const Indexed whole = index_by({"baseline", index_json_baseline}, text, size, false);
    if (!expected.fault) {
      EXPECT_EQ(whole.tokens, expected.tokens) << text;
    }
    const std::size_t slice = 1 + random() % 200;
    for (const Variant& variant : all) {
      const Indexed found = index_by(variant, text, slice, false);
      EXPECT_FALSE(found.fault);
      EXPECT_EQ(found.tokens, whole.tokens) << variant.name << " by " << slice << ": " << text;
    }
  }
}

TEST(JsonIndex, AFullRunOfTokensFits) {
  const std::string text(kJsonRunBytesMax, '[');
  for (const Variant& variant : variants()) {
    JsonIndexState state;
    std::array<std::uint16_t, kJsonRunTokensMax> offsets;
    EXPECT_EQ(
        variant.index(text.data(), text.size(), text.data() + text.size(), state, offsets.data()),
        kJsonRunBytesMax);
    EXPECT_EQ(offsets[kJsonRunBytesMax - 1], kJsonRunBytesMax - 1);
  }
}

TEST(JsonIndex, SeesBytesBeyondAscii) {
  for (const Variant& variant : variants()) {
    for (std::size_t place = 0; place < 130; ++place) {
      std::string text(130, 'a');
      text[0] = '"';
      JsonIndexState plain;
      std::array<std::uint16_t, kJsonRunTokensMax> offsets;
      const char* const end = text.data() + text.size();
      static_cast<void>(variant.index(text.data(), text.size(), end, plain, offsets.data()));
      EXPECT_FALSE(plain.non_ascii);
      text[place] = static_cast<char>(0xC3);
      JsonIndexState other;
      static_cast<void>(variant.index(text.data(), text.size(), end, other, offsets.data()));
      EXPECT_TRUE(other.non_ascii) << place;
    }
  }
}

}  // namespace
}  // namespace headrace::policy
