// Refuses the second of two things of the same name.
//
// Threads: owned by one compile() call.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "policy/config/config_rules.h"

namespace headrace::policy::config {

class UniqueNames {
 public:
  UniqueNames(std::string_view what, ErrorList& errors) : what_(what), errors_(errors) {}

  void add(std::string_view name, Place place) { add(name, shown(name), place); }
  void add(const Text& name) {
    if (!name.unknown) add(name.value, shown(name), name.place);
  }

 private:
  void add(std::string_view name, const std::string& shown_name, Place place) {
    const auto [first, is_new] = seen_.emplace(name, place);
    if (is_new) return;
    errors_.add(
        place,
        fmt::format("{} {} stands twice; first in line {}", what_, shown_name, first->second.line),
        "change one of them, or remove it");
  }

  std::string_view what_;
  ErrorList& errors_;
  std::unordered_map<std::string, Place> seen_;
};

}  // namespace headrace::policy::config
