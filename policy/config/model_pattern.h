// A model's name as asked for: exact, or a beginning with a star behind it.
//
// Threads: pure functions.
#pragma once

#include <string_view>

#include "policy/config/scope_layout.h"

namespace headrace::policy::config {

struct ModelPatternText {
  std::string_view text;  // what stands before the star
  ModelMatch match;
};

[[nodiscard]] inline ModelPatternText model_pattern(std::string_view text) {
  if (!text.ends_with('*')) return {text, ModelMatch::exact};
  text.remove_suffix(1);
  return {text, ModelMatch::prefix};
}

}  // namespace headrace::policy::config
