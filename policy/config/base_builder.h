// Lays a config out as a base: rows, strings, slot tables.
//
// What goes in was judged before (config_rules.h); here are no errors any more, only the facts that
// a base can hold. Keys may be added one by one besides those of a model (scope_builder.h).
//
// Threads: owned by one thread. Invariants: the same calls give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/config/access_builder.h"
#include "policy/config/base_layout.h"
#include "policy/config/config_model.h"
#include "policy/config/quota_builder.h"
#include "policy/config/scope_builder.h"
#include "policy/config/seal.h"
#include "policy/config/string_heap.h"
#include "policy/messages/catalogue_layout.h"

namespace headrace::policy::config {

class BaseBuilder {
 public:
  explicit BaseBuilder(const MasterKey& master_key) : master_key_(master_key) {}

  // Once; before keys are added.
  void add(const ConfigModel& model);
  void reserve_keys(std::size_t count) { scopes_.reserve_keys(count); }
  void add_key(const KeyEntry& key) { scopes_.add_key(key); }
  // Once, at the end.
  [[nodiscard]] std::vector<std::byte> finish();

 private:
  TextRef intern(std::string_view text) { return strings_.intern(text); }
  TextRef append_sealed(std::string_view context, std::string_view plain);
  RowRange add_strings(const std::vector<Text>& texts);
  RowRange add_edits(const ProviderModel& provider);
  void add_resilience(const DefaultsModel& defaults);
  void add_resilience(const ProviderModel& provider);
  void add_resilience(const RouteModel& route);
  void add_listener(const ListenerModel& listener);
  void add_provider(const ProviderModel& provider);
  void add_route(const RouteModel& route);
  void add_ip_list(const IpListModel& list);
  void add_token_issuer(const TokenIssuerModel& issuer);
  RowRange add_denials(const std::vector<Text>& texts);
  void add_sandbox_route(const ProviderModel& provider);
  void add_passthrough(const PassthroughModel& rule);
  void add_catalogues();
  [[nodiscard]] std::uint32_t provider_index(std::string_view name) const;

  const MasterKey& master_key_;
  StringHeap strings_;
  QuotaBuilder quota_{strings_};
  IpBuilder ip_;
  AccessBuilder access_{strings_, ip_};
  ScopeBuilder scopes_{strings_, access_, quota_, ip_};

  Settings settings_{};
  std::vector<Listener> listeners_;
  std::vector<Certificate> certificates_;
  std::vector<TextRef> string_list_;
  std::vector<std::string> provider_names_;
  std::vector<Provider> providers_;
  std::vector<FieldEdit> field_edits_;
  std::vector<Route> routes_;
  std::vector<Target> targets_;
  std::vector<ModelName> model_names_;
  std::vector<HashSlot> model_slots_;
  std::vector<ModelPattern> model_patterns_;
  std::vector<PassthroughRule> passthrough_;
  std::vector<ProviderAddress> provider_addresses_;
  std::vector<CertificateName> certificate_names_;
  std::vector<TokenIssuer> token_issuers_;
  std::vector<Denial> denials_;
  std::vector<Catalogue> catalogues_;
  std::vector<MessageText> message_texts_;
  std::vector<RouteCache> route_caches_;
  CacheSettings cache_settings_{};
  std::vector<ProviderKey> provider_keys_;
  std::vector<ProviderResilience> provider_resilience_;
  std::vector<RouteResilience> route_resilience_;
  std::vector<RouteQueue> route_queues_;
};

}  // namespace headrace::policy::config
