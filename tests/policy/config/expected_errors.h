// Configs that are refused, each with what one of their errors says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {

struct RefusedConfig {
  std::string yaml;
  const char* error;  // stands in one line of the errors
};

inline void expect_errors(const std::vector<RefusedConfig>& cases) {
  for (const RefusedConfig& one : cases) {
    const std::string errors = errors_of(one.yaml);
    EXPECT_TRUE(errors.contains(one.error))
        << one.yaml << "\n--- wanted: " << one.error << "\n--- errors:\n"
        << errors;
  }
}

inline std::string with_provider(std::string_view lines) {
  return text_of({kListeners, kProvider, lines});
}
inline std::string with_key(std::string_view lines) {
  return text_of({kListeners, kProvider, kRoute, "keys:\n", lines});
}

}  // namespace headrace::policy::config
