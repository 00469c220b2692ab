// TextScan: what strings announce by their first bytes, and what stands outside of them.
#include <bit>
#include <cstring>

#include "policy/estimate/string_head.h"
#include "policy/estimate/text_scan_block.h"
#include "policy/json/json_blank.h"

namespace headrace::policy {

static_assert(std::endian::native == std::endian::little, "heads are read as they lie");

// Those of arrays, by their digits. There are a few in a request, or next to nothing else.
void TextScan::take_numbers(const Block& block, std::uint64_t digits) {
  bool goes_on = in_number_;
  in_number_ = false;
  for (std::uint64_t rest = digits; rest != 0; goes_on = false) {
    const auto begin = static_cast<unsigned>(std::countr_zero(rest));
    const auto length = static_cast<unsigned>(std::countr_one(rest >> begin));
    const char behind_what = last_before(block, begin);
    const bool of_array = (goes_on && begin == 0) || behind_what == '[' || behind_what == ',';
    if (of_array) counts_.bare_bytes += length;
    in_number_ = of_array && begin + length == block.size;
    rest = begin + length == kBlock ? 0 : rest & kAll << (begin + length);
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
    const bool is_value = last_before(block, quote) == ':';
    // Of a short string in a short block: all that there is of it.
    if (head_bytes_ < 8) take();
    head_is_value_ = is_value;
    if (free_form_.watches()) follow_free_form(block, followed, quote);
    followed = quote;
    free_form_.take_string();
    carried = 0;
    if (free_form_.inside()) {  // whatever it begins with
      media_counted_ = media_string_ = media_key_ = mime_type_key_ = false;
      continue;
    }
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
    if (((block.text | block.quotes) >> place & 1) != 0) continue;
    const bool inside = free_form_.inside();
    free_form_.take(block.bytes[place]);
    if ((inside || free_form_.inside()) && !is_json_blank(block.bytes[place])) ++counts_.bare_bytes;
  }
}

void TextScan::take_head(std::uint64_t head, bool is_value) {
  media_counted_ = false;
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

}  // namespace headrace::policy
