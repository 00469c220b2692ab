// Refuses the second of two things of the same name.
//
// Threads: owned by one compile() call.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "policy/config/config_model.h"
#include "policy/config/error_list.h"

namespace headrace::policy::config {

class UniqueNames {
 public:
  UniqueNames(std::string_view what, ErrorList& errors) : what_(what), errors_(errors) {}

  void add(std::string_view name, Place place) {
    const auto [first, is_new] = seen_.emplace(name, place);
    if (is_new) return;
    errors_.add(
        place,
        fmt::format("{} {} stands twice; first in line {}", what_, shown(name), first->second.line),
        "give one of them another name, or remove it");
  }
  void add(const Text& name) {
    if (!name.unknown) add(name.value, name.place);
  }

 private:
  std::string_view what_;
  ErrorList& errors_;
  std::unordered_map<std::string, Place> seen_;
};

}  // namespace headrace::policy::config
