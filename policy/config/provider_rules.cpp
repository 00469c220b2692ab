
#include <fmt/format.h>

#include "core/ascii.h"
#include "policy/config/config_rules.h"
#include "policy/config/text_rules.h"
#include "policy/config/unique_names.h"

namespace headrace::policy::config {
namespace {

bool is_on(Switch value) {
  return value == Switch::on;
}

class ProviderRules {
 public:
  ProviderRules(ConfigModel& model, ErrorList& errors) : model_(model), errors_(errors) {}

  void apply() {
    UniqueNames names("provider", errors_);
    for (ProviderModel& provider : model_.providers) {
      names.add(provider.name);
      judge_url(provider);
      judge_auth(provider);
      judge_edits(provider);
      judge_tls(provider);
      judge_bounds(provider);
    }
  }

 private:
  std::string called(const ProviderModel& provider) const {
    return "provider " + shown(provider.name);
  }

  void judge_url(ProviderModel& provider) {
    if (!provider.url.given() || provider.url.unknown) return;
    auto parts = parse_provider_url(provider.url.value, is_on(provider.row.private_network),
                                    provider.unix_socket.given());
    if (!parts) {
      errors_.add(provider.url.place,
                  fmt::format("the URL of {} {}", called(provider), parts.error().message),
                  parts.error().remedy);
      return;
    }
    provider.parts = std::move(*parts);
    if (provider.parts.scheme == Scheme::https && !provider.server_name.given()) {
      provider.server_name.value = provider.parts.host;
    }
  }

  void judge_auth(const ProviderModel& provider) {
    const bool none = provider.auth == AuthOption::none;
    if (none && provider.credential.given()) {
      errors_.add(provider.place_of("credential"),
                  fmt::format("{} has a credential and `auth: none`", called(provider)),
                  "remove one of them");
    }
    if (!none && !provider.credential.given() && provider.keys.empty()) {
      errors_.add(provider.place, fmt::format("{} has no credential", called(provider)),
                  "add `credential: ${NAME}`, or `auth: none`");
    }
    const bool named = provider.auth == AuthOption::header || provider.auth == AuthOption::query;
    if (named != provider.auth_name.given()) {
      errors_.add(provider.place_of(named ? "auth" : "auth_name"),
                  fmt::format("{} {}", called(provider),
                              named ? "does not say in which field or parameter its credential goes"
                                    : "has an `auth_name` that its `auth` does not use"),
                  named ? "add `auth_name:`" : "remove it, or say `auth: header` or `auth: query`");
    }
    if (provider.auth == AuthOption::header && is_managed_header(provider.auth_name.value)) {
      errors_.add(provider.auth_name.place,
                  fmt::format("{} cannot carry a credential: the gateway writes it itself",
                              shown(provider.auth_name)));
    }
    if (provider.auth == AuthOption::query) judge_query_auth(provider);
  }

  void judge_query_auth(const ProviderModel& provider) {
    if (judge_text(TextRule::query_name, provider.auth_name.value) && provider.auth_name.given()) {
      errors_.add(provider.auth_name.place, "`auth_name` is no name of a query parameter");
    }
    judge_query_value(provider, provider.credential);
    for (const ProviderKeyModel& key : provider.keys)
      judge_query_value(provider, key.credential);
  }

  void judge_query_value(const ProviderModel& provider, const Text& credential) {
    if (credential.unknown || !credential.given() ||
        !judge_text(TextRule::query_value, credential.value)) {
      return;
    }
    errors_.add(
        credential.place,
        fmt::format("the credential of {} has characters that no query has", called(provider)),
        "percent-encode them");
  }

  void judge_edits(const ProviderModel& provider) {
    const auto judge_header = [&](std::string_view name, Place place) {
      if (is_managed_header(name)) {
        errors_.add(place, fmt::format("{} is written by the gateway itself", shown(name)),
                    "remove it");
      } else if (is_credential_header(name)) {
        errors_.add(place, fmt::format("{} carries credentials", shown(name)),
                    "use `auth` and `credential`; the client's own never goes to a provider");
      } else if (provider.auth == AuthOption::header &&
                 core::equals_ignoring_case(name, provider.auth_name.value)) {
        errors_.add(place, fmt::format("{} is the field of the credential", shown(name)),
                    "remove it");
      }
    };
    UniqueNames added("the field", errors_);
    for (const NamedText& edit : provider.headers_add) {
      judge_header(edit.name, edit.text.place);
      added.add(lower_case(edit.name), edit.text.place);
    }
    for (const Text& name : provider.headers_remove)
      judge_header(name.value, name.place);
    for (const NamedText& edit : provider.query_add) {
      if (edit.name == "key" ||
          (provider.auth == AuthOption::query && edit.name == provider.auth_name.value)) {
        errors_.add(edit.text.place,
                    fmt::format("parameter {} carries a credential", shown(edit.name)),
                    "use `auth: query`, `auth_name` and `credential`");
      }
    }
  }

  void judge_tls(const ProviderModel& provider) {
    if (provider.client_certificate_file.given() != provider.client_key_file.given()) {
      errors_.add(provider.place,
                  fmt::format("{} has only one of `client_certificate_file` and `client_key_file`",
                              called(provider)),
                  "give both or none");
    }
    if (!is_on(provider.row.verify) && !is_on(provider.row.private_network)) {
      errors_.add(provider.place_of("verify"),
                  fmt::format("{} is not verified, and not in a private network", called(provider)),
                  "give its root as `ca_file` instead");
    }
    if (!is_on(provider.row.verify) && provider.has("ca_file")) {
      errors_.add(provider.place_of("ca_file"),
                  fmt::format("`ca_file` of {}, which is not verified", called(provider)),
                  "remove `verify: false`, so that it is verified against this file");
    }
    if (provider.parts.scheme == Scheme::https) return;
    if (!is_on(provider.row.verify)) {
      errors_.add(provider.place_of("verify"),
                  fmt::format("`verify` of {}, which is reached without TLS", called(provider)),
                  "remove it, or use `https:`");
    }
    for (const std::string_view option :
         {"ca_file", "server_name", "client_certificate_file", "client_key_file"}) {
      if (!provider.has(option)) continue;
      errors_.add(provider.place_of(option),
                  fmt::format("`{}` of {}, which is reached without TLS", option, called(provider)),
                  "remove it, or use `https:`");
    }
  }

  void judge_bounds(const ProviderModel& provider) {
    const PoolBounds& pool = provider.row.pool;
    if (pool.idle_max > pool.total_max) {
      errors_.add(
          provider.place_of(provider.has("pool_idle_max") ? "pool_idle_max" : "pool_total_max"),
          fmt::format("`pool_idle_max` ({}) of {} is above `pool_total_max` ({})", pool.idle_max,
                      called(provider), pool.total_max),
          "lower the first, or raise the second");
    }
    const ProviderTimeouts& timeouts = provider.row.timeouts;
    const std::pair<std::string_view, std::uint64_t> parts[] = {
        {"connect_timeout_ms", timeouts.connect_ms},
        {"first_byte_timeout_ms", timeouts.first_byte_ms},
        {"gap_timeout_ms", timeouts.gap_ms}};
    for (const auto& [option, value] : parts) {
      if (value <= timeouts.total_ms) continue;
      errors_.add(provider.place_of(provider.has(option) ? option : "total_timeout_ms"),
                  fmt::format("`{}` ({}) of {} is above `total_timeout_ms` ({})", option, value,
                              called(provider), timeouts.total_ms),
                  "lower the first, or raise the second");
    }
  }

  ConfigModel& model_;
  ErrorList& errors_;
};

}  // namespace

AuthPlace auth_place(AuthOption option, Dialect dialect, std::string_view auth_name) {
  switch (option) {
    case AuthOption::by_dialect:
      switch (dialect) {
        case Dialect::openai:
          return auth_place(AuthOption::bearer, dialect, auth_name);
        case Dialect::anthropic:
          return auth_place(AuthOption::x_api_key, dialect, auth_name);
        case Dialect::gemini:
          return auth_place(AuthOption::x_goog_api_key, dialect, auth_name);
      }
      return {};
    case AuthOption::bearer:
      return {AuthStyle::bearer, "authorization"};
    case AuthOption::x_api_key:
      return {AuthStyle::header, "x-api-key"};
    case AuthOption::x_goog_api_key:
      return {AuthStyle::header, "x-goog-api-key"};
    case AuthOption::api_key:
      return {AuthStyle::header, "api-key"};
    case AuthOption::header:
      return {AuthStyle::header, auth_name};
    case AuthOption::query:
      return {AuthStyle::query, auth_name};
    case AuthOption::none:
      return {};
  }
  return {};
}

std::string shown(const Text& text) {
  return text.substituted ? "named by `${...}`" : shown(text.value);
}

void apply_provider_rules(ConfigModel& model, ErrorList& errors) {
  ProviderRules(model, errors).apply();
}

}  // namespace headrace::policy::config
