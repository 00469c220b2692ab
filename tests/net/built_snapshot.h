// A config as a shard has it, from its text. What is wrong with the text fails the test.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "net/config_snapshot.h"
#include "policy/config/compile.h"
#include "tests/policy/config/no_secrets.h"

namespace headrace::net {

inline std::shared_ptr<const ConfigSnapshot> built_snapshot(std::string_view text) {
  namespace config = policy::config;
  config::NoSecrets secrets;
  const config::MasterKey key = config::MasterKey::parse(std::string(64, '5')).value();
  auto base = config::compile(text, "test.yaml", secrets, key);
  if (!base) {
    for (const config::ConfigError& error : base.error())
      ADD_FAILURE() << config::error_text(error);
  }
  return ConfigSnapshot::build(std::move(base.value()), key).value();
}

}  // namespace headrace::net
