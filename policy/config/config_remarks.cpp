#include "policy/config/config_remarks.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "policy/config/date_text.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy::config {
namespace {

// After so many the rest is counted only.
constexpr std::size_t kNamedMax = 5;
// Of a method: what it asks for may stand in a body.
constexpr auto kWithBody = static_cast<std::uint8_t>(
    std::to_underlying(MethodBit::post) | std::to_underlying(MethodBit::put) |
    std::to_underlying(MethodBit::patch) | std::to_underlying(MethodBit::delete_));

bool anybody_may_ask(const ConfigView& config) {
  return !config.keys().empty() || !config.tokens().issuers().empty() ||
         std::ranges::any_of(config.access().policy_sets(),
                             [](const PolicySet& set) { return !set.anonymous_rights.none(); });
}

void remark_on_keys(const ConfigView& config, std::uint64_t now_unix_s,
                    std::vector<std::string>& remarks) {
  std::size_t expired = 0;
  for (const ApiKey& key : config.keys()) {
    const std::uint64_t expires_at_s = config.scopes().rights(key).expires_at_s;
    if (expires_at_s == 0 || expires_at_s > now_unix_s || ++expired > kNamedMax) continue;
    remarks.push_back(fmt::format("key `{}` has expired: {}", config.scopes().name(key),
                                  date_text(expires_at_s)));
  }
  if (expired <= kNamedMax) return;
  const std::size_t more = expired - kNamedMax;
  remarks.push_back(fmt::format("{} more {} expired", more, more == 1 ? "key has" : "keys have"));
}

// By provider: it is asked for something.
std::vector<bool> asked_providers(const ConfigView& config) {
  std::vector<bool> asked;
  for (const Provider& provider : config.providers())
    asked.push_back(provider.sandbox == Switch::on);
  for (const Route& route : config.routes()) {
    for (const Target& target : config.targets(route))
      asked[target.provider] = true;
  }
  for (const PassthroughRule& rule : config.passthrough())
    asked[rule.provider] = true;
  return asked;
}

void remark_on_providers(const ConfigView& config, std::vector<std::string>& remarks) {
  const std::vector<bool> asked = asked_providers(config);
  std::size_t unused = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] || ++unused > kNamedMax) continue;
    remarks.push_back(
        fmt::format("provider `{}` is asked for nothing: no route and no `passthrough` names it",
                    config.text(config.providers()[i].name)));
  }
  if (unused <= kNamedMax) return;
  const std::size_t more = unused - kNamedMax;
  remarks.push_back(fmt::format("{} more {} asked for nothing", more,
                                more == 1 ? "provider is" : "providers are"));
}

// An endpoint with rules of its own is never passed through.
void remark_on_ruled_endpoints(const ConfigView& config, std::vector<std::string>& remarks) {
  for (const PassthroughRule& rule : config.passthrough()) {
    const std::string_view path = config.text(rule.path);
    const EndpointMatch match = match_endpoint("POST", path, false);
    const bool post_only = rule.methods == std::to_underlying(MethodBit::post);
    if (!post_only || match.kind != EndpointKind::metered || !match.method_allowed) continue;
    remarks.push_back(fmt::format(
        "passthrough `{}` never counts: that endpoint has rules of its own, by `routes`", path));
  }
}

// What passes through unread may name what is kept in an account, whoever's it is: what is
// neither JSON nor a form.
void remark_on_shared_accounts(const ConfigView& config, std::vector<std::string>& remarks) {
  if (config.scopes().tenants().size() < 2) return;
  std::size_t unread = 0;
  for (const PassthroughRule& rule : config.passthrough()) {
    const Provider& provider = config.provider(rule);
    const bool shared = provider.exclusive == Switch::off && provider.own_keys != OwnKeys::required;
    if (!shared || (rule.methods & kWithBody) == 0 || ++unread > kNamedMax) continue;
    remarks.push_back(
        fmt::format("passthrough `{}`: bodies that are neither JSON nor forms pass unread to the "
                    "account of `{}`, which tenants share",
                    config.text(rule.path), config.text(provider.name)));
  }
  if (unread <= kNamedMax) return;
  const std::size_t more = unread - kNamedMax;
  remarks.push_back(fmt::format("{} more {} to accounts that tenants share", more,
                                more == 1 ? "passthrough rule leads" : "passthrough rules lead"));
}

}  // namespace

std::vector<std::string> config_remarks(const ConfigView& config, std::uint64_t now_unix_s) {
  std::vector<std::string> remarks;
  if (!anybody_may_ask(config)) {
    remarks.emplace_back(
        "nobody may ask: there are no `keys`, no `token_issuers`, and no policy set for anonymous "
        "callers");
  }
  if (config.routes().empty() && config.passthrough().empty()) {
    remarks.emplace_back("there is nothing to ask for: no `routes`, and no `passthrough`");
  } else {
    remark_on_providers(config, remarks);
  }
  if (config.settings().development.ignore_ip_lists == Switch::on) {
    remarks.emplace_back(
        "`development.ignore_ip_lists` is on: NO list of addresses keeps anybody out");
  }
  remark_on_ruled_endpoints(config, remarks);
  remark_on_shared_accounts(config, remarks);
  remark_on_keys(config, now_unix_s, remarks);
  return remarks;
}

}  // namespace headrace::policy::config
