#include "policy/estimate/text_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "policy/estimate/text_scan_block.h"

namespace headrace::policy {
namespace {

constexpr std::size_t kBlocksAtOnce = 8;

std::uint32_t count(std::uint64_t bits) {
  return static_cast<std::uint32_t>(std::popcount(bits));
}

// The bits that stand `by` places behind one of `bits`; `before` is the block before this one.
std::uint64_t behind(std::uint64_t bits, std::uint64_t before, unsigned by) {
  return bits << by | before >> (kBlock - by);
}

// Bit n of the result: an odd number of bits up to n is set.
std::uint64_t odd_up_to(std::uint64_t bits) {
  for (unsigned by = 1; by < kBlock; by *= 2)
    bits ^= bits << by;
  return bits;
}

// The bytes of these that are one of the escapes wanted. There are few of them.
template <class Wanted>
std::uint64_t matching(std::uint64_t escapes, const char* bytes, Wanted wanted) {
  std::uint64_t found = 0;
  for (std::uint64_t rest = escapes; rest != 0; rest &= rest - 1) {
    const int at = std::countr_zero(rest);
    if (wanted(bytes[at])) found |= std::uint64_t{1} << at;
  }
  return found;
}

// Of a hexadecimal digit.
std::uint32_t hex_value(char c) {
  return c <= '9' ? static_cast<std::uint32_t>(c - '0') : (static_cast<std::uint32_t>(c) & 7U) + 9U;
}

// As names of types have them. Some libraries escape other ASCII: quotes, angle brackets.
bool is_name_letter(std::uint32_t point) {
  const std::uint32_t lower = point | 0x20U;
  return (lower >= 'a' && lower <= 'z') || point == '_';
}

void count_words(TextCounts& counts, std::uint64_t letters, std::uint64_t before,
                 std::uint64_t capitals) {
  const std::uint64_t after_letter = behind(letters, before, 1);
  const std::uint64_t starts = letters & ~after_letter;
  counts.words += count(starts);
  counts.letters_past_4 += count(letters & after_letter & behind(letters, before, 2) &
                                 behind(letters, before, 3) & behind(letters, before, 4));
  counts.capitals += count(starts & capitals);
}

void count_gaps(TextCounts& counts, std::uint64_t spaces, std::uint64_t before) {
  const std::uint64_t second_spaces = spaces & behind(spaces, before, 1);
  if (second_spaces != 0) counts.wide_gaps += count(second_spaces & ~behind(spaces, before, 2));
}

void count_digits(TextCounts& counts, std::uint64_t digits, std::uint64_t before,
                  std::uint64_t spaces, std::uint64_t spaces_before) {
  const std::uint64_t after_digit = behind(digits, before, 1);
  const std::uint64_t starts = digits & ~after_digit;
  counts.digit_runs += count(starts);
  counts.digits_past_3 +=
      count(digits & after_digit & behind(digits, before, 2) & behind(digits, before, 3));
  counts.spaced_digits += count(starts & behind(spaces, spaces_before, 1));
}

void scale(std::uint32_t& number, std::uint64_t by, std::uint64_t of) {
  number = static_cast<std::uint32_t>(number * by / of);
}

}  // namespace

void TextScan::feed(std::string_view part) {
  const char* at = part.data();
  std::size_t left = part.size();
  std::array<ByteClasses, kBlocksAtOnce> classes;
  while (left > 0) {
    const std::size_t blocks = std::min(left / kBlock, kBlocksAtOnce);
    classify_bytes(at, blocks, classes.data());
    // Media are not looked at, so there may be more.
    for (std::size_t i = 0; i < blocks && looked_at_ < kTextScanBytesMax;) {
      const std::span<const ByteClasses> rest = std::span(classes).first(blocks).subspan(i);
      std::size_t taken = plain_blocks(rest);
      if (taken > 0) {
        take_plain(rest.first(taken));
      } else {
        take_block(at, kBlock, classes[i]);
        taken = 1;
      }
      i += taken;
      at += taken * kBlock;
      left -= taken * kBlock;
    }
    if (looked_at_ >= kTextScanBytesMax) {
      unseen_ += left;
      return;
    }
    if (left > 0 && left < kBlock) {
      take_rest(at, static_cast<unsigned>(left));
      return;
    }
  }
}

// How many blocks lie in the middle of a text, with nothing in them that needs a second look: most
// do. None of them changes what is asked of all.
std::size_t TextScan::plain_blocks(std::span<const ByteClasses> blocks) const {
  if (!in_string_ || escape_ || code_points_ != 0 || head_bytes_ != 8 || media_string_ ||
      opaque_run_ != 0) {
    return 0;
  }
  const std::size_t most = (kTextScanBytesMax - looked_at_ + kBlock - 1) / kBlock;
  blocks = blocks.first(std::min(blocks.size(), most));
  const auto special = std::ranges::find_if(
      blocks, [](const ByteClasses& is) { return (is.quotes | is.backslashes) != 0; });
  return static_cast<std::size_t>(special - blocks.begin());
}

// As take_block() and take_text() would, of which every test is known. What the last byte was
// matters only outside of strings.
void TextScan::take_plain(std::span<const ByteClasses> blocks) {
  TextCounts counts = counts_;
  Before before = before_;
  for (const ByteClasses& is : blocks) {
    const std::uint64_t letters = is.letters | is.high;
    const std::uint64_t digits = is.digits;
    const std::uint64_t spaces = is.spaces;
    const std::uint64_t marks = ~(letters | digits | spaces);
    count_words(counts, letters, before.letters, is.capitals);
    if (digits != 0) count_digits(counts, digits, before.digits, spaces, before.spaces);
    counts.marks += count(marks);
    counts.mark_runs += count(marks & ~behind(marks, before.marks, 1));
    count_gaps(counts, spaces, before.spaces);
    if (is.high != 0) counts.high_bytes += count(is.high);
    before = {.letters = letters, .digits = digits, .marks = marks, .spaces = spaces};
  }
  counts.text_bytes += blocks.size() * kBlock;
  looked_at_ += blocks.size() * kBlock;
  counts_ = counts;
  before_ = before;
}

// What is left of a part, below a block.
void TextScan::take_rest(const char* at, unsigned size) {
  std::array<char, kBlock> copy{};
  std::memcpy(copy.data(), at, size);
  ByteClasses classes;
  classify_bytes(copy.data(), 1, &classes);
  take_block(copy.data(), size, classes);
}

void TextScan::take_block(const char* at, unsigned size, const ByteClasses& classes) {
  Block block;
  block.bytes = at;
  block.size = size;
  block.is = classes;
  const std::uint64_t valid = kAll >> (kBlock - size);
  block.escapes = escape_ ? 1 : 0;
  escape_ = false;
  for (std::uint64_t rest = block.is.backslashes & ~block.escapes; rest != 0;) {
    const auto place = static_cast<unsigned>(std::countr_zero(rest));
    const std::uint64_t bit = std::uint64_t{1} << place;
    block.backslashes |= bit;
    if (place + 1 < size) {
      block.escapes |= bit << 1;
    } else {
      escape_ = true;
    }
    rest &= ~(bit | bit << 1);
  }
  block.quotes = block.is.quotes & ~block.escapes;
  const std::uint64_t in_string =
      (block.quotes == 0 ? 0 : odd_up_to(block.quotes)) ^ (in_string_ ? kAll : 0);
  block.opens = block.quotes & in_string;
  block.text = in_string & ~block.quotes & valid;
  in_string_ = (in_string >> (size - 1) & 1) != 0;
  const std::uint64_t bare_digits = block.is.digits & ~in_string & valid;
  if (bare_digits != 0 && !free_form_.inside()) {
    take_numbers(block, bare_digits);
  } else {
    in_number_ = false;
  }
  if (head_bytes_ < 8 || block.opens != 0 || free_form_.watches()) take_strings(block);
  if (!take_opaque(block)) take_text(block);
  last_ = last_before(block, size);
}

// Base64 has no end of its own: blocks of nothing else are kept apart until there are enough of
// them to call it media.
bool TextScan::take_opaque(const Block& block) {
  const bool maybe = media_string_ && media_allowed_ && block.size == kBlock &&
                     block.text == kAll &&
                     (block.is.spaces | block.is.high | block.is.backslashes) == 0;
  const bool opaque =
      maybe && matching(~(block.is.letters | block.is.digits), block.bytes, [](char c) {
                 return c != '+' && c != '/' && c != '=' && c != '-' && c != '_';
               }) == 0;
  if (!opaque) {
    if (opaque_run_ >= kMediaRunBytesMin) counts_.media_bytes += opaque_run_;
    opaque_run_ = 0;
    return false;
  }
  if (opaque_run_ == 0) before_opaque_ = counts_;
  opaque_run_ += kBlock;
  if (opaque_run_ < kMediaRunBytesMin) return false;
  if (opaque_run_ == kMediaRunBytesMin) {
    counts_ = before_opaque_;
    if (!media_counted_) ++counts_.media_strings;
    media_counted_ = true;
  }
  before_ = {};
  code_points_ = 0;
  return true;
}

void TextScan::take_points(const Block& block, std::uint64_t points) {
  const auto gather = [&](unsigned place) {
    for (; point_digits_ < 4 && place < block.size; ++place) {
      point_ = point_ << 4U | hex_value(block.bytes[place]);
      if (++point_digits_ == 4 && is_name_letter(point_)) ++counts_.hidden;
    }
  };
  gather(0);  // of the block before
  for (std::uint64_t rest = points; rest != 0; rest &= rest - 1) {
    point_ = point_digits_ = 0;
    gather(static_cast<unsigned>(std::countr_zero(rest)) + 1);
  }
}

void TextScan::take_text(const Block& block) {
  const std::uint64_t text = block.text;
  counts_.text_bytes += count(text);
  looked_at_ += block.size;
  std::uint64_t letters = (block.is.letters | block.is.high) & text;
  std::uint64_t digits = block.is.digits & text;
  const std::uint64_t spaces = block.is.spaces & text;
  const std::uint64_t escapes = block.escapes & text;
  std::uint64_t line_ends = 0;
  std::uint64_t tabs = 0;
  std::uint64_t points = 0;
  if ((escapes | code_points_) != 0) {
    line_ends = matching(escapes, block.bytes, [](char c) { return c == 'n' || c == 'r'; });
    tabs = matching(escapes, block.bytes, [](char c) { return c == 't'; });
    points = matching(escapes, block.bytes, [](char c) { return c == 'u'; });
    take_points(block, points);
    const std::uint64_t hex = behind(points, code_points_, 1) | behind(points, code_points_, 2) |
                              behind(points, code_points_, 3) | behind(points, code_points_, 4);
    letters = ((letters & ~(escapes | hex)) | points | points >> 1 | hex) & text;
    digits &= ~(escapes | hex);
  }
  const std::uint64_t marks =
      text & ~(letters | digits | spaces | line_ends | tabs | block.backslashes);

  count_words(counts_, letters, before_.letters, block.is.capitals);
  if (digits != 0) count_digits(counts_, digits, before_.digits, spaces, before_.spaces);
  counts_.marks += count(marks);
  counts_.mark_runs += count(marks & ~escapes & ~behind(marks, before_.marks, 1));
  count_gaps(counts_, spaces, before_.spaces);
  if (escapes != 0) {
    // What is escaped stands two bytes behind the character before it.
    counts_.mark_runs += count(marks & escapes & ~behind(marks, before_.marks, 2));
    counts_.wide_gaps += count(tabs & ~behind(tabs, before_.tabs, 2));
    counts_.line_ends += count(line_ends & ~behind(line_ends, before_.line_ends, 2));
    counts_.code_points += count(points);
  }
  if (block.is.high != 0) counts_.high_bytes += count(block.is.high & text);

  const Before here = {.letters = letters,
                       .digits = digits,
                       .marks = marks,
                       .spaces = spaces,
                       .tabs = tabs,
                       .line_ends = line_ends};
  if (block.size == kBlock) {
    before_ = here;
    code_points_ = points;
    return;
  }
  const auto remember = [size = block.size](std::uint64_t& before, std::uint64_t now) {
    before = now << (kBlock - size) | before >> size;
  };
  remember(before_.letters, here.letters);
  remember(before_.digits, here.digits);
  remember(before_.marks, here.marks);
  remember(before_.spaces, here.spaces);
  remember(before_.tabs, here.tabs);
  remember(before_.line_ends, here.line_ends);
  remember(code_points_, points);
}

TextCounts TextScan::counts() const {
  if (head_bytes_ < 8) {  // the last string begins so near to the end
    TextScan ended = *this;
    ended.take_head(head_, head_is_value_);
    ended.head_bytes_ = 8;
    return ended.counts();
  }
  TextCounts counts = counts_;
  if (opaque_run_ >= kMediaRunBytesMin) counts.media_bytes += opaque_run_;
  if (unseen_ == 0) return counts;
  const std::uint64_t by = looked_at_ + unseen_;
  for (std::uint32_t* number :
       {&counts.words, &counts.letters_past_4, &counts.capitals, &counts.digit_runs,
        &counts.digits_past_3, &counts.spaced_digits, &counts.marks, &counts.mark_runs,
        &counts.wide_gaps, &counts.line_ends, &counts.high_bytes, &counts.code_points}) {
    scale(*number, by, looked_at_);
  }
  // All of it may be text.
  counts.text_bytes += unseen_;
  return counts;
}

}  // namespace headrace::policy
