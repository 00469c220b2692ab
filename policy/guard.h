// May this caller do that? Every rule that can say no, in the order in which they are asked.
//
//   by the head    from which address; state and expiry of tenant, user and key; what the listener
//   is for (policy set);
//                  roles; scopes
//   by the body    the model, then the route that serves it
//
// The state is that of the config as it is now, however the caller proved who they are: a token
// that was verified long ago says nothing about a tenant that was suspended since.
//
// Threads: pure; the config is read only.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/socket_address.h"
#include "policy/caller.h"
#include "policy/config/config_view.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/reason.h"
#include "policy/messages/message_id.h"

namespace headrace::policy {

// Which rule decided. `none`: nothing stands against it.
enum class GuardRule : std::uint8_t {
  none,
  tenant_suspended,
  user_suspended,
  suspended,  // the key, or all tokens of an issuer
  expired,
  credential_kind,  // the listener takes no keys, or no tokens
  listener_address,
  tenant_address,
  key_address,
  tenant_not_served,
  role_missing,
  not_offered,
  role_denies,
  scope,
  tenant_model,
  trial_model,
  plan_model,
  model,
  route,
};
inline constexpr std::size_t kGuardRuleCount = static_cast<std::size_t>(GuardRule::route) + 1;

struct GuardRuleRow {
  GuardRule rule;
  std::string_view name;  // in audit lines
  Reason reason;
  MessageId message;
};
[[nodiscard]] const GuardRuleRow& row(GuardRule rule);

struct HeadFacts {
  std::string_view method;
  std::string_view path;  // without query, as received
  Endpoint endpoint = Endpoint::unknown;
  std::uint64_t now_unix_s = 0;
  // From where; nullptr: from no IP address (a Unix socket).
  const core::SocketAddress* address = nullptr;
  config::RowRef listener_ip_set = {};
};

// May callers come from there? Not asked by judge_head(), since a development setup may say that
// it does not matter (DevelopmentSettings::ignore_ip_lists).
[[nodiscard]] GuardRule judge_address(const config::ConfigView& config, const Caller& caller,
                                      const HeadFacts& head);

// `set`: what the listener is for; nullptr: anything.
[[nodiscard]] GuardRule judge_head(const config::ConfigView& config, const config::PolicySet* set,
                                   const Caller& caller, const HeadFacts& head);

// By the name that the client uses. A tenant in a sandbox may ask for anything.
[[nodiscard]] GuardRule judge_model(const config::ConfigView& config, const Caller& caller,
                                    std::string_view model);

[[nodiscard]] GuardRule judge_route(const config::ConfigView& config, const Caller& caller,
                                    const config::Route& route);

}  // namespace headrace::policy
