#include "policy/config/config_unpack.h"

#include <string>
#include <utility>

#include "policy/config/config_rules.h"
#include "policy/config/date_text.h"
#include "policy/config/permission_text.h"

namespace headrace::policy::config {
namespace {

class Unpacker {
 public:
  explicit Unpacker(const ConfigView& view) : view_(view) {}

  ConfigModel model() const {
    const Settings& settings = view_.settings();
    ConfigModel model;
    model.http.row = settings.http;
    model.shards.row = settings.shards;
    model.io.row = settings.io;
    model.access_log.row = settings.access_log;
    model.access_log.path = text(settings.access_log.path);
    model.cache.row = view_.cache().settings();
    model.journal.row = settings.journal;
    model.journal.directory = text(settings.journal.directory);
    model.journal.node = text(settings.journal.node);
    model.billing.row = settings.billing;
    model.defaults.breaker.row = settings.defaults.breaker;
    model.defaults.retry.row = settings.defaults.retry;
    model.defaults.hedge.row = settings.defaults.hedge;
    model.defaults.lost_attempts = settings.defaults.lost_attempts;
    model.admin.row = settings.admin;
    model.audit.row = settings.audit;
    model.audit.path = text(settings.audit.path);
    model.development.ignore_ip_lists = settings.development.ignore_ip_lists;
    model.admin.address = text(settings.admin.address);
    model.answers.row = settings.answers;
    if (settings.answers.debug == Switch::on) {
      model.answers.debug_sha256 = plain(digest_text(settings.answers.debug_token));
    }
    for (const CertificateName& row : view_.certificate_names()) {
      CertificateNameModel& added = model.certificate_names.emplace_back();
      added.name = text(row.name);
      added.key = plain(view_.scopes().name(view_.keys()[row.key]));
    }
    for (const Listener& row : view_.listeners())
      model.listeners.push_back(listener(row));
    for (const Provider& row : view_.providers())
      model.providers.push_back(provider(row));
    for (const Route& row : view_.routes()) {
      if (row.sandbox == Switch::off) model.routes.push_back(route(row));
    }
    for (const IpList& row : view_.ip().lists()) {
      IpListModel& list = model.ip_lists.emplace_back();
      list.name = text(row.name);
      list.networks = texts(view_.networks(row));
    }
    for (const TokenIssuer& row : view_.tokens().issuers())
      model.token_issuers.push_back(issuer(row));
    add_access(model);
    add_scopes(model);
    add_quota(model);
    for (const PassthroughRule& row : view_.passthrough())
      model.passthrough.push_back(rule(row));
    return model;
  }

 private:
  static Text plain(std::string_view value) {
    Text text;
    text.value = value;
    return text;
  }
  static Text hidden() {
    Text text;
    text.hidden = true;
    return text;
  }
  Text text(TextRef ref) const { return plain(view_.text(ref)); }
  std::vector<Text> texts(std::span<const TextRef> refs) const {
    std::vector<Text> list;
    for (const TextRef ref : refs)
      list.push_back(text(ref));
    return list;
  }
  Text pattern(TextRef ref, ModelMatch match) const {
    return plain(std::string(view_.text(ref)) + (match == ModelMatch::prefix ? "*" : ""));
  }

  ListenerModel listener(const Listener& row) const {
    ListenerModel model;
    model.row = row;
    model.address = text(row.address);
    model.ip_allow = ip_names(row.ip_set);
    const PolicySet* set = view_.access().policy_set(row.policy_set);
    if (set != nullptr) model.policy_set = text(set->name);
    model.ticket_key_file = text(row.ticket_key_file);
    model.alpn = texts(view_.alpn(row));
    for (const Certificate& certificate : view_.certificates(row)) {
      CertificateModel& added = model.certificates.emplace_back();
      added.certificate_file = text(certificate.certificate_file);
      added.key_file = text(certificate.key_file);
    }
    model.trusted_proxies = texts(view_.trusted_proxies(row));
    model.cors_origins = texts(view_.cors_origins(row));
    model.cors_headers = texts(view_.cors_headers(row));
    model.client_ca_file = text(row.client_ca_file);
    return model;
  }

  // The option that comes down to this style and name.
  AuthOption auth_option(const Provider& row) const {
    for (const AuthOption option : {AuthOption::none, AuthOption::bearer, AuthOption::x_api_key,
                                    AuthOption::x_goog_api_key, AuthOption::api_key}) {
      const AuthPlace place = auth_place(option, row.dialect, {});
      if (place.style == row.auth && place.name == view_.text(row.auth_name)) return option;
    }
    return row.auth == AuthStyle::query ? AuthOption::query : AuthOption::header;
  }

  ProviderModel provider(const Provider& row) const {
    ProviderModel model;
    model.row = row;
    model.name = text(row.name);
    model.url =
        plain(url_text(row.scheme, view_.text(row.host_field), view_.text(row.path_prefix)));
    model.unix_socket = text(row.unix_socket);
    model.auth = auth_option(row);
    if (model.auth == AuthOption::header || model.auth == AuthOption::query) {
      model.auth_name = text(row.auth_name);
    }
    if (!row.credential.empty()) model.credential = hidden();
    if (!row.context_secret.empty()) model.context_secret = hidden();
    for (const FieldEdit& edit : view_.edits(row)) {
      auto& list = edit.kind == EditKind::header_add ? model.headers_add : model.query_add;
      list.push_back({.name = std::string(view_.text(edit.name)),
                      .text = edit.sealed == Switch::on ? hidden() : text(edit.value)});
    }
    model.headers_remove = texts(view_.headers_remove(row));
    model.query_remove = texts(view_.query_remove(row));
    if (!row.egress_proxy.empty()) {
      model.egress_proxy = plain("http://" + std::string(view_.text(row.egress_proxy)));
    }
    if (!row.egress_proxy_credential.empty()) model.egress_proxy_credential = hidden();
    for (const ProviderAddress& address : view_.addresses(row)) {
      ProviderAddressModel& added = model.addresses.emplace_back();
      added.address = text(address.address);
      added.state = address.state;
    }
    model.ca_file = text(row.ca_file);
    model.client_certificate_file = text(row.client_certificate_file);
    model.client_key_file = text(row.client_key_file);
    model.server_name = text(row.server_name);
    model.quota = quota(row.limits);
    if (row.exclusive == Switch::on) model.tenant = text(view_.tenants()[row.tenant].name);
    const ProviderResilience& resilience = view_.resilience(row);
    for (const ProviderKey& key : view_.keys(row)) {
      ProviderKeyModel& added = model.keys.emplace_back();
      added.name = text(key.name);
      added.credential = hidden();
      added.weight = key.weight;
      added.quota = quota(key.limits);
      added.drain = key.drain;
    }
    model.breaker.row = resilience.breaker;
    model.health.row = resilience.health;
    model.health.path = text(resilience.health_path);
    model.health.probe = resilience.health_probe;
    model.health.any_status = resilience.health_any_status;
    model.key_bench_ms = resilience.key_bench_ms;
    return model;
  }

  RouteModel route(const Route& row) const {
    RouteModel model;
    model.row = row;
    model.name = text(row.name);
    for (const ModelName& name : view_.models(row)) {
      model.models.push_back(pattern(name.text, name.match));
    }
    for (const Target& target : view_.targets(row)) {
      TargetModel& added = model.targets.emplace_back();
      added.provider = text(view_.provider(target).name);
      added.model = text(target.model);
      added.weight = target.weight;
      added.priority = target.priority;
    }
    model.cache.row = view_.cache(row);
    model.queue.row = view_.queue(row);
    model.quota = quota(model.queue.row.limits);
    const RouteResilience& resilience = view_.resilience(row);
    model.balance = resilience.balance;
    model.retry.row = resilience.retry;
    model.hedge.row = resilience.hedge;
    model.lost_attempts = resilience.lost_attempts;
    model.comment_interval_ms = resilience.comment_interval_ms;
    return model;
  }

  std::vector<Text> ip_names(RowRef set) const {
    std::vector<Text> names;
    for (const std::uint32_t list : view_.ip().lists(set))
      names.push_back(text(view_.ip().lists()[list].name));
    return names;
  }
  std::vector<Text> denials(RowRange range) const {
    std::vector<Text> list;
    for (const Denial& denial : view_.tokens().denials(range))
      list.push_back(text(denial.text));
    return list;
  }
  TokenIssuerModel issuer(const TokenIssuer& row) const {
    TokenIssuerModel model;
    model.row = row;
    model.name = text(row.name);
    model.issuer = text(row.issuer);
    model.keys_file = text(row.keys_file);
    if (!row.secret.empty()) model.secret = hidden();
    model.audiences = texts(view_.tokens().audiences(row));
    if (!row.tenant.none()) model.tenant = text(view_.tenants()[row.tenant.row()].name);
    model.tenant_claim = text(row.tenant_claim);
    model.user_claim = text(row.user_claim);
    model.roles_claim = text(row.roles_claim);
    model.denied_ids = denials(row.denied_ids);
    model.denied_subjects = denials(row.denied_subjects);
    model.rights = rights_model(view_.access().rights(row.rights));
    return model;
  }
  std::vector<Text> patterns(RowRange models) const {
    std::vector<Text> list;
    for (const ModelRule& rule : view_.access().models(models))
      list.push_back(pattern(rule.text, rule.match));
    return list;
  }
  std::vector<Text> permissions(RowRange range) const {
    std::vector<Text> list;
    for (const Permission& row : view_.access().permissions(range))
      list.push_back(plain(permission_text(row.methods, view_.text(row.path))));
    return list;
  }
  std::vector<Text> role_names(RoleBits bits) const {
    std::vector<Text> names;
    for (const Role& role : view_.access().roles()) {
      if ((bits & 1) != 0) names.push_back(text(role.name));
      bits >>= 1;
    }
    return names;
  }
  RightsModel rights_model(const Rights& row) const {
    RightsModel model;
    model.models = patterns(row.models);
    for (const EndpointGroup group : kEndpointGroups) {
      if ((row.groups & std::to_underlying(group)) != 0) {
        model.scopes.push_back(plain(to_text(group)));
      }
    }
    for (Text& permission : permissions(row.scopes))
      model.scopes.push_back(std::move(permission));
    for (const std::uint32_t route : view_.access().routes(row))
      model.routes.push_back(text(view_.routes()[route].name));
    model.roles = role_names(row.roles);
    model.ip_allow = ip_names(row.ip_set);
    if (row.expires_at_s != 0) model.expires_at = plain(date_text(row.expires_at_s));
    model.passthrough = row.passthrough;
    model.suspended = row.suspended;
    model.debug = row.debug;
    model.bypass_limits = row.bypass_limits;
    return model;
  }

  void add_access(ConfigModel& model) const {
    const AccessView& access = view_.access();
    RoleBits own = 1;
    for (const Role& row : access.roles()) {
      RoleModel& role = model.roles.emplace_back();
      role.name = text(row.name);
      role.inherits = role_names(row.with_inherited & ~own);
      role.allow = permissions(row.permissions);
      own <<= 1;
    }
    for (const PolicySet& row : access.policy_sets()) {
      PolicySetModel& set = model.policy_sets.emplace_back();
      set.row = row;
      set.name = text(row.name);
      set.allow = permissions(row.permissions);
      for (const std::uint32_t tenant : access.tenants(row))
        set.tenants.push_back(text(view_.tenants()[tenant].name));
      set.roles = role_names(row.roles);
      for (const SkippedStage stage : kSkippedStages) {
        if ((row.skipped_stages & std::to_underlying(stage)) != 0) {
          set.skip.push_back(plain(to_text(stage)));
        }
      }
      if (!row.anonymous_rights.none()) {
        set.anonymous.tenant = text(view_.tenants()[row.anonymous_tenant].name);
        set.anonymous.rights = rights_model(access.rights(row.anonymous_rights.row()));
      }
    }
  }

  void add_scopes(ConfigModel& model) const {
    const ScopeView& scopes = view_.scopes();
    for (const Organisation& row : scopes.organisations()) {
      OrganisationModel& organisation = model.organisations.emplace_back();
      organisation.name = text(row.name);
      organisation.quota = quota(row.limits);
    }
    for (const Tenant& row : scopes.tenants()) {
      TenantModel& tenant = model.tenants.emplace_back();
      tenant.row = row;
      tenant.name = text(row.name);
      tenant.time_zone = text(row.time_zone);
      tenant.models = patterns(row.models);
      tenant.ip_allow = ip_names(row.ip_set);
      tenant.organisation = name_of(scopes.organisation(row));
      tenant.quota = quota(row.limits);
    }
    for (const Project& row : scopes.projects()) {
      ProjectModel& project = model.projects.emplace_back();
      project.name = text(row.name);
      project.tenant = text(scopes.tenant(row).name);
      project.quota = quota(row.limits);
    }
    for (const User& row : scopes.users()) {
      UserModel& user = model.users.emplace_back();
      user.name = text(row.name);
      user.tenant = text(scopes.tenant(row).name);
      user.quota = quota(row.limits);
      user.roles = role_names(row.roles);
      user.suspended = row.suspended;
    }
    for (const ApiKey& row : scopes.keys())
      model.keys.push_back(key(row));
  }
  template <class Scope>
  Text name_of(const Scope* scope) const {
    return scope == nullptr ? Text{} : text(scope->name);
  }

  KeyModel key(const ApiKey& row) const {
    const ScopeView& scopes = view_.scopes();
    KeyModel model;
    model.name = plain(scopes.name(row));
    model.sha256 = plain(digest_text(row.digest));
    model.prefix = plain(scopes.prefix(row));
    model.tenant = text(scopes.tenant(row).name);
    model.project = name_of(scopes.project(row));
    model.user = name_of(scopes.user(row));
    model.rights = rights_model(scopes.rights(row));
    model.quota = quota(row.limits);
    return model;
  }

  // --- quota -------------------------------------------------------------------------------------
  void add_quota(ConfigModel& model) const {
    const QuotaView& quota = view_.quota();
    model.quota.row = quota.settings();
    for (const Plan& row : quota.plans()) {
      PlanModel& plan = model.plans.emplace_back();
      plan.name = text(row.name);
      plan.models = patterns(row.models);
      ScopeQuota rules;
      for (const LimitRule& rule : quota.rules(row))
        add_rule(rules, rule);
      plan.limits = std::move(rules.limits);
      plan.budgets = std::move(rules.budgets);
    }
    for (const Price& row : quota.prices())
      model.prices.push_back(price(row));
    for (const EndpointWeight& row : quota.weights()) {
      WeightModel& weight = model.weights.emplace_back();
      weight.path = text(row.path);
      weight.requests = row.requests;
    }
  }

  ScopeQuota quota(RowRef limits) const {
    ScopeQuota model;
    const LimitSet* set = view_.quota().set(limits);
    if (set == nullptr) return model;
    if (const Plan* plan = view_.quota().plan(limits)) model.plan = text(plan->name);
    for (const LimitRule& rule : view_.quota().own_rules(*set))
      add_rule(model, rule);
    return model;
  }

  void add_rule(ScopeQuota& model, const LimitRule& row) const {
    if (row.origin == LimitOrigin::credit) {
      model.credits.emplace_back().micro_usd = row.value;
    } else if (row.origin == LimitOrigin::budget) {
      BudgetModel& budget = model.budgets.emplace_back();
      budget.row = row;
      budget.name = text(row.name);
      for (const std::uint8_t percent : row.warn_percent) {
        if (percent != 0) budget.warn_percent.push_back(plain(std::to_string(percent)));
      }
    } else {
      LimitModel& limit = model.limits.emplace_back();
      limit.row = row;
      limit.name = text(row.name);
      if (row.of_a_model == Switch::on) {
        limit.model = pattern(
            row.model, row.exact_model == Switch::on ? ModelMatch::exact : ModelMatch::prefix);
      }
    }
  }

  PriceModel price(const Price& row) const {
    PriceModel model;
    model.row = row;
    model.provider = text(view_.providers()[row.provider].name);
    model.from = text(row.from);
    for (const PriceName& name : view_.quota().names(row)) {
      model.models.push_back(
          pattern(name.model, name.exact == Switch::on ? ModelMatch::exact : ModelMatch::prefix));
    }
    return model;
  }

  PassthroughModel rule(const PassthroughRule& row) const {
    struct Named {
      MethodBit bit;
      std::string_view name;
    };
    static constexpr Named kMethods[] = {
        {MethodBit::get, "GET"},        {MethodBit::head, "HEAD"},   {MethodBit::post, "POST"},
        {MethodBit::put, "PUT"},        {MethodBit::patch, "PATCH"}, {MethodBit::delete_, "DELETE"},
        {MethodBit::options, "OPTIONS"}};
    PassthroughModel model;
    model.path = text(row.path);
    for (const Named& method : kMethods) {
      const bool let_through = (row.methods & static_cast<std::uint8_t>(method.bit)) != 0;
      if (let_through) model.methods.push_back(plain(method.name));
    }
    model.provider = text(view_.provider(row).name);
    model.request_micro_usd = row.request_micro_usd;
    return model;
  }

  const ConfigView& view_;
};

}  // namespace

ConfigModel unpack(const ConfigView& config) {
  return Unpacker(config).model();
}

}  // namespace headrace::policy::config
