// What a config base holds: the tables and their rows. The container is core/base_blob.h.
//
//   strings        all text, one heap of bytes; a TextRef points into it
//   settings       one row: every scalar option that belongs to the whole process
//   listeners ---> certificates, string_list (ALPN, trusted proxies)
//   providers ---> field_edits, string_list (names to remove)
//   routes ------> targets -----> providers
//     ^  |
//     |  +-------> model_names    what clients ask for, in the order of the config
//     |              ^
//     |            model_slots    open addressing by hash of (dialect, exact name)
//   model_patterns                the names that end in a star, longest first
//
//   organisations, tenants, projects, users, keys: scope_layout.h
//   plans, limits, prices: quota_layout.h
//   rights, roles, policy sets: access_layout.h
//   networks: ip_layout.h; issuers of tokens: token_layout.h
//
//   passthrough -> providers
//   provider_addresses, certificate_names: edge_layout.h
//   catalogues --> message_texts    what clients are told (policy/messages/catalogue_layout.h)
//   route_caches                  one for each route (cache_layout.h)
//
//   route_queues                  one for each route (queue_layout.h) -> limit_sets
//
//   what gets past failing providers: resilience_layout.h
//
// Invariants (judged once by ConfigView::open, then relied upon): every TextRef, RowRange and index
//             lies inside its table; every enum has a value that has a name; both slot tables have
//             a power of two slots, at least one of them empty.
// Units:      stand last in names; times are milliseconds, money is micro-USD.
// Growth:     new tables get new kinds (limits, plans, prices, catalogues, delta log); a changed
// row
//             gets a new version of its kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "policy/config/edge_layout.h"
#include "policy/config/ip_layout.h"
#include "policy/config/queue_layout.h"
#include "policy/config/quota_layout.h"
#include "policy/config/records_layout.h"
#include "policy/config/resilience_layout.h"
#include "policy/config/row_values.h"
#include "policy/config/scope_layout.h"
#include "policy/config/token_layout.h"
#include "policy/dialect/dialect.h"

namespace headrace::policy::config {

// --- tables ------------------------------------------------------------------------------------
enum class TableKind : std::uint32_t {
  strings = 1,
  settings = 2,
  listeners = 3,
  certificates = 4,
  string_list = 5,
  providers = 6,
  field_edits = 7,
  routes = 8,
  targets = 9,
  model_names = 10,
  model_slots = 11,
  tenants = 12,
  keys = 13,
  model_rules = 15,
  passthrough = 16,
  model_patterns = 17,
  organisations = 20,
  projects = 21,
  users = 22,
  rights = 23,
  permissions = 24,
  roles = 25,
  policy_sets = 26,
  tenant_refs = 27,
  route_refs = 28,
  ip_nodes = 29,
  ip_lists = 30,
  ip_list_refs = 31,
  ip_sets = 32,
  token_issuers = 33,
  denials = 34,
  tenant_slots = 35,
  user_slots = 36,
  key_seeds = 37,
  written_keys = 38,
  key_salt = 39,
  plans = 40,
  limit_sets = 41,
  limit_rules = 42,
  prices = 43,
  price_names = 44,
  price_slots = 45,
  price_patterns = 46,
  endpoint_weights = 47,
  quota_settings = 48,
  zones = 49,
  zone_offsets = 50,
  provider_addresses = 60,
  certificate_names = 61,
  provider_keys = 70,
  provider_resilience = 71,
  route_resilience = 72,
  catalogues = 90,     // policy/messages/catalogue_layout.h
  message_texts = 91,  // the same
  route_caches = 80,
  cache_settings = 81,
  route_queues = 85,
};
inline constexpr std::uint32_t kTableVersion = 5;  // of every kind above

// --- values with names -------------------------------------------------------------------------
using policy::Dialect;
inline constexpr Dialect kLastDialect = Dialect::gemini;
enum class Scheme : std::uint8_t { http, https };
enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };
// How a provider is shown its credential. The three named headers are `header` with a known name:
// Provider::auth_name always says which field or parameter carries it.
enum class AuthStyle : std::uint8_t { none, bearer, header, query };
// Who asks, told to a provider in fields that no client can set.
enum class ContextHeaders : std::uint8_t { off, plain, signed_ };
enum class EditKind : std::uint8_t { header_add, query_add };

// --- settings ----------------------------------------------------------------------------------
struct HttpSettings {
  std::uint64_t head_bytes_max;
  std::uint64_t fields_max;
  std::uint64_t line_bytes_max;
  std::uint64_t body_bytes_max;
  std::uint64_t bodies_memory_bytes_max;
  std::uint64_t event_bytes_max;  // of a streamed answer
  std::uint64_t head_timeout_ms;
  std::uint64_t keep_alive_timeout_ms;
  std::uint64_t tls_handshake_timeout_ms;
  std::uint64_t body_bytes_per_second_min;
  std::uint64_t send_bytes_per_second_min;
  std::uint64_t rate_grace_ms;
  std::uint64_t drain_grace_ms;
  Switch via;
  std::uint8_t reserved[7];
};
struct ShardSettings {
  std::uint64_t count;  // 0: one for each core that the process may use
  std::uint64_t spin_us;
  Switch pin;
  std::uint8_t reserved[7];
};
struct IoSettings {
  std::uint64_t small_buffers;
  std::uint64_t bulk_buffers;
  Switch single_issuer;
  Switch defer_taskrun;
  Switch recv_multishot;
  Switch accept_multishot;
  Switch send_vectorized;
  Switch ring_messages;
  Switch absolute_waits;
  Switch idle_waits;
};
struct AccessLogSettings {
  TextRef path;
  std::uint32_t refusals_per_second;  // of each shard
  LogOutput output;
  std::uint8_t reserved[3];
};
struct AuditSettings {
  TextRef path;
  LogOutput output;
  Switch refusals;  // write those that no route decided
  std::uint8_t reserved[6];
};
struct DevelopmentSettings {
  Switch ignore_ip_lists;
  std::uint8_t reserved[7];
};
struct AdminSettings {
  TextRef address;
  Switch allow_remote;
  Switch metrics;
  std::uint8_t reserved[6];
};
struct Settings {
  HttpSettings http;
  ShardSettings shards;
  IoSettings io;
  AccessLogSettings access_log;
  AdminSettings admin;
  AnswerSettings answers;
  AuditSettings audit;
  DevelopmentSettings development;
  JournalSettings journal;
  BillingSettings billing;
  ResilienceDefaults defaults;
  std::uint8_t reserved[4];
  std::uint64_t master_key_fingerprint;  // of the key that sealed the secrets; 0: there are none
};

// --- listeners ---------------------------------------------------------------------------------
struct Listener {
  TextRef address;           // as core::SocketAddress::parse reads it
  TextRef ticket_key_file;   // empty: keys of the process's own
  RowRange certificates;     // the first one is shown where no name fits
  RowRange alpn;             // in string_list, by preference
  RowRange trusted_proxies;  // in string_list, as core::Cidr::parse reads them
  RowRange cors_origins;     // in string_list; "*" is every one
  RowRange cors_headers;     // in string_list: besides those that SDKs send
  TextRef client_ca_file;    // whose client certificates are taken
  std::uint64_t cors_max_age_s;
  std::uint64_t hsts_max_age_s;
  std::uint64_t address_connections_max;            // 0: any number
  std::uint64_t address_handshakes_per_minute_max;  // 0: any number
  std::uint64_t connections_max;
  std::uint64_t requests_per_connection_max;
  std::uint64_t backlog;
  RowRef policy_set;  // none: everybody with a key may do what the key may do
  RowRef ip_set;      // from where callers may come; none: from anywhere
  Switch tls;
  TlsVersion tls_version_min;
  Switch x_forwarded;
  Switch forwarded;
  ProxyProtocol proxy_protocol;
  ClientCertificates client_certificates;
  OverLimit over_address_limit;
  std::uint8_t reserved[1];
};
struct Certificate {
  TextRef certificate_file;
  TextRef key_file;
};

// --- providers ---------------------------------------------------------------------------------
struct PoolBounds {
  std::uint64_t idle_max;   // connections of one shard
  std::uint64_t total_max;  // connections of one shard
  std::uint64_t idle_timeout_ms;
  std::uint64_t lifetime_ms;
};
struct ProviderTimeouts {
  std::uint64_t connect_ms;
  std::uint64_t first_byte_ms;
  std::uint64_t gap_ms;
  std::uint64_t total_ms;
};
struct Provider {
  TextRef name;
  TextRef host;         // a name, or an IP address without brackets
  TextRef host_field;   // what goes into the Host field: host, and port unless it is the scheme's
  TextRef path_prefix;  // "" or "/v1": begins with a slash, never ends with one
  TextRef unix_socket;  // where set, connected to instead of host and port
  TextRef auth_name;    // of the header field or query parameter; empty with AuthStyle::none
  TextRef credential;   // sealed, context by credential_context(); empty where it has keys
  TextRef ca_file;      // empty: the system's roots
  TextRef client_certificate_file;
  TextRef client_key_file;
  TextRef egress_proxy;             // "10.0.0.3:3128"; empty: connected to directly
  TextRef egress_proxy_credential;  // sealed, context by egress_context(); empty: none
  RowRange addresses;               // provider_addresses; none: what the host means
  TextRef server_name;              // for SNI and verification; an IP address is verified, not sent
  RowRange edits;                   // field_edits to add or replace
  RowRange headers_remove;          // string_list
  RowRange query_remove;            // string_list
  PoolBounds pool;
  ProviderTimeouts timeouts;
  std::uint32_t tenant;  // with `exclusive`: whose the credential is (ConfigView::may_use)
  std::uint16_t port;
  Dialect dialect;
  Scheme scheme;
  AuthStyle auth;
  Switch verify;
  Switch private_network;  // judge every resolved address with address_rules.h
  Switch exclusive;        // one tenant's own account: stored objects may be reached
  Switch sandbox;          // where requests of sandbox tenants go
  OwnKeys own_keys;
  ContextHeaders context;  // is it told who asks
  std::uint8_t reserved[5];
  RowRef limits;           // in limit_sets: of all that is asked of it
  TextRef context_secret;  // sealed, context by context_secret_context(); empty: nothing is signed
};
struct FieldEdit {
  TextRef name;
  TextRef value;  // sealed where `sealed` is on, context by edit_context()
  EditKind kind;
  Switch sealed;
  std::uint8_t reserved[6];
};

// --- routes ------------------------------------------------------------------------------------
struct Route {
  TextRef name;      // empty: keys cannot be bound to it
  RowRange models;   // the exact names and patterns that lead here, in model_names
  RowRange targets;  // by priority, then as written; the first is tried first
  Dialect dialect;   // of all its targets
  Switch sandbox;    // not in the config: leads to the sandbox provider of its dialect
  Switch audit;      // its decisions are written to the audit log
  std::uint8_t reserved[4];
  // Narrower than what holds for all; 0: no narrower.
  std::uint8_t json_depth_max;
  std::uint64_t body_bytes_max;
  std::uint64_t total_timeout_ms;
};
struct Target {
  TextRef model;  // what the provider is asked for; empty: what the client asked for
  std::uint32_t provider;
  std::uint16_t weight;
  std::uint16_t priority;  // 0 goes first
};
struct ModelName {
  TextRef text;  // of a pattern: what stands before the star
  std::uint32_t route;
  ModelMatch match;
  Dialect dialect;
  std::uint8_t reserved[2];
};
struct ModelPattern {
  TextRef prefix;
  std::uint32_t route;
  Dialect dialect;
  std::uint8_t reserved[3];
};
struct HashSlot {
  std::uint32_t fingerprint;
  std::uint32_t row_plus_one;  // 0: empty
};

// --- bounds that rows rely on
// --------------------------------------------------------------------- Longer names of models are
// not looked up.
inline constexpr std::size_t kModelBytesMax = 256;
// What memory for bodies must have room for beside the largest one: its head, and the ends of
// pages.
inline constexpr std::size_t kBesideBodyBytes = std::size_t{512} * 1024;

// --- passthrough -------------------------------------------------------------------------------
struct PassthroughRule {
  TextRef path;  // segments; `*` is one segment, `**` at the end one or more (path_pattern.h)
  std::uint64_t request_micro_usd;
  std::uint32_t provider;
  std::uint8_t methods;  // MethodBit
  std::uint8_t reserved[3];
};

}  // namespace headrace::policy::config
