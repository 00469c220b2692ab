// The fields of one head, in the order received, with look-up by id.
//
// Lifetime: large (about 5 KiB) and meant to be reused: one per shard and direction, never one per
//           connection. Its views borrow the received bytes and die with them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/http/field.h"
#include "net/http/head_limits.h"

namespace headrace::net::http {

class FieldTable {
 public:
  void clear() {
    count_ = 0;
    present_.clear();
  }
  [[nodiscard]] bool full() const { return count_ == kFieldsMax; }
  // Only while !full().
  void append(FieldId id, std::string_view name, std::string_view value) {
    if (!present_.contains(id)) first_[static_cast<std::size_t>(id)] = count_;
    present_.insert(id);
    fields_[count_++] = Field{id, false, name, value};
  }

  [[nodiscard]] std::span<const Field> all() const { return {fields_.data(), count_}; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const Field* begin() const { return fields_.data(); }
  [[nodiscard]] const Field* end() const { return fields_.data() + count_; }

  [[nodiscard]] bool has(FieldId id) const { return present_.contains(id); }
  // The first field with this id, or null. Not for `other`.
  [[nodiscard]] const Field* find(FieldId id) const {
    return has(id) ? &fields_[first_[static_cast<std::size_t>(id)]] : nullptr;
  }
  // The first field of this name, whatever its case, or null: for names without an id.
  [[nodiscard]] const Field* find(std::string_view name) const;
  // The value of the first field with this id; empty where there is none.
  [[nodiscard]] std::string_view value(FieldId id) const {
    const Field* field = find(id);
    return field == nullptr ? std::string_view() : field->value;
  }

  // Marks every field of this name as named by a Connection option.
  void mark_named_by_connection(std::string_view name);

 private:
  static_assert(kFieldsMax <= UINT8_MAX, "indices are bytes");
  FieldSet present_;
  std::uint8_t count_ = 0;
  std::array<std::uint8_t, kFieldIds> first_{};  // index by id; meaningful where present_
  std::array<Field, kFieldsMax> fields_;
};

}  // namespace headrace::net::http
