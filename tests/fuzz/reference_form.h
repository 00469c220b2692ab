// A slow and obvious reader of whole forms (RFC 7578), to compare the incremental one with.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::fuzz {

struct ReferenceField {
  std::vector<std::string> path;  // of its name; an index or nothing is one of a list
  std::string content;
  std::size_t at = 0;  // where it begins
};

struct ReferenceForm {
  std::vector<ReferenceField> fields;  // those before whatever cannot be read
  bool whole = false;
};

[[nodiscard]] ReferenceForm reference_form(const std::string& body, const std::string& boundary);

}  // namespace headrace::fuzz
