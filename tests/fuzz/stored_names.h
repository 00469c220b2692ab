// Whether a request names an object that the provider keeps: slow and obvious, to compare the body
// scan with.
#pragma once

#include "policy/dialect/endpoint.h"
#include "tests/fuzz/reference_json.h"

namespace headrace::fuzz {

struct StoredNames {
  bool named = false;
  // Something that may hold such names stands too deep.
  bool unseen = false;
  // A key differs from one that leads there in its letters only: the request is refused.
  bool ambiguous = false;
  // A URI with half a character in it, of which others may see more or less.
  bool unsure = false;
};

[[nodiscard]] StoredNames stored_names(const ReferenceJson& root, policy::Endpoint endpoint);

// As a library that matches keys in any letters would see it.
[[nodiscard]] std::string folded_key(std::string_view key);

}  // namespace headrace::fuzz
