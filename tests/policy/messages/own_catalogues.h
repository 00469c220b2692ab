// The catalogues of a base that a small config was compiled to, for tests.
#pragma once

#include <string>
#include <vector>

#include "policy/config/config_view.h"
#include "policy/messages/catalogues.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {

class OwnCatalogues {
 public:
  OwnCatalogues()
      : base_(
            config::compile_text(config::read_source_file("deploy/config/headrace.yaml")).value()),
        view_(config::ConfigView::open(base_).value()) {}

  [[nodiscard]] Catalogues all() const { return view_.catalogues(); }
  [[nodiscard]] Language language(std::string_view tag) const { return all().find(tag).value(); }
  [[nodiscard]] std::string say(std::string_view tag, const Message& message) const {
    std::array<char, 640> room;
    return std::string(all().write(language(tag), message, room));
  }

 private:
  std::vector<std::byte> base_;
  config::ConfigView view_;
};

}  // namespace headrace::policy
