// For configs that name no variable and no file: asking for one is an error, as on a machine that
// has neither.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "policy/config/compile.h"

namespace headrace::policy::config {

class NoSecrets final : public SecretSource {
 public:
  std::optional<std::string> variable(std::string_view) override { return std::nullopt; }
  std::expected<std::string, std::string> file(std::string_view) override {
    return std::unexpected("there are no files");
  }
};

}  // namespace headrace::policy::config
