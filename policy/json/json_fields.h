// Which members of a JSON text a walk (policy/json/json_walker.h) looks for, as a table of paths.
//
// A field is a small number (1..63); field kJsonRoot is the outermost value. A rule says: in the
// object of `parent` the key `key` leads to `field`; with an empty key, each element of the array
// of `parent` is `field`. Two keys may lead to one field (aliases). Tables are built at compile
// time; what does not fit is a compile error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::policy {

using JsonField = std::uint8_t;

inline constexpr JsonField kJsonNoField = 0;  // nothing that anyone asked for
inline constexpr JsonField kJsonRoot = 1;
inline constexpr std::size_t kJsonFieldsMax = 64;
inline constexpr std::size_t kJsonRulesMax = 80;
inline constexpr std::size_t kJsonKeyBytesMax = 32;

struct JsonRule {
  JsonField parent;
  std::string_view key;
  JsonField field;
};

// The rules by parent, ready for look-up.
class JsonFields {
 public:
  consteval explicit JsonFields(std::span<const JsonRule> rules);

  struct Match {
    JsonField field = kJsonNoField;
    bool exact = false;  // false: the key differs in letter case only
  };
  // `key` decoded. kJsonNoField when the object of `parent` has no such member of interest.
  [[nodiscard]] Match find(JsonField parent, std::string_view key) const;
  [[nodiscard]] JsonField element(JsonField parent) const { return element_[parent]; }
  // Whether anything inside the value of `parent` is of interest.
  [[nodiscard]] bool has_members(JsonField parent) const { return lengths_[parent] != 0; }
  // The key that leads to a field (the first rule's), for messages.
  [[nodiscard]] std::string_view name(JsonField field) const;

 private:
  struct Row {
    std::uint64_t folded_head = 0;  // the first 8 bytes, letters folded, zero-filled
    std::string_view key;
    JsonField field = kJsonNoField;
  };
  std::array<Row, kJsonRulesMax> rows_{};                 // grouped by parent
  std::array<std::uint8_t, kJsonFieldsMax + 1> first_{};  // rows of p: [first_[p], first_[p + 1])
  std::array<std::uint64_t, kJsonFieldsMax> lengths_{};   // bit n: some key has n bytes
  std::array<JsonField, kJsonFieldsMax> element_{};
};

}  // namespace headrace::policy
