// What the records of a config are made of before they are laid out: texts that know their place,
// and which options were given.
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/config/yaml_tree.h"

namespace headrace::policy::config {

struct Text {
  std::string value;
  Place place;
  bool substituted = false;  // came out of ${...}: sealed where it goes into the base
  bool unknown = false;      // could not be had; already reported
  bool hidden = false;       // read back from a base, where it stands sealed

  [[nodiscard]] bool given() const { return unknown || !value.empty(); }
};
struct NamedText {
  std::string name;
  Text text;
};

// Where a record and its options stood, for errors about more than one option.
struct Record {
  Place place;
  std::vector<std::pair<std::string_view, Place>> given;

  [[nodiscard]] bool has(std::string_view option) const {
    for (const auto& [name, where] : given) {
      if (name == option) return true;
    }
    return false;
  }
  // Of the option, or of the record when the option is not there.
  [[nodiscard]] Place place_of(std::string_view option) const {
    for (const auto& [name, where] : given) {
      if (name == option) return where;
    }
    return place;
  }
};

}  // namespace headrace::policy::config
