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

// The first 8 bytes as one word, zero-filled, without reading past the key.
std::uint64_t head_of(std::string_view key) {
  const char* const at = key.data();
  const std::size_t size = key.size();
  if (size >= 8) return load<std::uint64_t>(at);
  if (size >= 4) {
    return load<std::uint32_t>(at) | load<std::uint32_t>(at + size - 4) << 8 * (size - 4);
  }
  if (size >= 2) {
    return load<std::uint16_t>(at) | load<std::uint16_t>(at + size - 2) << 8 * (size - 2);
  }
  return size == 1 ? load<std::uint8_t>(at) : 0;
}

// Two keys of one length, word by word.
bool equal(std::string_view a, std::string_view b) {
  if (a.size() < 8) return head_of(a) == head_of(b);
  for (std::size_t i = 0; i + 8 < a.size(); i += 8) {
    if (load<std::uint64_t>(a.data() + i) != load<std::uint64_t>(b.data() + i)) return false;
  }
  const std::size_t last = a.size() - 8;
  return load<std::uint64_t>(a.data() + last) == load<std::uint64_t>(b.data() + last);
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

JsonFields::Match JsonFields::find_among(JsonField parent, std::string_view key) const {
  const std::uint64_t head = head_of(key) | kFold;
  for (std::size_t at = first_[parent]; at < first_[parent + 1U]; ++at) {
    const Row& row = rows_[at];
    if (row.head != head || row.key.size() != key.size()) continue;
    if (equal(row.key, key)) return {row.field, true};
    if (equal_folded(row.key, key)) return {row.field, false};
  }
  return {};
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
