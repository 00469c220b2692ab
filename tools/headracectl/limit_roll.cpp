#include "tools/headracectl/limit_roll.h"

#include <memory>

namespace headrace::tools::ctl {

using policy::Caller;
using policy::LimitListing;
using policy::config::ScopeKind;

namespace {

// Whoever has no key has no right to leave limits out.
constexpr policy::config::Rights kUsualRights{};

policy::ChainQuestion question(const policy::config::ConfigView& view,
                               policy::CalendarWindows& windows, core::LimitTime now) {
  return {.config = &view,
          .windows = &windows,
          .stage = policy::QuotaStage::admit,
          .model = {},
          .now = now};
}

}  // namespace

void LimitRoll::add_all() {
  const policy::config::ScopeView& scopes = view_.scopes();
  for (const policy::config::Tenant& tenant : scopes.tenants())
    add(Caller{.tenant = &tenant, .rights = &kUsualRights});
  for (const policy::config::Project& project : scopes.projects())
    add(Caller{.tenant = &scopes.tenant(project), .project = &project, .rights = &kUsualRights});
  for (const policy::config::User& user : scopes.users()) {
    add(Caller{.tenant = &scopes.tenant(user),
               .user = &user,
               .rights = &kUsualRights,
               .user_identity = user.identity});
  }
  for (const policy::config::ApiKey& key : scopes.keys())
    add(scopes.caller(key));
  for (const policy::config::Provider& provider : view_.providers())
    add(provider);
  for (const policy::config::Route& route : view_.routes())
    add(route);
}

bool LimitRoll::add_user(const std::string& tenant, const std::string& user) {
  const policy::config::Tenant* whose = view_.scopes().find_tenant(tenant);
  if (whose == nullptr) return false;
  add(Caller{.tenant = whose,
             .rights = &kUsualRights,
             .user_identity = policy::config::scope_identity(ScopeKind::user, user)},
      user);
  return true;
}

void LimitRoll::add(const Caller& caller, const std::string& user) {
  const auto listing = std::make_unique<LimitListing>();
  policy::list_limits(question(view_, windows_, now_), caller, *listing);
  add(*listing, caller, user);
}

void LimitRoll::add(const policy::config::Provider& provider) {
  const auto listing = std::make_unique<LimitListing>();
  const std::string name(view_.text(provider.name));
  policy::list_limits(question(view_, windows_, now_), provider, *listing);
  add(*listing, Caller{}, name);
  for (const policy::config::ProviderKey& key : view_.keys(provider)) {
    listing->clear();
    policy::list_limits(question(view_, windows_, now_), provider, key, *listing);
    add(*listing, Caller{}, name + '/' + std::string(view_.text(key.name)));
  }
}

void LimitRoll::add(const policy::config::Route& route) {
  const auto listing = std::make_unique<LimitListing>();
  policy::list_limits(question(view_, windows_, now_), route, *listing);
  add(*listing, Caller{}, std::string(view_.text(route.name)));
}

void LimitRoll::add(const LimitListing& listing, const Caller& caller, const std::string& name) {
  for (const policy::ChainedLimit& limit : listing.limits()) {
    if (!known_.insert(limit.terms.identity).second) continue;
    const std::string known_as = name_of(limit.scope, caller);
    limits_.push_back({.scope_name = known_as.empty() ? name : known_as, .limit = limit});
  }
}

std::string LimitRoll::name_of(ScopeKind scope, const Caller& caller) const {
  const policy::config::ScopeView& scopes = view_.scopes();
  switch (scope) {
    case ScopeKind::organisation:
      return std::string(view_.text(scopes.organisation(*caller.tenant)->name));
    case ScopeKind::tenant:
      return std::string(view_.text(caller.tenant->name));
    case ScopeKind::project:
      return std::string(view_.text(caller.project->name));
    case ScopeKind::user:
      return caller.user == nullptr ? std::string() : std::string(view_.text(caller.user->name));
    case ScopeKind::key:
      return std::string(scopes.name(*caller.key));
    case ScopeKind::provider:
    case ScopeKind::provider_key:
    case ScopeKind::route:
      break;
  }
  return {};
}

}  // namespace headrace::tools::ctl
