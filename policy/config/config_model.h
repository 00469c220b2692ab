// A config between text and base: what was written, defaults filled in, not yet laid out.
//
// Every option of every record is described once, in the option table (option_table.h), which
// reads, bounds, prints and documents them; the fields here are only where the values lie.
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/config/base_layout.h"
#include "policy/config/cache_model.h"
#include "policy/config/edge_model.h"
#include "policy/config/identity_model.h"
#include "policy/config/model_values.h"
#include "policy/config/provider_url.h"
#include "policy/config/queue_model.h"
#include "policy/config/records_model.h"
#include "policy/config/resilience_model.h"
#include "policy/config/scope_model.h"

namespace headrace::policy::config {

struct CertificateModel : Record {
  Text certificate_file;
  Text key_file;
};
struct ListenerModel : Record {
  Text address;
  std::vector<CertificateModel> certificates;
  Text ticket_key_file;
  std::vector<Text> alpn;
  std::vector<Text> trusted_proxies;
  Text policy_set;
  std::vector<Text> cors_origins;
  std::vector<Text> cors_headers;
  Text client_ca_file;
  std::vector<Text> ip_allow;
  Listener row{};  // numbers and switches only
};
struct AdminModel : Record {
  Text address;
  AdminSettings row{};
};
struct HttpModel : Record {
  HttpSettings row{};
};
struct ShardModel : Record {
  ShardSettings row{};
};
struct IoModel : Record {
  IoSettings row{};
};
struct AccessLogModel : Record {
  Text path;
  AccessLogSettings row{};
};

// How an operator names the ways of authentication; AuthStyle is what they come down to.
enum class AuthOption : std::uint8_t {
  by_dialect,
  bearer,
  x_api_key,
  x_goog_api_key,
  api_key,
  header,
  query,
  none,
};
struct ProviderModel : Record {
  Text name;
  Text url;
  Text unix_socket;
  Text egress_proxy;  // "http://10.0.0.3:3128"
  Text egress_proxy_credential;
  std::vector<ProviderAddressModel> addresses;
  Text auth_name;
  Text credential;
  Text context_secret;
  Text ca_file;
  Text client_certificate_file;
  Text client_key_file;
  Text server_name;
  Text tenant;
  AuthOption auth = AuthOption::by_dialect;
  ScopeQuota quota;  // limits only
  std::vector<NamedText> headers_add;
  std::vector<Text> headers_remove;
  std::vector<NamedText> query_add;
  std::vector<Text> query_remove;
  std::vector<ProviderKeyModel> keys;
  BreakerModel breaker;
  HealthModel health;
  std::uint64_t key_bench_ms = 0;
  Provider row{};      // numbers, switches and the dialect
  ProviderUrl parts;   // of `url`
  ProviderUrl egress;  // of `egress_proxy`
};
struct TargetModel : Record {
  Text provider;
  Text model;
  std::uint64_t weight = 0;
  std::uint64_t priority = 0;
};
struct RouteModel : Record {
  Text name;
  Route row{};  // numbers and switches only
  std::vector<Text> models;
  std::vector<TargetModel> targets;
  RouteCacheModel cache;
  ScopeQuota quota;  // limits only
  RouteQueueModel queue;
  Balance balance = Balance::weight;
  RetryModel retry;
  HedgeModel hedge;
  LostAttempts lost_attempts = LostAttempts::absorbed;
  std::uint64_t comment_interval_ms = 0;
};
struct PassthroughModel : Record {
  Text path;
  std::vector<Text> methods;
  Text provider;
  std::uint64_t request_micro_usd = 0;
};

struct ConfigModel : Record {
  std::vector<ListenerModel> listeners;
  AdminModel admin;
  AnswersModel answers;
  HttpModel http;
  ShardModel shards;
  IoModel io;
  AccessLogModel access_log;
  CacheModel cache;
  JournalModel journal;
  BillingModel billing;
  DefaultsModel defaults;
  std::vector<ProviderModel> providers;
  std::vector<CertificateNameModel> certificate_names;
  std::vector<RouteModel> routes;
  std::vector<OrganisationModel> organisations;
  std::vector<TenantModel> tenants;  // those that are only named by others stand in it too
  std::vector<RoleModel> roles;
  std::vector<TokenIssuerModel> token_issuers;
  std::vector<IpListModel> ip_lists;
  DevelopmentModel development;
  AuditModel audit;
  std::vector<PolicySetModel> policy_sets;
  std::vector<ProjectModel> projects;
  std::vector<UserModel> users;
  std::vector<KeyModel> keys;
  std::vector<PassthroughModel> passthrough;
  std::vector<PlanModel> plans;
  std::vector<PriceModel> prices;
  std::vector<WeightModel> weights;
  QuotaModel quota;
  std::vector<ZoneModel> zones;  // of tenants, filled in by the rules
};

}  // namespace headrace::policy::config
