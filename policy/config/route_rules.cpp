#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/unique_names.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy::config {
namespace {

class RouteRules {
 public:
  RouteRules(ConfigModel& model, ErrorList& errors) : model_(model), errors_(errors) {
    for (const ProviderModel& provider : model_.providers) {
      if (!provider.name.substituted) provider_names_.push_back(provider.name.value);
    }
  }

  void apply() {
    for (RouteModel& route : model_.routes) {
      const std::optional<Dialect> dialect = judge_targets(route);
      for (const Text& model : route.models)
        note_model(model, dialect);
      std::ranges::sort(route.targets, {}, [](const TargetModel& target) {
        return std::tuple(target.priority, target.place.line, target.place.column);
      });
    }
    for (const PassthroughModel& rule : model_.passthrough)
      judge_passthrough(rule);
    for (const TenantModel& tenant : model_.tenants)
      judge_allowed(tenant.models);
    for (const PlanModel& plan : model_.plans)
      judge_allowed(plan.models);
    for (const TokenIssuerModel& issuer : model_.token_issuers)
      judge_allowed(issuer.rights.models);
    for (const PolicySetModel& set : model_.policy_sets)
      judge_allowed(set.anonymous.rights.models);
    for (KeyModel& key : model_.keys) {
      settle_digest(key);
      judge_allowed(key.rights.models);
    }
  }

 private:
  const ProviderModel* find_provider(const Text& name) {
    if (name.unknown || name.value.empty()) return nullptr;
    const auto found = std::ranges::find(model_.providers, name.value,
                                         [](const ProviderModel& p) { return p.name.value; });
    if (found != model_.providers.end()) return &*found;
    errors_.add(name.place, fmt::format("there is no provider {}", shown(name)),
                did_you_mean(name.value, provider_names_, "correct the name, or declare one"));
    return nullptr;
  }

  // The dialect of all targets of a route, as far as it can be told.
  std::optional<Dialect> judge_targets(const RouteModel& route) {
    std::optional<Dialect> dialect;
    for (const TargetModel& target : route.targets) {
      const ProviderModel* provider = find_provider(target.provider);
      if (provider == nullptr) continue;
      if (dialect && *dialect != provider->row.dialect) {
        errors_.add(target.provider.place, "the targets of a route speak different dialects",
                    "make a route for each dialect: it may have the same models");
      }
      dialect = dialect.value_or(provider->row.dialect);
    }
    return dialect;
  }

  void note_model(const Text& model, std::optional<Dialect> dialect) {
    if (model.unknown) return;
    models_.insert(model.value);
    if (!model.substituted) model_names_.push_back(model.value);
    if (model.value.ends_with('*') && ++patterns_ == kModelPatternsMax + 1) {
      errors_.add(model.place, fmt::format("more than {} model patterns", kModelPatternsMax),
                  "name models exactly, or use shorter patterns");
    }
    if (!dialect) return;
    auto& names = names_by_dialect_.try_emplace(*dialect, "the model", errors_).first->second;
    names.add(model);
  }

  // Can anything that these rules allow be asked for at all?
  void judge_allowed(const std::vector<Text>& rules) {
    for (const Text& rule : rules) {
      if (rule.unknown || is_served(rule.value)) continue;
      errors_.add(rule.place, fmt::format("no route serves the model {}", shown(rule)),
                  did_you_mean(rule.value, model_names_,
                               "add it to the `models` of a route, or remove it here"));
    }
  }

  bool is_served(const std::string& rule) {
    const auto [known, is_new] = served_.try_emplace(rule, false);
    if (!is_new) return known->second;
    const std::string_view wanted = without_star(rule);
    known->second = std::ranges::any_of(models_, [&](std::string_view model) {
      const std::string_view offered = without_star(model);
      const bool wanted_is_pattern = wanted.size() != rule.size();
      const bool offered_is_pattern = offered.size() != model.size();
      return wanted == offered || (wanted_is_pattern && offered.starts_with(wanted)) ||
             (offered_is_pattern && wanted.starts_with(offered));
    });
    return known->second;
  }

  static std::string_view without_star(std::string_view pattern) {
    if (pattern.ends_with('*')) pattern.remove_suffix(1);
    return pattern;
  }

  void settle_digest(KeyModel& key) {
    const std::string called = "key " + shown(key.name);
    if (key.key.given() == key.sha256.given()) {
      errors_.add(key.place,
                  called + (key.key.given() ? " has both `key` and `sha256`"
                                            : " has neither `key` nor `sha256`"),
                  "give one: `key: ${NAME}`, or the SHA-256 of the key");
      return;
    }
    if (key.key.unknown || key.sha256.unknown) return;
    if (key.sha256.given()) {
      key.digest = parse_digest(key.sha256.value).value_or(Sha256{});
    } else if (key.key.value.size() < kKeyBytesMin) {
      errors_.add(key.key.place,
                  fmt::format("{} is shorter than {} characters", called, kKeyBytesMin),
                  "make a long random one, for instance with `openssl rand -hex 24`");
      return;
    } else {
      key.digest = key_digest(key.key.value);
    }
    const auto [first, is_new] = digests_.emplace(digest_text(key.digest), shown(key.name));
    if (!is_new) {
      errors_.add(key.place_of(key.sha256.given() ? "sha256" : "key"),
                  fmt::format("{} is the same key as {}", called, first->second),
                  "give each a key of its own");
    }
  }

  void judge_passthrough(const PassthroughModel& rule) {
    const ProviderModel* provider = find_provider(rule.provider);
    if (provider == nullptr || provider->row.exclusive == Switch::on) return;
    if (!reaches_stored_objects(rule, provider->row.dialect)) return;
    errors_.add(rule.path.place,
                fmt::format("{} reaches objects that a provider stores, through an account that "
                            "tenants share",
                            shown(rule.path)),
                "use a provider with `exclusive: true`: an account of one tenant's own");
  }

  // A first answer at load time, for one path that the pattern matches; what a request really
  // names is judged again when it comes.
  static bool reaches_stored_objects(const PassthroughModel& rule, Dialect dialect) {
    std::string path;
    for (const char c : rule.path.value) {
      if (c != '*') path += c;
      if (c == '*' && !path.ends_with('x')) path += 'x';
    }
    return std::ranges::any_of(rule.methods, [&](const Text& method) {
      const EndpointMatch match = match_endpoint(method.value, path, dialect == Dialect::anthropic);
      return match.kind == EndpointKind::stored_object;
    });
  }

  ConfigModel& model_;
  ErrorList& errors_;
  // To suggest from.
  std::vector<std::string_view> provider_names_;
  std::vector<std::string_view> model_names_;
  std::set<std::string_view> models_;
  std::map<Dialect, UniqueNames> names_by_dialect_;
  std::unordered_map<std::string, bool> served_;
  std::unordered_map<std::string, std::string> digests_;  // text to the key's name
  std::size_t patterns_ = 0;
};

}  // namespace

void apply_route_rules(ConfigModel& model, ErrorList& errors) {
  RouteRules(model, errors).apply();
}

}  // namespace headrace::policy::config
