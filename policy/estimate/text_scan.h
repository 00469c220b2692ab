// Counts what stands in the strings of a JSON text (policy/estimate/text_counts.h), 64 bytes at a
// step, while it arrives.
//
//   scan.feed(part of a judged JSON text, beginning outside of a string)   as often as need be
//   scan.counts()
//
// The text has been judged before: here nothing is checked again. Escapes are counted as what they
// stand for. A run of at least kMediaRunBytesMin bytes of the base64 alphabet is media, not text,
// where a string may hold media; anywhere else a model would read it letter by letter. So it does
// whatever stands in what a tool is called with, and in what it answers, its brackets included:
// nothing is announced there.
//
// Cost:       bounded: text beyond kTextScanBytesMax is not looked at, its bytes are only counted,
//             and counts() is scaled up to them.
// Threads:    plain data; no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/estimate/byte_classes.h"
#include "policy/estimate/free_form.h"
#include "policy/estimate/text_counts.h"

namespace headrace::policy {

inline constexpr std::size_t kTextScanBytesMax = std::size_t{256} * 1024;
inline constexpr std::size_t kMediaRunBytesMin = 512;

class TextScan {
 public:
  void feed(std::string_view part);
  // Whether strings may be media from here on (the default).
  void allow_media(bool allowed) { media_allowed_ = allowed; }
  // Whatever was fed so far. Scaled up where not all of it was looked at.
  [[nodiscard]] TextCounts counts() const;

 private:
  struct Block;
  // The last bits of the block before, by class, at their places: bit 63 is its last byte.
  struct Before {
    std::uint64_t letters = 0;
    std::uint64_t digits = 0;
    std::uint64_t marks = 0;
    std::uint64_t spaces = 0;
    std::uint64_t tabs = 0;
    std::uint64_t line_ends = 0;
  };
  [[nodiscard]] std::size_t plain_blocks(std::span<const ByteClasses> blocks) const;
  [[nodiscard]] char last_before(const Block& block, unsigned place) const;
  void take_plain(std::span<const ByteClasses> blocks);
  void take_block(const char* at, unsigned size, const ByteClasses& classes);
  void take_rest(const char* at, unsigned size);
  void take_text(const Block& block);
  void take_points(const Block& block, std::uint64_t points);
  void take_numbers(const Block& block, std::uint64_t digits);
  void take_strings(const Block& block);
  void take_head(std::uint64_t head, bool is_value);
  void follow_free_form(const Block& block, unsigned from, unsigned to);
  bool take_opaque(const Block& block);

  TextCounts counts_;
  TextCounts before_opaque_;     // as it was before the run of base64 that is being looked at
  std::uint64_t looked_at_ = 0;  // bytes of text
  std::uint64_t unseen_ = 0;     // bytes beyond
  std::uint64_t opaque_run_ = 0;
  Before before_;
  std::uint64_t code_points_ = 0;   // the `u` of escapes, as in before_
  std::uint32_t point_ = 0;         // the code point of the last escape, as far as it has come
  std::uint32_t point_digits_ = 4;  // of it
  std::uint64_t head_ = 0;          // of the string that opened last, as far as it has come
  std::uint8_t head_bytes_ = 8;
  bool head_is_value_ = false;
  char last_ = 0;  // the last byte that is not blank
  FreeForm free_form_;
  bool media_key_ = false;
  bool mime_type_key_ = false;
  bool media_string_ = false;
  bool media_counted_ = false;  // this string
  bool media_allowed_ = true;
  bool in_string_ = false;
  bool in_number_ = false;  // of an array, at the last byte
  bool escape_ = false;     // the last byte was a backslash that escapes the next one
};

}  // namespace headrace::policy
