// The strings of a config base while it is built: one heap of bytes.
//
// Threads: owned by one builder. Invariants: the same calls give the same bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/config/row_values.h"
#include "policy/config/scope_layout.h"

namespace headrace::policy::config {

// So that a map of strings can be asked for a string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

class StringHeap {
 public:
  // What mostly stands once.
  TextRef append(std::string_view text);
  // What stands often: kept once.
  TextRef intern(std::string_view text);
  KeyLabel append_label(std::string_view name, std::string_view prefix);

  [[nodiscard]] std::string_view text(TextRef ref) const {
    return {bytes_.data() + ref.offset, ref.bytes};
  }
  [[nodiscard]] const std::vector<char>& bytes() const { return bytes_; }

 private:
  void make_room(std::size_t bytes) const;

  std::vector<char> bytes_;
  TextMap<TextRef> interned_;
};

}  // namespace headrace::policy::config
