// An entry during one life: from when a limit was added until it is forgotten. Its place may then
// stand for another limit.
//
// Whoever is to change a word loads it first, and then asks whether the life still lasts: no word
// has a value twice that it had in an earlier life, so that a compare-and-swap of what was loaded
// cannot meet a later one.
#pragma once

#include <cstdint>

#include "core/limits/limit_words.h"

namespace headrace::core {

class LimitLife {
 public:
  LimitLife(LimitEntry& entry, std::uint64_t name) : entry_(&entry), name_(name) {}

  [[nodiscard]] bool lasts() const { return entry_->name.load() == name_; }
  LimitEntry* operator->() const { return entry_; }
  LimitEntry& operator*() const { return *entry_; }

 private:
  LimitEntry* entry_;
  std::uint64_t name_;
};

}  // namespace headrace::core
