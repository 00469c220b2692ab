// What is wrong with a config, where, and what to do about it. Never repeats a secret.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace headrace::policy::config {

// compile() reports at most this many, and says so in the last one.
inline constexpr std::size_t kConfigErrorsMax = 100;

struct ConfigError {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1, in bytes
  std::string message;       // what is wrong
  std::string remedy;        // what to do; may be empty
};

// "headrace.yaml:12:5: unknown option `timeot_ms` ...; did you mean ...?"
[[nodiscard]] std::string error_text(const ConfigError& error);
// One line each.
[[nodiscard]] std::string errors_text(std::span<const ConfigError> errors);

}  // namespace headrace::policy::config
