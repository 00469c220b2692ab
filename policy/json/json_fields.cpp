#include "policy/json/json_fields.h"

#include <cstring>

#include "core/ascii.h"

namespace headrace::policy {
namespace {

std::uint64_t load(const char* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

bool JsonFields::has_same_tail(const char* known, std::string_view key) {
  const char* const here = key.data();
  const std::size_t size = key.size();
  for (std::size_t i = 8; i + 8 < size; i += 8) {
    if (load(known + i) != load(here + i)) return false;
  }
  return load(known + size - 8) == load(here + size - 8);
}

bool JsonFields::resembles(JsonField parent, std::string_view key) const {
  if (key.empty() || key.size() > kJsonKeyBytesMax) return false;
  for (std::uint8_t row = first_[parent][JsonPlace::sort_of(key[0], key.size())]; row != kNoRow;
       row = rows_[row].next) {
    if (core::equals_ignoring_case(rows_[row].name(), key)) return true;
  }
  return false;
}

std::string_view JsonFields::name(JsonField field) const {
  for (const Row& row : rows_) {
    if (row.field == field) return row.name();
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
      out[size++] = core::to_lower(key.front());
      key.remove_prefix(1);
    }
  }
  return {out.data(), size};
}

}  // namespace headrace::policy
