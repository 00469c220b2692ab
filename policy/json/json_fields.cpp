#include "policy/json/json_fields.h"

#include <bit>
#include <cstring>

namespace headrace::policy {
namespace {

static_assert(std::endian::native == std::endian::little, "heads of keys are compared as words");

template <class Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The first 8 bytes as one word, zero-filled, without reading past `readable`.
std::uint64_t head_of(std::string_view key, const char* readable) {
  const char* const at = key.data();
  const std::size_t size = key.size();
  if (size >= 8) return load<std::uint64_t>(at);
  if (readable - at >= 8) return load<std::uint64_t>(at) & ((std::uint64_t{1} << 8 * size) - 1);
  std::uint64_t head = 0;
  std::memcpy(&head, at, size);
  return head;
}

// Two keys of one length of at least 8 bytes, the first 8 of which are the same.
bool equal_tails(const char* a, const char* b, std::size_t size) {
  for (std::size_t i = 8; i + 8 < size; i += 8) {
    if (load<std::uint64_t>(a + i) != load<std::uint64_t>(b + i)) return false;
  }
  return load<std::uint64_t>(a + size - 8) == load<std::uint64_t>(b + size - 8);
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_folded(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

JsonField JsonFields::find_from(std::size_t row, std::string_view key, const char* readable) const {
  const std::uint64_t head = head_of(key, readable);
  const JsonField parent = rows_[row].parent;
  for (; rows_[row].key.size() == key.size() && rows_[row].parent == parent; ++row) {
    if (rows_[row].head != head) continue;
    if (key.size() <= 8 || equal_tails(rows_[row].key.data(), key.data(), key.size())) {
      return rows_[row].field;
    }
  }
  return kJsonNoField;
}

bool JsonFields::resembles(JsonField parent, std::string_view key) const {
  if (key.size() > kJsonKeyBytesMax || first_[parent][key.size()] == kNoRow) return false;
  for (std::size_t row = first_[parent][key.size()];
       rows_[row].key.size() == key.size() && rows_[row].parent == parent; ++row) {
    if (equal_folded(rows_[row].key, key)) return true;
  }
  return false;
}

std::string_view JsonFields::name(JsonField field) const {
  for (const Row& row : rows_) {
    if (row.field == field) return row.key;
  }
  return "";
}

std::string_view fold_key(std::string_view key, std::span<char, kJsonKeyBytesMax + 1> out) {
  std::size_t size = 0;
  while (!key.empty() && size < out.size()) {
    if (key.starts_with("\u017F")) {
      out[size++] = 's';
      key.remove_prefix(2);
    } else if (key.starts_with("\u212A")) {
      out[size++] = 'k';
      key.remove_prefix(3);
    } else {
      out[size++] = lower(key.front());
      key.remove_prefix(1);
    }
  }
  return {out.data(), size};
}

}  // namespace headrace::policy
