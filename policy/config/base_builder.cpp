#include "policy/config/base_builder.h"

#include <algorithm>

#include "core/base_blob.h"
#include "core/check.h"
#include "policy/config/cache_rules.h"
#include "policy/config/config_rules.h"
#include "policy/config/config_view.h"
#include "policy/config/model_pattern.h"
#include "policy/config/permission_text.h"
#include "policy/config/slot_table.h"
#include "policy/messages/built_in_catalogues.h"
#include "policy/messages/catalogue_file.h"
#include "policy/token/token_verifier.h"

namespace headrace::policy::config {
namespace {

template <class Row>
std::uint32_t count_of(const std::vector<Row>& rows) {
  return static_cast<std::uint32_t>(rows.size());
}

}  // namespace

void BaseBuilder::add(const ConfigModel& model) {
  settings_.http = model.http.row;
  settings_.shards = model.shards.row;
  settings_.io = model.io.row;
  settings_.access_log = model.access_log.row;
  settings_.access_log.path = intern(model.access_log.path.value);
  cache_settings_ = model.cache.row;
  settings_.journal = model.journal.row;
  settings_.journal.directory = intern(model.journal.directory.value);
  settings_.journal.node = intern(model.journal.node.value);
  settings_.billing = model.billing.row;
  add_resilience(model.defaults);
  settings_.admin = model.admin.row;
  settings_.admin.address = intern(model.admin.address.value);
  settings_.audit = model.audit.row;
  settings_.audit.path = intern(model.audit.path.value);
  settings_.development.ignore_ip_lists = model.development.ignore_ip_lists;
  for (const IpListModel& list : model.ip_lists)
    add_ip_list(list);
  access_.add_roles(model);
  quota_.add(model, [this](const std::vector<Text>& models) {
    return access_.add_model_rules(views_of(models));
  });
  settings_.answers = model.answers.row;
  scopes_.add(model);
  for (const PolicySetModel& set : model.policy_sets) {
    access_.add_policy_set(set, [&](std::string_view name) { return scopes_.tenant_index(name); });
  }
  for (const TokenIssuerModel& issuer : model.token_issuers)
    add_token_issuer(issuer);
  for (const ListenerModel& listener : model.listeners)
    add_listener(listener);
  for (const ProviderModel& provider : model.providers)
    add_provider(provider);
  quota_.add_prices(model, provider_names_);
  for (const RouteModel& route : model.routes) {
    add_route(route);
    route_caches_.push_back(route.cache.row);
    route_caches_.back().identity = route_cache_identity(model, route);
  }
  for (const ProviderModel& provider : model.providers) {
    if (provider.row.sandbox == Switch::on) add_sandbox_route(provider);
  }
  for (const CertificateNameModel& certificate : model.certificate_names) {
    const auto named = [&](const KeyModel& key) { return key.name.value == certificate.key.value; };
    const auto key = std::ranges::find_if(model.keys, named);
    certificate_names_.push_back({.name = intern(certificate.name.value),
                                  .key = static_cast<std::uint32_t>(key - model.keys.begin()),
                                  .reserved = {}});
  }
  std::ranges::sort(certificate_names_, {},
                    [this](const CertificateName& row) { return strings_.text(row.name); });
  for (const PassthroughModel& rule : model.passthrough)
    add_passthrough(rule);
}

void BaseBuilder::add_listener(const ListenerModel& listener) {
  Listener row = listener.row;
  row.address = intern(listener.address.value);
  row.ticket_key_file = intern(listener.ticket_key_file.value);
  row.certificates = {count_of(certificates_),
                      static_cast<std::uint32_t>(listener.certificates.size())};
  for (const CertificateModel& certificate : listener.certificates) {
    certificates_.push_back(
        {intern(certificate.certificate_file.value), intern(certificate.key_file.value)});
  }
  row.alpn = add_strings(listener.alpn);
  row.ip_set = ip_.set(views_of(listener.ip_allow));
  row.policy_set = access_.policy_set(listener.policy_set.value);
  row.trusted_proxies = add_strings(listener.trusted_proxies);
  row.cors_origins = add_strings(listener.cors_origins);
  row.cors_headers = add_strings(listener.cors_headers);
  row.client_ca_file = intern(listener.client_ca_file.value);
  listeners_.push_back(row);
}

void BaseBuilder::add_provider(const ProviderModel& provider) {
  Provider row = provider.row;
  const AuthPlace auth = auth_place(provider.auth, row.dialect, provider.auth_name.value);
  row.name = intern(provider.name.value);
  row.host = intern(provider.parts.host);
  row.host_field = intern(provider.parts.host_field);
  row.path_prefix = intern(provider.parts.path_prefix);
  row.port = provider.parts.port;
  row.scheme = provider.parts.scheme;
  row.unix_socket = intern(provider.unix_socket.value);
  row.auth = auth.style;
  row.auth_name = intern(auth.name);
  row.credential = {};
  if (auth.style != AuthStyle::none && provider.keys.empty()) {
    row.credential =
        append_sealed(credential_context(provider.name.value), provider.credential.value);
  }
  if (provider.context_secret.given()) {
    row.context_secret =
        append_sealed(context_secret_context(provider.name.value), provider.context_secret.value);
  }
  row.ca_file = intern(provider.ca_file.value);
  row.client_certificate_file = intern(provider.client_certificate_file.value);
  row.client_key_file = intern(provider.client_key_file.value);
  row.server_name = intern(provider.server_name.value);
  row.egress_proxy = intern(provider.egress.host_field);
  row.egress_proxy_credential = {};
  if (provider.egress_proxy_credential.given()) {
    row.egress_proxy_credential =
        append_sealed(egress_context(provider.name.value), provider.egress_proxy_credential.value);
  }
  row.addresses = {count_of(provider_addresses_),
                   static_cast<std::uint32_t>(provider.addresses.size())};
  for (const ProviderAddressModel& address : provider.addresses) {
    provider_addresses_.push_back(
        {.address = intern(address.address.value), .state = address.state, .reserved = {}});
  }
  row.edits = add_edits(provider);
  row.headers_remove = add_strings(provider.headers_remove);
  row.limits = quota_.limit_set(provider.quota);
  row.query_remove = add_strings(provider.query_remove);
  row.tenant = row.exclusive == Switch::on ? scopes_.tenant_index(provider.tenant.value) : 0;
  provider_names_.push_back(provider.name.value);
  providers_.push_back(row);
  add_resilience(provider);
}

RowRange BaseBuilder::add_edits(const ProviderModel& provider) {
  const RowRange range{
      count_of(field_edits_),
      static_cast<std::uint32_t>(provider.headers_add.size() + provider.query_add.size())};
  const auto add_edit = [&](const NamedText& edit, EditKind kind) {
    FieldEdit row{};
    row.name = intern(edit.name);
    row.kind = kind;
    row.sealed = edit.text.substituted ? Switch::on : Switch::off;
    row.value =
        edit.text.substituted
            ? append_sealed(edit_context(provider.name.value, kind, edit.name), edit.text.value)
            : intern(edit.text.value);
    field_edits_.push_back(row);
  };
  for (const NamedText& edit : provider.headers_add)
    add_edit(edit, EditKind::header_add);
  for (const NamedText& edit : provider.query_add)
    add_edit(edit, EditKind::query_add);
  return range;
}

void BaseBuilder::add_route(const RouteModel& route) {
  Route row = route.row;
  row.name = intern(route.name.value);
  row.models = {count_of(model_names_), static_cast<std::uint32_t>(route.models.size())};
  row.targets = {count_of(targets_), static_cast<std::uint32_t>(route.targets.size())};
  for (const TargetModel& target : route.targets) {
    targets_.push_back({.model = intern(target.model.value),
                        .provider = provider_index(target.provider.value),
                        .weight = static_cast<std::uint16_t>(target.weight),
                        .priority = static_cast<std::uint16_t>(target.priority)});
  }
  row.dialect = providers_[targets_.back().provider].dialect;
  for (const Text& model : route.models) {
    const ModelPatternText pattern = model_pattern(model.value);
    ModelName name{};
    // The star stands behind what a pattern begins with, for whoever tells of it.
    name.text = {intern(model.value).offset, static_cast<std::uint32_t>(pattern.text.size())};
    name.route = count_of(routes_);
    name.match = pattern.match;
    name.dialect = row.dialect;
    model_names_.push_back(name);
    if (pattern.match == ModelMatch::exact) continue;
    ModelPattern prefix{};
    prefix.prefix = name.text;
    prefix.route = name.route;
    prefix.dialect = row.dialect;
    model_patterns_.push_back(prefix);
  }
  routes_.push_back(row);
  add_resilience(route);
  RouteQueue queue = route.queue.row;
  queue.limits = quota_.limit_set(route.quota);
  route_queues_.push_back(queue);
}

void BaseBuilder::add_ip_list(const IpListModel& list) {
  std::vector<core::Cidr> networks;
  for (const Text& text : list.networks) {
    const auto network = core::Cidr::parse(text.value);
    HEADRACE_CHECK(network.has_value());
    networks.push_back(*network);
  }
  ip_.add_list(list.name.value, intern(list.name.value), add_strings(list.networks),
               std::move(networks));
}

void BaseBuilder::add_token_issuer(const TokenIssuerModel& issuer) {
  TokenIssuer row = issuer.row;
  row.name = intern(issuer.name.value);
  row.issuer = intern(issuer.issuer.value);
  row.keys_file = intern(issuer.keys_file.value);
  if (issuer.secret.given()) {
    row.secret = append_sealed(issuer_context(issuer.name.value), issuer.secret.value);
  }
  row.tenant_claim = intern(issuer.tenant_claim.value);
  row.user_claim = intern(issuer.user_claim.value);
  row.roles_claim = intern(issuer.roles_claim.value);
  row.audiences = add_strings(issuer.audiences);
  row.denied_ids = add_denials(issuer.denied_ids);
  row.denied_subjects = add_denials(issuer.denied_subjects);
  if (issuer.tenant.given()) row.tenant = RowRef::to(scopes_.tenant_index(issuer.tenant.value));
  row.rights = access_.rights_index(issuer.rights);
  token_issuers_.push_back(row);
}

RowRange BaseBuilder::add_denials(const std::vector<Text>& texts) {
  const RowRange range{count_of(denials_), static_cast<std::uint32_t>(texts.size())};
  std::vector<std::string_view> sorted = views_of(texts);
  std::ranges::sort(sorted, {}, denial_hash);
  for (const std::string_view text : sorted)
    denials_.push_back({.hash = denial_hash(text), .text = intern(text)});
  return range;
}

void BaseBuilder::add_sandbox_route(const ProviderModel& provider) {
  Route row{};
  row.targets = {count_of(targets_), 1};
  targets_.push_back(
      {.model = {}, .provider = provider_index(provider.name.value), .weight = 1, .priority = 0});
  row.dialect = provider.row.dialect;
  row.sandbox = Switch::on;
  routes_.push_back(row);
  RouteQueue queue{};
  queue.wait_max_ms = 1;
  route_queues_.push_back(queue);
  RouteModel inherits;
  inherits.retry.row = settings_.defaults.retry;
  inherits.lost_attempts = settings_.defaults.lost_attempts;
  add_resilience(inherits);
}

void BaseBuilder::add_passthrough(const PassthroughModel& rule) {
  PassthroughRule row{};
  row.path = intern(rule.path.value);
  row.request_micro_usd = rule.request_micro_usd;
  row.provider = provider_index(rule.provider.value);
  for (const Text& method : rule.methods) {
    row.methods = static_cast<std::uint8_t>(row.methods | method_bit(method.value));
  }
  passthrough_.push_back(row);
}

RowRange BaseBuilder::add_strings(const std::vector<Text>& texts) {
  const RowRange range{count_of(string_list_), static_cast<std::uint32_t>(texts.size())};
  for (const Text& text : texts)
    string_list_.push_back(intern(text.value));
  return range;
}

TextRef BaseBuilder::append_sealed(std::string_view context, std::string_view plain) {
  settings_.master_key_fingerprint = master_key_.fingerprint();
  const std::vector<std::byte> sealed = seal(master_key_, context, plain);
  return strings_.append({reinterpret_cast<const char*>(sealed.data()), sealed.size()});
}

std::uint32_t BaseBuilder::provider_index(std::string_view name) const {
  const auto found = std::ranges::find(provider_names_, name);
  HEADRACE_CHECK(found != provider_names_.end());
  return static_cast<std::uint32_t>(found - provider_names_.begin());
}

void BaseBuilder::add_catalogues() {
  for (const std::span<const std::byte> file : built_in_catalogues()) {
    const auto read = read_catalogue(file);
    HEADRACE_CHECK(read.has_value(), "the catalogues were judged when the program was built");
    catalogues_.push_back(
        {.language = intern(read->language),
         .texts = {count_of(message_texts_), static_cast<std::uint32_t>(kMessageCount)},
         .plural = read->plural,
         .reserved = {}});
    for (const CatalogueText& text : read->texts) {
      message_texts_.push_back({.one = intern(text.one), .many = intern(text.many)});
    }
  }
}

std::vector<std::byte> BaseBuilder::finish() {
  add_catalogues();
  // Longest first; among equals the order does not matter, since no two of a dialect are the same.
  std::ranges::sort(model_patterns_, [](const ModelPattern& left, const ModelPattern& right) {
    if (left.prefix.bytes != right.prefix.bytes) return left.prefix.bytes > right.prefix.bytes;
    return left.route < right.route;
  });
  model_slots_.assign(slots_for(model_names_.size()), {});
  for (std::uint32_t i = 0; i < model_names_.size(); ++i) {
    const ModelName& name = model_names_[i];
    if (name.match != ModelMatch::exact) continue;
    insert_into_slots(model_slots_, slot_hash(name.dialect, strings_.text(name.text)), i);
  }

  core::BlobBuilder blob;
  const auto add_table = [&]<class Row>(TableKind kind, const std::vector<Row>& rows) {
    blob.add_table(static_cast<std::uint32_t>(kind), kTableVersion, std::span<const Row>(rows));
  };
  const std::vector<Settings> settings{settings_};
  add_table(TableKind::strings, strings_.bytes());
  add_table(TableKind::settings, settings);
  add_table(TableKind::listeners, listeners_);
  add_table(TableKind::certificates, certificates_);
  add_table(TableKind::string_list, string_list_);
  add_table(TableKind::providers, providers_);
  add_table(TableKind::field_edits, field_edits_);
  add_table(TableKind::routes, routes_);
  add_table(TableKind::targets, targets_);
  add_table(TableKind::model_names, model_names_);
  add_table(TableKind::model_slots, model_slots_);
  add_table(TableKind::model_patterns, model_patterns_);
  add_table(TableKind::passthrough, passthrough_);
  add_table(TableKind::token_issuers, token_issuers_);
  add_table(TableKind::denials, denials_);
  ip_.finish(blob);
  access_.finish(blob);
  add_table(TableKind::route_caches, route_caches_);
  const std::vector<CacheSettings> cache_settings{cache_settings_};
  add_table(TableKind::cache_settings, cache_settings);
  add_table(TableKind::provider_keys, provider_keys_);
  add_table(TableKind::provider_resilience, provider_resilience_);
  add_table(TableKind::route_resilience, route_resilience_);
  add_table(TableKind::route_queues, route_queues_);
  scopes_.finish(blob);
  add_table(TableKind::provider_addresses, provider_addresses_);
  add_table(TableKind::certificate_names, certificate_names_);
  add_table(TableKind::catalogues, catalogues_);
  add_table(TableKind::message_texts, message_texts_);
  quota_.finish(blob);
  return blob.finish();
}

}  // namespace headrace::policy::config
