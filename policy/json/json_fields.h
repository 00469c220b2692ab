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
inline constexpr std::size_t kJsonRulesMax = 64;
inline constexpr std::size_t kJsonKeyBytesMax = 32;

// Whether the walk stops at an object or array of that field, at its opening and its end, or only
// passes through it on the way to what is inside.
enum class JsonContainer : bool { pass, stop };

struct JsonRule {
  JsonField parent;
  std::string_view key;
  JsonField field;
  JsonContainer container = JsonContainer::stop;
};

// The rules by parent, ready for look-up.
class JsonFields {
 public:
  consteval explicit JsonFields(std::span<const JsonRule> rules,
                                JsonContainer root = JsonContainer::stop);

  struct Match {
    JsonField field = kJsonNoField;
    bool exact = false;  // false: the key differs in letter case only
  };
  // `key` decoded. kJsonNoField when the object of `parent` has no such member of interest.
  [[nodiscard]] Match find(JsonField parent, std::string_view key) const {
    if (key.size() > kJsonKeyBytesMax || (lengths_[parent] >> key.size() & 1U) == 0) return {};
    return find_among(parent, key);
  }
  // The field of each element of the array of `parent`.
  [[nodiscard]] JsonField element(JsonField parent) const { return element_[parent]; }
  [[nodiscard]] bool stops_at_container(JsonField field) const {
    return (stops_ >> field & 1U) != 0;
  }
  // The first key that leads to a field, for messages.
  [[nodiscard]] std::string_view name(JsonField field) const;

 private:
  struct Row {
    std::uint64_t head = 0;  // the key's first 8 bytes, bit 5 set in each
    std::string_view key;
    JsonField field = kJsonNoField;
  };
  static constexpr std::uint64_t kFold = 0x2020202020202020;
  [[nodiscard]] Match find_among(JsonField parent, std::string_view key) const;

  std::array<Row, kJsonRulesMax> rows_{};                 // grouped by parent
  std::array<std::uint8_t, kJsonFieldsMax + 1> first_{};  // rows of p: [first_[p], first_[p + 1])
  std::array<std::uint64_t, kJsonFieldsMax> lengths_{};   // bit n: some key has n bytes
  std::array<JsonField, kJsonFieldsMax> element_{};
  std::uint64_t stops_ = 0;  // bit per field
};

// Letters in lower case; the two characters beyond ASCII that fold to ASCII letters (U+017F to s,
// U+212A to k) count as those, because some JSON libraries match keys so. Returns what fits.
[[nodiscard]] std::string_view fold_key(std::string_view key,
                                        std::span<char, kJsonKeyBytesMax + 1> out);

consteval JsonFields::JsonFields(std::span<const JsonRule> rules, JsonContainer root) {
  if (root == JsonContainer::stop) stops_ |= 1U << kJsonRoot;
  std::size_t used = 0;
  for (std::size_t parent = 0; parent < kJsonFieldsMax; ++parent) {
    first_[parent] = static_cast<std::uint8_t>(used);
    for (const JsonRule& rule : rules) {
      if (rule.parent != parent) continue;
      // An array's elements may be read as the outermost value itself.
      const JsonField lowest = rule.key.empty() ? kJsonRoot : kJsonRoot + 1;
      if (rule.parent == kJsonNoField || rule.field < lowest) throw "no such parent or field";
      if (rule.field >= kJsonFieldsMax || rule.key.size() > kJsonKeyBytesMax) throw "too large";
      if (rule.container == JsonContainer::stop) stops_ |= std::uint64_t{1} << rule.field;
      if (rule.key.empty()) {
        element_[parent] = rule.field;
        continue;
      }
      Row& row = rows_.at(used++);
      row.key = rule.key;
      row.field = rule.field;
      for (std::size_t i = 0; i < rule.key.size() && i < 8; ++i) {
        row.head |= static_cast<std::uint64_t>(static_cast<unsigned char>(rule.key[i])) << 8 * i;
      }
      row.head |= kFold;
      lengths_[parent] |= std::uint64_t{1} << rule.key.size();
    }
  }
  first_[kJsonFieldsMax] = static_cast<std::uint8_t>(used);
}

}  // namespace headrace::policy
