#include "policy/estimate/text_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "policy/estimate/string_head.h"

namespace headrace::policy {
namespace {

static_assert(std::endian::native == std::endian::little, "heads are read as they lie");

constexpr unsigned kBlock = 64;
constexpr std::size_t kBlocksAtOnce = 8;
constexpr std::uint64_t kAll = ~std::uint64_t{0};

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

void scale(std::uint32_t& number, std::uint64_t by, std::uint64_t of) {
  number = static_cast<std::uint32_t>(number * by / of);
}

}  // namespace

// One block with everything known of it that is needed to count.
struct TextScan::Block {
  ByteClasses is;
  std::uint64_t text = 0;         // in a string, its quotes not included
  std::uint64_t quotes = 0;       // at the ends of strings
  std::uint64_t opens = 0;        // those that begin one
  std::uint64_t backslashes = 0;  // that escape
  std::uint64_t escapes = 0;      // what is escaped
  const char* bytes = nullptr;
  unsigned size = kBlock;
};

void TextScan::feed(std::string_view part) {
  const char* at = part.data();
  std::size_t left = part.size();
  std::array<ByteClasses, kBlocksAtOnce> classes;
  while (left > 0) {
    const std::size_t blocks = std::min(left / kBlock, kBlocksAtOnce);
    classify_bytes(at, blocks, classes.data());
    // Media are not looked at, so there may be more.
    for (std::size_t i = 0; i < blocks && looked_at_ < kTextScanBytesMax; ++i) {
      if (is_plain(classes[i])) {
        take_plain(classes[i]);
      } else {
        take_block(at, kBlock, classes[i]);
      }
      at += kBlock;
      left -= kBlock;
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

// In the middle of a text, with nothing in it that needs a second look: most blocks are.
bool TextScan::is_plain(const ByteClasses& classes) const {
  return in_string_ && (classes.quotes | classes.backslashes | code_points_) == 0 && !escape_ &&
         head_bytes_ == 8 && !media_string_ && opaque_run_ == 0;
}

// As take_block() and take_text() would, of which every test is known. What the last byte was
// matters only outside of strings.
void TextScan::take_plain(const ByteClasses& classes) {
  counts_.text_bytes += kBlock;
  looked_at_ += kBlock;
  const std::uint64_t letters = classes.letters | classes.high;
  const std::uint64_t digits = classes.digits;
  const std::uint64_t spaces = classes.spaces;
  const std::uint64_t marks = ~(letters | digits | spaces);
  count_words(letters, classes.capitals);
  if (digits != 0) count_digits(digits, spaces);
  if (marks != 0) {
    counts_.marks += count(marks);
    counts_.mark_runs += count(marks & ~behind(marks, marks_, 1));
  }
  count_gaps(spaces);
  if (classes.high != 0) counts_.high_bytes += count(classes.high);
  letters_ = letters;
  digits_ = digits;
  marks_ = marks;
  spaces_ = spaces;
  tabs_ = line_ends_ = 0;
}

void TextScan::count_words(std::uint64_t letters, std::uint64_t capitals) {
  const std::uint64_t after_letter = behind(letters, letters_, 1);
  const std::uint64_t starts = letters & ~after_letter;
  counts_.words += count(starts);
  counts_.letters_past_4 += count(letters & after_letter & behind(letters, letters_, 2) &
                                  behind(letters, letters_, 3) & behind(letters, letters_, 4));
  counts_.capitals += count(starts & capitals);
}

void TextScan::count_gaps(std::uint64_t spaces) {
  const std::uint64_t second_spaces = spaces & behind(spaces, spaces_, 1);
  if (second_spaces != 0) counts_.wide_gaps += count(second_spaces & ~behind(spaces, spaces_, 2));
}

void TextScan::count_digits(std::uint64_t digits, std::uint64_t spaces) {
  const std::uint64_t after_digit = behind(digits, digits_, 1);
  const std::uint64_t starts = digits & ~after_digit;
  counts_.digit_runs += count(starts);
  counts_.digits_past_3 +=
      count(digits & after_digit & behind(digits, digits_, 2) & behind(digits, digits_, 3));
  counts_.spaced_digits += count(starts & behind(spaces, spaces_, 1));
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
  if (head_bytes_ < 8 || block.opens != 0 || free_form_.watches()) take_strings(block);
  if (!take_opaque(block)) take_text(block);
  for (unsigned end = size; end > 0; --end) {
    if (at[end - 1] == ' ') continue;
    last_ = at[end - 1];
    break;
  }
}

// Looks at what the strings that open here begin with.
void TextScan::take_strings(const Block& block) {
  unsigned carried = head_bytes_;  // of the head, from blocks before
  const auto take = [&] {
    const bool before = free_form_.announced();
    take_head(head_, head_is_value_);
    // The key's end, and what followed it, may have been in the block before.
    if (!before && free_form_.announced()) free_form_.take_behind_key(head_, carried);
    head_bytes_ = 8;
  };
  const auto gather = [&](unsigned from) {
    for (unsigned place = from; head_bytes_ < 8 && place < block.size; ++place, ++head_bytes_) {
      head_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(block.bytes[place]))
               << 8U * head_bytes_;
    }
    if (head_bytes_ == 8) take();
  };
  if (head_bytes_ < 8) gather(0);
  unsigned followed = 0;
  for (std::uint64_t rest = block.opens; rest != 0; rest &= rest - 1) {
    const auto quote = static_cast<unsigned>(std::countr_zero(rest));
    unsigned before = quote;
    while (before > 0 && block.bytes[before - 1] == ' ')
      --before;
    const bool is_value = (before > 0 ? block.bytes[before - 1] : last_) == ':';
    // Of a short string in a short block: all that there is of it.
    if (head_bytes_ < 8) take();
    head_is_value_ = is_value;
    if (free_form_.watches()) follow_free_form(block, followed, quote);
    followed = quote;
    free_form_.take_string();
    carried = 0;
    if (quote + 1 + sizeof head_ <= block.size) {
      std::memcpy(&head_, block.bytes + quote + 1, sizeof head_);
      take();
      continue;
    }
    head_ = 0;
    head_bytes_ = 0;
    gather(quote + 1);
  }
  if (free_form_.watches()) follow_free_form(block, followed, block.size);
}

void TextScan::follow_free_form(const Block& block, unsigned from, unsigned to) {
  for (unsigned place = from; place < to && free_form_.watches(); ++place) {
    if (((block.text | block.quotes) >> place & 1) == 0) free_form_.take(block.bytes[place]);
  }
}

void TextScan::take_head(std::uint64_t head, bool is_value) {
  media_counted_ = false;
  if (free_form_.inside()) {
    media_string_ = media_key_ = mime_type_key_ = false;
    return;
  }
  const Announced announced = !is_value        ? announced_by_key(head)
                              : mime_type_key_ ? announced_by_mime_type(head)
                                               : announced_by_value(head);
  media_string_ = is_value && media_key_;
  media_key_ = announced == Announced::media;
  mime_type_key_ = announced == Announced::mime_type;
  switch (announced) {
    case Announced::nothing:
    case Announced::media:
    case Announced::mime_type:
      return;
    case Announced::message:
      ++counts_.messages;
      return;
    case Announced::image:
      ++counts_.images;
      return;
    case Announced::audio:
      ++counts_.audios;
      return;
    case Announced::document:
      ++counts_.documents;
      return;
    case Announced::reference:
      ++counts_.references;
      return;
    case Announced::search:
      ++counts_.searches;
      return;
    case Announced::free_form:
      free_form_.announce();
      return;
  }
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
  letters_ = digits_ = marks_ = spaces_ = tabs_ = line_ends_ = code_points_ = 0;
  return true;
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
    const std::uint64_t hex = behind(points, code_points_, 1) | behind(points, code_points_, 2) |
                              behind(points, code_points_, 3) | behind(points, code_points_, 4);
    letters = ((letters & ~(escapes | hex)) | points | points >> 1 | hex) & text;
    digits &= ~(escapes | hex);
  }
  const std::uint64_t marks =
      text & ~(letters | digits | spaces | line_ends | tabs | block.backslashes);

  count_words(letters, block.is.capitals);
  if (digits != 0) count_digits(digits, spaces);
  counts_.marks += count(marks);
  counts_.mark_runs += count(marks & ~escapes & ~behind(marks, marks_, 1));
  count_gaps(spaces);
  if (escapes != 0) {
    // What is escaped stands two bytes behind the character before it.
    counts_.mark_runs += count(marks & escapes & ~behind(marks, marks_, 2));
    counts_.wide_gaps += count(tabs & ~behind(tabs, tabs_, 2));
    counts_.line_ends += count(line_ends & ~behind(line_ends, line_ends_, 2));
    counts_.code_points += count(points);
  }
  if (block.is.high != 0) counts_.high_bytes += count(block.is.high & text);

  if (block.size == kBlock) {
    letters_ = letters;
    digits_ = digits;
    marks_ = marks;
    spaces_ = spaces;
    tabs_ = tabs;
    line_ends_ = line_ends;
    code_points_ = points;
    return;
  }
  const auto remember = [size = block.size](std::uint64_t& before, std::uint64_t here) {
    before = here << (kBlock - size) | before >> size;
  };
  remember(letters_, letters);
  remember(digits_, digits);
  remember(marks_, marks);
  remember(spaces_, spaces);
  remember(tabs_, tabs);
  remember(line_ends_, line_ends);
  remember(code_points_, points);
}

TextCounts TextScan::counts() const {
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
