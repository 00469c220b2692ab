// Which members of a JSON text a walk (policy/json/json_walker.h) looks for, as a table of paths.
//
// A field is a small number (1 to kJsonFieldsMax - 1); field kJsonRoot is the outermost value. A
// rule says: in the object of `parent` the key `key` leads to `field`; with an empty key, each
// element of the array of `parent` is `field`. Two keys may lead to one field (aliases). With
// kJsonOtherKeys, every other key leads where it does in the object of `field`, or else to `field`
// itself: so something is found wherever it stands. Tables are built at compile time; what does not
// fit is a compile error.
#pragma once

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
inline constexpr std::size_t kJsonRulesMax = 96;
inline constexpr std::size_t kJsonKeyBytesMax = 32;
inline constexpr std::string_view kJsonOtherKeys = "*";

// Whether the walk stops at an object or array of that field, at its opening and its end, or only
// passes through it on the way to what is inside. Of a field that is such a way alone no string,
// number or word is told either: where all keys of a way lead to ways, they cost nothing but where
// an object or array stands behind one. Of a way with an end, the end of an object or array is
// told.
enum class JsonContainer : std::uint8_t { pass, stop, way, way_with_end };

struct JsonRule {
  JsonField parent;
  std::string_view key;
  JsonField field;
  JsonContainer container = JsonContainer::stop;
};

// An object or array to a walk, in two words, as a walk moves it about for each one.
class JsonPlace {
 public:
  constexpr JsonPlace() = default;
  constexpr JsonPlace(JsonField node, JsonField crossing, JsonField element, bool opening, bool end,
                      std::uint64_t sorts)
      : sorts_(sorts),
        word_(std::uint32_t{node} | std::uint32_t{crossing} << 8 | std::uint32_t{element} << 16 |
              std::uint32_t{opening} << 24 | std::uint32_t{end} << 25) {}

  // By length and first letter, the same for a key in other letters of ASCII.
  static constexpr std::size_t kSorts = 64;
  [[nodiscard]] static constexpr std::size_t sort_of(char first, std::size_t size) {
    const std::size_t letter = static_cast<unsigned char>(first) | 0x20U;
    return (letter + 9 * size) % kSorts;  // 9: few usual keys share a sort with a wanted one
  }
  // Whether a key that begins so leads somewhere, or may: nearly every key that leads nowhere is
  // dismissed by this.
  [[nodiscard]] constexpr bool may_lead(char first, std::size_t size) const {
    return (sorts_ >> sort_of(first, size) & 1U) != 0;
  }

  // Its field, where its keys are to be looked up as they come; or, of a way all of whose keys lead
  // to ways, `crossing`: there only keys count behind which an object or array stands.
  [[nodiscard]] constexpr JsonField node() const { return static_cast<JsonField>(word_); }
  [[nodiscard]] constexpr JsonField crossing() const { return static_cast<JsonField>(word_ >> 8); }
  // The field of each of its elements.
  [[nodiscard]] constexpr JsonField element() const { return static_cast<JsonField>(word_ >> 16); }
  // Whether its opening and its end are told.
  [[nodiscard]] constexpr bool tells_opening() const { return (word_ & 1U << 24) != 0; }
  [[nodiscard]] constexpr bool tells_end() const { return (word_ & 1U << 25) != 0; }

 private:
  std::uint64_t sorts_ = 0;  // a bit for each sort of its keys
  std::uint32_t word_ = 0;
};

// The rules by parent, ready for look-up.
class JsonFields {
 public:
  consteval explicit JsonFields(std::span<const JsonRule> rules,
                                JsonContainer root = JsonContainer::stop);

  // What `key` (decoded) leads to by a rule of `parent`, or kJsonNoField. Bytes up to
  // `readable` may be read; the key ends at or before it.
  [[nodiscard]] JsonField find(JsonField parent, std::string_view key, const char* readable) const {
    if (key.empty()) return kJsonNoField;
    std::uint8_t at = first_[parent][JsonPlace::sort_of(key[0], key.size())];
    if (at == kNoRow) return kJsonNoField;
    const std::uint64_t head = head_of(key, readable);
    do {
      const Row& row = rows_[at];
      if (row.size == key.size() && ((row.head ^ head) & row.head_mask) == 0 &&
          (key.size() <= sizeof head || has_same_tail(row.key, key))) {
        return row.field;
      }
      at = row.next;
    } while (at != kNoRow);
    return kJsonNoField;
  }
  // What a key leads to that `parent` does not have: to something in tables with kJsonOtherKeys.
  [[nodiscard]] JsonField other(JsonField parent) const { return others_[parent]; }
  // Whether some key of `parent` is this one in other letters, or this one.
  [[nodiscard]] bool resembles(JsonField parent, std::string_view key) const;
  // The field of each element of the array of `parent`.
  [[nodiscard]] JsonField element(JsonField parent) const { return places_[parent].element(); }
  [[nodiscard]] bool is_way(JsonField field) const { return ways_[field]; }
  // What a walk goes by in an object or array of `field`.
  [[nodiscard]] const JsonPlace& place(JsonField field) const { return places_[field]; }
  [[nodiscard]] bool has_crossings() const { return has_crossings_; }
  // The first key that leads to a field, for messages.
  [[nodiscard]] std::string_view name(JsonField field) const;

 private:
  static constexpr std::uint8_t kNoRow = 0xFF;
  struct Row {
    std::uint64_t head = 0;       // the key's first 8 bytes, zero-filled
    std::uint64_t head_mask = 0;  // those bytes of them that it has
    const char* key = "";
    std::uint8_t size = 0;  // of the key
    JsonField parent = kJsonNoField;
    JsonField field = kJsonNoField;
    std::uint8_t next = kNoRow;  // with a key of the same sort under the same parent
    [[nodiscard]] constexpr std::string_view name() const { return {key, size}; }
  };
  // The first 8 bytes as one word, or what is readable of them.
  [[nodiscard]] static std::uint64_t head_of(std::string_view key, const char* readable) {
    std::uint64_t head = 0;
    if (readable - key.data() >= 8) [[likely]] {
      std::memcpy(&head, key.data(), sizeof head);
    } else {
      std::memcpy(&head, key.data(), key.size());
    }
    return head;
  }
  // Of two keys of one length of at least 8 bytes, the first 8 of which are the same.
  [[nodiscard]] static bool has_same_tail(const char* known, std::string_view key);

  std::array<Row, kJsonRulesMax> rows_{};
  // The first row of a parent with keys of a sort.
  std::array<std::array<std::uint8_t, JsonPlace::kSorts>, kJsonFieldsMax> first_{};
  std::array<JsonPlace, kJsonFieldsMax> places_{};
  std::array<bool, kJsonFieldsMax> ways_{};
  std::array<JsonField, kJsonFieldsMax> others_{};
  bool has_crossings_ = false;
};

// Letters in lower case; the two characters beyond ASCII that fold to ASCII letters (U+017F to s,
// U+212A to k) count as those, because some JSON libraries match keys so. Returns what fits.
[[nodiscard]] std::string_view fold_key(std::string_view key,
                                        std::span<char, kJsonKeyBytesMax + 1> out);

consteval JsonFields::JsonFields(std::span<const JsonRule> rules, JsonContainer root) {
  std::array<JsonField, kJsonFieldsMax> elements{};
  std::array<bool, kJsonFieldsMax> openings{};
  std::array<bool, kJsonFieldsMax> ends{};
  openings[kJsonRoot] = root == JsonContainer::stop;
  ends[kJsonRoot] = root == JsonContainer::stop;
  for (auto& sorts : first_)
    sorts.fill(kNoRow);
  std::size_t used = 0;
  for (const JsonRule& rule : rules) {
    // An array's elements may be read as the outermost value itself.
    const JsonField lowest = rule.key.empty() ? kJsonRoot : kJsonRoot + 1;
    if (rule.parent == kJsonNoField || rule.field < lowest) throw "no such parent or field";
    if (rule.parent >= kJsonFieldsMax || rule.field >= kJsonFieldsMax) throw "no such field";
    if (rule.key.size() > kJsonKeyBytesMax) throw "the key is too long";
    if (rule.container == JsonContainer::stop) openings[rule.field] = ends[rule.field] = true;
    if (rule.container == JsonContainer::way_with_end) ends[rule.field] = ways_[rule.field] = true;
    if (rule.container == JsonContainer::way) ways_[rule.field] = true;
    if (rule.key.empty()) {
      elements[rule.parent] = rule.field;
      continue;
    }
    if (rule.key == kJsonOtherKeys) {
      others_[rule.parent] = rule.field;
      continue;
    }
    if (used == kJsonRulesMax) throw "too many rules";
    std::uint8_t* link = &first_[rule.parent][JsonPlace::sort_of(rule.key[0], rule.key.size())];
    while (*link != kNoRow)
      link = &rows_[*link].next;
    *link = static_cast<std::uint8_t>(used);
    Row& row = rows_[used++];
    row.key = rule.key.data();
    row.size = static_cast<std::uint8_t>(rule.key.size());
    row.parent = rule.parent;
    row.field = rule.field;
    for (std::size_t i = 0; i < rule.key.size() && i < 8; ++i) {
      row.head |= static_cast<std::uint64_t>(static_cast<unsigned char>(rule.key[i])) << 8 * i;
      row.head_mask |= std::uint64_t{0xFF} << 8 * i;
    }
  }
  // Behind a field's own keys come those of the one that it sends other keys to.
  for (std::size_t field = kJsonRoot; field < kJsonFieldsMax; ++field) {
    const JsonField other = others_[field];
    if (other == kJsonNoField || other == field) continue;
    if (others_[other] != other) throw "where other keys lead, others do not lead away again";
    for (std::size_t sort = 0; sort < JsonPlace::kSorts; ++sort) {
      std::uint8_t* link = &first_[field][sort];
      while (*link != kNoRow)
        link = &rows_[*link].next;
      *link = first_[other][sort];
    }
  }
  for (std::size_t field = kJsonRoot; field < kJsonFieldsMax; ++field) {
    const bool looks_everywhere = others_[field] != kJsonNoField;
    bool crossing = ways_[field] && !ends[field] && !looks_everywhere;
    std::uint64_t sorts = looks_everywhere ? ~std::uint64_t{0} : 0;
    for (const Row& row : std::span(rows_).first(used)) {
      if (row.parent != field) continue;
      crossing &= ways_[row.field];
      sorts |= std::uint64_t{1} << JsonPlace::sort_of(row.key[0], row.size);
    }
    const auto own = static_cast<JsonField>(field);
    places_[field] = JsonPlace(crossing ? kJsonNoField : own, crossing ? own : kJsonNoField,
                               elements[field], openings[field], ends[field], sorts);
    has_crossings_ |= crossing;
  }
}

}  // namespace headrace::policy
