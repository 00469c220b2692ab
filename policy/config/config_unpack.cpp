#include "policy/config/config_unpack.h"

#include <string>
#include <utility>

#include "policy/config/config_rules.h"
#include "policy/config/config_unpacker.h"
#include "policy/config/date_text.h"
#include "policy/config/permission_text.h"

namespace headrace::policy::config {

ConfigModel Unpacker::model() const {
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

Text Unpacker::plain(std::string_view value) {
  Text text;
  text.value = value;
  return text;
}

Text Unpacker::hidden() {
  Text text;
  text.hidden = true;
  return text;
}

std::vector<Text> Unpacker::texts(std::span<const TextRef> refs) const {
  std::vector<Text> list;
  for (const TextRef ref : refs)
    list.push_back(text(ref));
  return list;
}

Text Unpacker::pattern(TextRef ref, ModelMatch match) const {
  return plain(std::string(view_.text(ref)) + (match == ModelMatch::prefix ? "*" : ""));
}

ListenerModel Unpacker::listener(const Listener& row) const {
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

AuthOption Unpacker::auth_option(const Provider& row) const {
  for (const AuthOption option : {AuthOption::none, AuthOption::bearer, AuthOption::x_api_key,
                                  AuthOption::x_goog_api_key, AuthOption::api_key}) {
    const AuthPlace place = auth_place(option, row.dialect, {});
    if (place.style == row.auth && place.name == view_.text(row.auth_name)) return option;
  }
  return row.auth == AuthStyle::query ? AuthOption::query : AuthOption::header;
}

ProviderModel Unpacker::provider(const Provider& row) const {
  ProviderModel model;
  model.row = row;
  model.name = text(row.name);
  model.url = plain(url_text(row.scheme, view_.text(row.host_field), view_.text(row.path_prefix)));
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

RouteModel Unpacker::route(const Route& row) const {
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

std::vector<Text> Unpacker::patterns(RowRange models) const {
  std::vector<Text> list;
  for (const ModelRule& rule : view_.access().models(models))
    list.push_back(pattern(rule.text, rule.match));
  return list;
}

PassthroughModel Unpacker::rule(const PassthroughRule& row) const {
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

ConfigModel unpack(const ConfigView& config) {
  return Unpacker(config).model();
}

}  // namespace headrace::policy::config
