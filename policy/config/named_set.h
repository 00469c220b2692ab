// The names of one kind of record: each stands once, and references must lead to one of them.
//
// Threads: owned by one compile() call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/string_heap.h"
#include "policy/config/unique_names.h"

namespace headrace::policy::config {

class NamedSet {
 public:
  NamedSet(std::string_view what, ErrorList& errors)
      : what_(what), errors_(errors), unique_(what, errors) {}

  // `tenant`: whose the record is, where it is anybody's.
  void add(const Text& name, std::string_view tenant = {}) {
    unique_.add(name);
    if (name.unknown) return;
    const bool is_new = tenants_.emplace(name.value, tenant).second;
    if (is_new && !name.substituted) can_show_.push_back(name.value);
  }
  [[nodiscard]] bool has(std::string_view name) const { return tenants_.contains(name); }
  // Reports a reference that leads nowhere. False also where it could not be read.
  bool require(const Text& name) const {
    if (name.unknown) return false;
    if (has(name.value)) return true;
    errors_.add(name.place, fmt::format("there is no {} {}", what_, shown(name)),
                did_you_mean(name.value, {can_show_.begin(), can_show_.end()},
                             "correct the name, or declare one"));
    return false;
  }
  // Of a name that is there.
  [[nodiscard]] const std::string& tenant_of(const Text& name) const {
    return tenants_.find(name.value)->second;
  }

 private:
  std::string_view what_;
  ErrorList& errors_;
  UniqueNames unique_;
  TextMap<std::string> tenants_;
  std::vector<std::string> can_show_;  // to suggest from
};

}  // namespace headrace::policy::config
