#include "net/http/field_table.h"

#include "net/http/text.h"

namespace headrace::net::http {

const Field* FieldTable::find(std::string_view name) const {
  for (const Field& field : all()) {
    if (equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

void FieldTable::mark_named_by_connection(std::string_view name) {
  for (std::size_t i = 0; i < count_; ++i) {
    if (equals_ignoring_case(fields_[i].name, name)) fields_[i].named_by_connection = true;
  }
}

}  // namespace headrace::net::http
