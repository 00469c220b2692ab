// Which members of a JSON text a walk (policy/json/json_walker.h) looks for, as a table of paths.
//
// A field is a small number (1 to kJsonFieldsMax - 1); field kJsonRoot is the outermost value. A
// rule says: in the object of `parent` the key `key` leads to `field`; with an empty key, each
// element of the array of `parent` is `field`. Two keys may lead to one field (aliases). Tables are
// built at compile time; what does not fit is a compile error.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace headrace::policy {

static_assert(std::endian::native == std::endian::little, "heads of keys are compared as words");

using JsonField = std::uint8_t;

inline constexpr JsonField kJsonNoField = 0;  // nothing that anyone asked for
inline constexpr JsonField kJsonRoot = 1;
inline constexpr std::size_t kJsonFieldsMax = 72;
inline constexpr std::size_t kJsonRulesMax = 64;
inline constexpr std::size_t kJsonKeyBytesMax = 32;

// Whether the walk stops at an object or array of that field, at its opening and its end, or only
// passes through it on the way to what is inside. Of a field that is such a way alone no string,
// number or word is told either: where all keys of a way lead to ways, they cost nothing but where
// an object or array stands behind one.
enum class JsonContainer : std::uint8_t { pass, stop, way };

struct JsonRule {
  JsonField parent;
  std::string_view key;
  JsonField field;
  JsonContainer container = JsonContainer::stop;
};

// An object or array to a walk, in one word, as a walk moves it about for each one.
class JsonPlace {
 public:
  constexpr JsonPlace() = default;
  constexpr JsonPlace(JsonField node, JsonField crossing, JsonField element, bool stops)
      : word_(std::uint32_t{node} | std::uint32_t{crossing} << 8 | std::uint32_t{element} << 16 |
              std::uint32_t{stops} << 24) {}

  // Its field, where its keys are to be looked up as they come; or, of a way all of whose keys lead
  // to ways, `crossing`: there only keys count behind which an object or array stands.
  [[nodiscard]] constexpr JsonField node() const { return static_cast<JsonField>(word_); }
  [[nodiscard]] constexpr JsonField crossing() const { return static_cast<JsonField>(word_ >> 8); }
  // The field of each of its elements.
  [[nodiscard]] constexpr JsonField element() const { return static_cast<JsonField>(word_ >> 16); }
  [[nodiscard]] constexpr bool stops() const { return word_ >> 24 != 0; }

 private:
  std::uint32_t word_ = 0;
};

// The rules by parent, ready for look-up.
class JsonFields {
 public:
  consteval explicit JsonFields(std::span<const JsonRule> rules,
                                JsonContainer root = JsonContainer::stop);

  // The field that `key` (decoded) leads to in the object of `parent`, or kJsonNoField. Bytes up to
  // `readable` may be read; the key ends at or before it.
  [[nodiscard]] JsonField find(JsonField parent, std::string_view key, const char* readable) const {
    if (key.size() > kJsonKeyBytesMax) return kJsonNoField;
    std::uint8_t row = first_[parent][key.size()];
    if (row == kNoRow) return kJsonNoField;
    const std::uint64_t head = head_of(key, readable);
    // Keys of one length under one parent mostly begin differently.
    for (; row != kNoRow; row = rows_[row].next) {
      if (rows_[row].head != head) continue;
      if (key.size() <= sizeof head || has_same_tail(rows_[row].key.data(), key)) {
        return rows_[row].field;
      }
    }
    return kJsonNoField;
  }
  // False where none of `parent` can be this one in other letters of ASCII. `readable` as in
  // find().
  [[nodiscard]] bool may_resemble(JsonField parent, std::string_view key,
                                  const char* readable) const {
    if (key.size() > kJsonKeyBytesMax) return false;
    std::uint8_t row = first_[parent][key.size()];
    if (row == kNoRow) return false;
    constexpr std::uint64_t kCase = 0x2020202020202020;
    for (const std::uint64_t head = head_of(key, readable); row != kNoRow; row = rows_[row].next) {
      if (((rows_[row].head ^ head) & ~kCase) == 0) return true;
    }
    return false;
  }
  // Whether some key of `parent` is this one in other letters, or this one.
  [[nodiscard]] bool resembles(JsonField parent, std::string_view key) const;
  // The field of each element of the array of `parent`.
  [[nodiscard]] JsonField element(JsonField parent) const { return places_[parent].element(); }
  [[nodiscard]] bool is_way(JsonField field) const { return ways_[field]; }
  // What a walk goes by in an object or array of `field`.
  [[nodiscard]] JsonPlace place(JsonField field) const { return places_[field]; }
  [[nodiscard]] bool has_crossings() const { return has_crossings_; }
  // The first key that leads to a field, for messages.
  [[nodiscard]] std::string_view name(JsonField field) const;

 private:
  static constexpr std::uint8_t kNoRow = 0xFF;
  struct Row {
    std::uint64_t head = 0;  // the key's first 8 bytes, zero-filled
    std::string_view key;
    JsonField parent = kJsonNoField;
    JsonField field = kJsonNoField;
    std::uint8_t next = kNoRow;  // with a key of the same length under the same parent
  };
  // The first 8 bytes as one word, zero-filled, without reading past `readable`.
  [[nodiscard]] static std::uint64_t head_of(std::string_view key, const char* readable) {
    std::uint64_t head = 0;
    if (readable - key.data() >= 8) [[likely]] {
      std::memcpy(&head, key.data(), sizeof head);
      return key.size() >= 8 ? head : head & ((std::uint64_t{1} << 8 * key.size()) - 1);
    }
    std::memcpy(&head, key.data(), key.size());
    return head;
  }
  // Of two keys of one length of at least 8 bytes, the first 8 of which are the same.
  [[nodiscard]] static bool has_same_tail(const char* known, std::string_view key);

  std::array<Row, kJsonRulesMax + 1> rows_{};  // by parent, then by length; the last one is empty
  // The first row of a parent with keys of a length.
  std::array<std::array<std::uint8_t, kJsonKeyBytesMax + 1>, kJsonFieldsMax> first_{};
  std::array<JsonPlace, kJsonFieldsMax> places_{};
  std::array<bool, kJsonFieldsMax> ways_{};
  bool has_crossings_ = false;
};

// Letters in lower case; the two characters beyond ASCII that fold to ASCII letters (U+017F to s,
// U+212A to k) count as those, because some JSON libraries match keys so. Returns what fits.
[[nodiscard]] std::string_view fold_key(std::string_view key,
                                        std::span<char, kJsonKeyBytesMax + 1> out);

consteval JsonFields::JsonFields(std::span<const JsonRule> rules, JsonContainer root) {
  std::array<JsonField, kJsonFieldsMax> elements{};
  std::array<bool, kJsonFieldsMax> stops{};
  stops[kJsonRoot] = root == JsonContainer::stop;
  for (auto& lengths : first_)
    lengths.fill(kNoRow);
  std::size_t used = 0;
  for (const JsonRule& rule : rules) {
    // An array's elements may be read as the outermost value itself.
    const JsonField lowest = rule.key.empty() ? kJsonRoot : kJsonRoot + 1;
    if (rule.parent == kJsonNoField || rule.field < lowest) throw "no such parent or field";
    if (rule.parent >= kJsonFieldsMax || rule.field >= kJsonFieldsMax) throw "no such field";
    if (rule.key.size() > kJsonKeyBytesMax) throw "the key is too long";
    if (rule.container == JsonContainer::stop) stops[rule.field] = true;
    if (rule.container == JsonContainer::way) ways_[rule.field] = true;
    if (rule.key.empty()) {
      elements[rule.parent] = rule.field;
      continue;
    }
    if (used == kJsonRulesMax) throw "too many rules";
    Row& row = rows_[used++];
    row = {0, rule.key, rule.parent, rule.field};
    for (std::size_t i = 0; i < rule.key.size() && i < 8; ++i) {
      row.head |= static_cast<std::uint64_t>(static_cast<unsigned char>(rule.key[i])) << 8 * i;
    }
  }
  std::sort(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(used),
            [](const Row& a, const Row& b) {
              return a.parent != b.parent ? a.parent < b.parent : a.key.size() < b.key.size();
            });
  for (std::size_t row = 1; row < used; ++row) {
    const Row& here = rows_[row];
    Row& before = rows_[row - 1];
    if (before.parent == here.parent && before.key.size() == here.key.size()) {
      before.next = static_cast<std::uint8_t>(row);
    }
  }
  for (std::size_t row = used; row > 0; --row) {
    first_[rows_[row - 1].parent][rows_[row - 1].key.size()] = static_cast<std::uint8_t>(row - 1);
  }
  for (std::size_t field = kJsonRoot; field < kJsonFieldsMax; ++field) {
    bool crossing = ways_[field];
    for (std::size_t row = 0; row < used; ++row)
      crossing &= rows_[row].parent != field || ways_[rows_[row].field];
    const auto own = static_cast<JsonField>(field);
    places_[field] = JsonPlace(crossing ? kJsonNoField : own, crossing ? own : kJsonNoField,
                               elements[field], stops[field]);
    has_crossings_ |= crossing;
  }
}

}  // namespace headrace::policy
