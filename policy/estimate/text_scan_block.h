// What TextScan looks at in one step (text_scan.h): for its own sources only.
#pragma once

#include <cstdint>

#include "policy/estimate/text_scan.h"
#include "policy/json/json_blank.h"

namespace headrace::policy {

inline constexpr unsigned kBlock = 64;
inline constexpr std::uint64_t kAll = ~std::uint64_t{0};

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

// The last byte before a place of the block that is not blank.
inline char TextScan::last_before(const Block& block, unsigned place) const {
  while (place > 0 && is_json_blank(block.bytes[place - 1]))
    --place;
  return place > 0 ? block.bytes[place - 1] : last_;
}

}  // namespace headrace::policy
