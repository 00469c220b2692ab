// Limits of a config: what `scopes` declares, seen by its first key.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "policy/quota/limit_chain.h"
#include "tests/core/limits/limit_world.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {

class QuotaWorld {
 public:
  explicit QuotaWorld(const std::string& scopes)
      : config_(config::text_of({config::kListeners, config::kProvider, config::kRoute}) + scopes) {
    EXPECT_TRUE(config_.good());
  }

  [[nodiscard]] const config::ConfigView& view() const { return config_.view; }
  [[nodiscard]] Caller caller() const { return view().scopes().caller(view().keys()[0]); }

  LimitChain chain(QuotaStage stage, std::string_view model = "gpt-4o") {
    LimitChain chain;
    chain_limits({.config = &view(),
                  .windows = &windows_,
                  .stage = stage,
                  .model = model,
                  .now = core::limit_time({})},
                 caller(), chain);
    return chain;
  }
  std::string names(const LimitChain& chain) const {
    std::string text;
    for (const ChainedLimit& limit : chain.limits()) {
      text += std::string(to_text(limit.scope)) + ":" + std::string(view().text(limit.rule->name)) +
              "=" + std::to_string(limit.rule->value) + " ";
    }
    return text;
  }

 private:
  config::OpenConfig config_;
  CalendarWindows windows_;
};

// A tenant `t` with these options, and a key of it with those.
inline std::string tenant_and_key(const std::string& tenant, const std::string& key = {}) {
  return "tenants: [{name: t" + tenant +
         "}]\nkeys: [{name: k, key: \"${HEADRACE_KEY}\", tenant: t" + key + "}]\n";
}

}  // namespace headrace::policy
