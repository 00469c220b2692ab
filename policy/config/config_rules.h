// What must hold between several options of a config: names that are unique, references that lead
// somewhere, providers that may be reached, credentials that fit. Fills in what follows from other
// options (the parts of a URL, the digest of a key, defaults that depend).
//
// Threads: owned by one compile() call. Errors: every one that is found.
#pragma once

#include <string_view>

#include "policy/config/config_model.h"
#include "policy/config/error_list.h"
#include "policy/config/secret_source.h"

namespace headrace::policy::config {

// Patterns are walked for each request that no exact name answers.
inline constexpr std::size_t kModelPatternsMax = 256;
// Shorter keys could be guessed.
inline constexpr std::size_t kKeyBytesMin = 16;

// Listeners, admin, http, access log.
void apply_front_rules(ConfigModel& model, ErrorList& errors);
// Journal and billing.
void apply_records_rules(ConfigModel& model, ErrorList& errors);
// Who there is: organisations to keys, and whose an exclusive provider is. Before those below.
void apply_scope_rules(ConfigModel& model, ErrorList& errors);
// Who may do what: roles, policy sets, rights.
void apply_access_rules(ConfigModel& model, ErrorList& errors);
// Issuers of tokens, networks, context headers, audit.
void apply_identity_rules(ConfigModel& model, ErrorList& errors);
void apply_provider_rules(ConfigModel& model, ErrorList& errors);
// Listeners and providers as they meet the world: proxies, pages, client certificates. Behind the
// scopes and providers.
void apply_edge_rules(ConfigModel& model, ErrorList& errors);
// Keys of providers, breakers, health checks, retries, hedges; fills in what providers and routes
// inherit of `defaults`.
void apply_resilience_rules(ConfigModel& model, ErrorList& errors);
// Routes, keys and passthrough rules: what leads to providers.
void apply_route_rules(ConfigModel& model, ErrorList& errors);
// Plans, limits, budgets, credits, prices; reads the rules of the time zones that tenants name.
void apply_quota_rules(ConfigModel& model, SecretSource& source, ErrorList& errors);
// The files that it names: certificates, keys, the access log.
void apply_file_rules(const ConfigModel& model, SecretSource& source, ErrorList& errors);

// A text for an error: in backticks, or not at all where it came out of ${...}.
[[nodiscard]] std::string shown(const Text& text);

// How a credential is shown.
struct AuthPlace {
  AuthStyle style = AuthStyle::none;
  std::string_view name;  // of the header field or query parameter
};
[[nodiscard]] AuthPlace auth_place(AuthOption option, Dialect dialect, std::string_view auth_name);

}  // namespace headrace::policy::config
