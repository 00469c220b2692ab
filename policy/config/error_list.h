// Collects the errors of one compilation, in bounded number.
//
// Threads: owned by one compile() call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/config/config_error.h"
#include "policy/config/yaml_tree.h"

namespace headrace::policy::config {

class ErrorList {
 public:
  explicit ErrorList(std::string_view file_name) : file_name_(file_name) {}

  void add(Place place, std::string message, std::string remedy = {});
  [[nodiscard]] bool empty() const { return errors_.empty(); }
  // In the order of the file.
  [[nodiscard]] std::vector<ConfigError> take();

 private:
  std::string file_name_;
  std::vector<ConfigError> errors_;
  std::size_t not_listed_ = 0;
};

// `text` in backticks, fit for a terminal: cut when long, control characters and broken UTF-8
// replaced.
[[nodiscard]] std::string shown(std::string_view text);

// The one of `candidates` that `text` was probably meant to be; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view text,
                                       const std::vector<std::string_view>& candidates);
// "did you mean `x`?", or `otherwise` where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view text,
                                       const std::vector<std::string_view>& candidates,
                                       std::string_view otherwise);

}  // namespace headrace::policy::config
