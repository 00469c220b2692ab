// A config base, opened: look-ups over flat tables that somebody else keeps in memory.
//
// Threads:    a value of a few dozen words; many threads may read one base. It lives no longer than
//             the memory it was opened over, and so do the rows and strings that it hands out.
// Invariants: open() judges the whole base once (base_layout.h says what); look-ups do not check
//             again, do not allocate, and take bounded time.
// Errors:     a base that does not hold is refused in words for an operator, never asserted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "core/base_blob.h"
#include "policy/config/base_layout.h"
#include "policy/config/cache_view.h"
#include "policy/config/ip_view.h"
#include "policy/config/quota_view.h"
#include "policy/config/scope_view.h"
#include "policy/config/token_view.h"
#include "policy/messages/catalogues.h"

namespace headrace::policy::config {

class ConfigView {
 public:
  ConfigView() = default;
  static std::expected<ConfigView, std::string> open(std::span<const std::byte> base);

  // --- at start-up and reload ------------------------------------------------------------------
  [[nodiscard]] const Settings& settings() const { return *settings_; }
  [[nodiscard]] std::span<const Listener> listeners() const { return listeners_; }
  [[nodiscard]] std::span<const Provider> providers() const { return providers_; }
  [[nodiscard]] std::span<const Route> routes() const { return routes_; }
  [[nodiscard]] const ScopeView& scopes() const { return scopes_; }
  [[nodiscard]] const QuotaView& quota() const { return quota_; }
  [[nodiscard]] const AccessView& access() const { return scopes_.access(); }
  [[nodiscard]] const CacheView& cache() const { return cache_; }
  [[nodiscard]] const RouteCache& cache(const Route& route) const {
    return cache_.route(index_of(route));
  }
  [[nodiscard]] const RouteQueue& queue(const Route& route) const {
    return route_queues_[index_of(route)];
  }
  [[nodiscard]] const IpView& ip() const { return ip_; }
  [[nodiscard]] const TokenView& tokens() const { return tokens_; }
  [[nodiscard]] std::span<const Tenant> tenants() const { return scopes_.tenants(); }
  [[nodiscard]] auto keys() const { return scopes_.keys(); }
  [[nodiscard]] std::span<const PassthroughRule> passthrough() const { return passthrough_; }
  [[nodiscard]] std::span<const ModelName> model_names() const { return model_names_; }

  [[nodiscard]] std::span<const Certificate> certificates(const Listener& listener) const;
  [[nodiscard]] std::span<const TextRef> alpn(const Listener& listener) const;
  [[nodiscard]] std::span<const TextRef> trusted_proxies(const Listener& listener) const;
  [[nodiscard]] std::span<const TextRef> cors_origins(const Listener& listener) const {
    return string_list_.subspan(listener.cors_origins.first, listener.cors_origins.count);
  }
  [[nodiscard]] std::span<const TextRef> cors_headers(const Listener& listener) const {
    return string_list_.subspan(listener.cors_headers.first, listener.cors_headers.count);
  }
  [[nodiscard]] std::span<const ProviderAddress> addresses(const Provider& provider) const {
    return provider_addresses_.subspan(provider.addresses.first, provider.addresses.count);
  }
  [[nodiscard]] std::span<const CertificateName> certificate_names() const {
    return certificate_names_;
  }
  // The key that a certificate of this name stands for, or nullptr.
  [[nodiscard]] const ApiKey* find_certificate_key(std::string_view name) const;
  [[nodiscard]] std::span<const FieldEdit> edits(const Provider& provider) const;
  [[nodiscard]] std::span<const TextRef> networks(const IpList& list) const {
    return string_list_.subspan(list.networks.first, list.networks.count);
  }
  [[nodiscard]] std::span<const TextRef> headers_remove(const Provider& provider) const;
  [[nodiscard]] std::span<const TextRef> query_remove(const Provider& provider) const;
  [[nodiscard]] std::span<const Target> targets(const Route& route) const;
  [[nodiscard]] std::span<const ModelName> models(const Route& route) const;
  // As the config writes it: a pattern's star stands behind its text.
  [[nodiscard]] std::string_view written(const ModelName& name) const {
    const bool pattern = name.match == ModelMatch::prefix;
    return text({name.text.offset, name.text.bytes + (pattern ? 1U : 0U)});
  }
  [[nodiscard]] const ProviderResilience& resilience(const Provider& provider) const {
    return provider_resilience_[index_of(provider)];
  }
  [[nodiscard]] const RouteResilience& resilience(const Route& route) const {
    return route_resilience_[index_of(route)];
  }
  [[nodiscard]] std::span<const ProviderKey> keys(const Provider& provider) const;

  [[nodiscard]] std::string_view text(TextRef ref) const {
    return {strings_.data() + ref.offset, ref.bytes};
  }
  [[nodiscard]] std::span<const std::byte> sealed(TextRef ref) const {
    return std::as_bytes(std::span(strings_.data() + ref.offset, ref.bytes));
  }
  // Tells two bases apart.
  [[nodiscard]] std::uint64_t checksum() const { return blob_.checksum(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return blob_.bytes(); }

  // What clients are told, in every language.
  [[nodiscard]] Catalogues catalogues() const { return {catalogues_, message_texts_, strings_}; }

  // --- for each request ------------------------------------------------------------------------
  // The key with this digest, or nullptr. The digest is compared whole and in constant time.
  [[nodiscard]] const ApiKey* find_key(const Sha256& digest) const {
    return scopes_.find_key(digest);
  }
  // The route of a model asked for in this dialect: the exact name, else the longest pattern, else
  // nullptr.
  [[nodiscard]] const Route* find_route(Dialect dialect, std::string_view model) const;
  // Where everything of this dialect goes that comes from tenants in a sandbox, or nullptr.
  [[nodiscard]] const Route* sandbox_route(Dialect dialect) const {
    const RowRef ref = sandbox_routes_[static_cast<std::size_t>(dialect)];
    return ref.none() ? nullptr : &routes_[ref.row()];
  }
  // Does the plan of this caller's tenant, and that of the key, include this model?
  [[nodiscard]] bool planned(const Caller& caller, std::string_view model) const {
    return planned(caller.tenant->limits, model) &&
           (caller.key == nullptr || planned(caller.key->limits, model));
  }
  // May this caller ask for this model (by the name that the client uses)?
  [[nodiscard]] bool allows(const Caller& caller, std::string_view model) const {
    return access().allows_model(caller.rights->models, model) &&
           access().allows_model(caller.tenant->models, model) && planned(caller, model);
  }
  // May this caller's requests go to this provider? An exclusive one serves its own tenant only.
  [[nodiscard]] bool may_use(const Caller& caller, const Provider& provider) const {
    return provider.exclusive == Switch::off || provider.tenant == scopes_.index_of(*caller.tenant);
  }
  // The first target of a route that this caller may use, or nullptr: then the route is not there
  // for them, and nothing else should be told about it.
  [[nodiscard]] const Target* find_target(const Caller& caller, const Route& route) const;
  // The first rule that this caller may use, in the order of the config, for this method and path
  // (without query), or nullptr. A path that could be read in two ways (dot segments, encoded
  // slashes) never matches.
  [[nodiscard]] const PassthroughRule* find_passthrough(const Caller& caller,
                                                        std::string_view method,
                                                        std::string_view path) const;
  // Walks the exact model names of a dialect that a caller may use. Start with cursor 0; nullptr
  // ends.
  [[nodiscard]] const ModelName* next_model(Dialect dialect, const Caller& caller,
                                            std::size_t& cursor) const;

  [[nodiscard]] const Provider& provider(const Target& target) const {
    return providers_[target.provider];
  }
  [[nodiscard]] const Provider& provider(const PassthroughRule& rule) const {
    return providers_[rule.provider];
  }
  [[nodiscard]] const Tenant& tenant(const ApiKey& key) const { return scopes_.tenant(key); }
  // Dense numbers, for counters.
  [[nodiscard]] std::uint32_t index_of(const ApiKey& key) const { return scopes_.index_of(key); }
  [[nodiscard]] std::uint32_t index_of(const Route& route) const {
    return static_cast<std::uint32_t>(&route - routes_.data());
  }
  [[nodiscard]] std::uint32_t index_of(const Target& target) const {
    return static_cast<std::uint32_t>(&target - targets_.data());
  }
  [[nodiscard]] std::uint32_t index_of(const Provider& provider) const {
    return static_cast<std::uint32_t>(&provider - providers_.data());
  }

 private:
  // May whoever has this plan, if any, ask for it?
  [[nodiscard]] bool planned(RowRef limits, std::string_view model) const {
    const Plan* plan = quota_.plan(limits);
    return plan == nullptr || access().allows_model(plan->models, model);
  }

  friend class BaseJudge;

  core::BlobView blob_;
  std::span<const char> strings_;
  const Settings* settings_ = nullptr;
  std::span<const Listener> listeners_;
  std::span<const Certificate> certificates_;
  std::span<const TextRef> string_list_;
  std::span<const Provider> providers_;
  std::span<const FieldEdit> field_edits_;
  std::span<const Route> routes_;
  std::span<const Target> targets_;
  std::span<const ModelName> model_names_;
  std::span<const HashSlot> model_slots_;
  std::span<const ModelPattern> model_patterns_;
  std::span<const PassthroughRule> passthrough_;
  std::span<const ProviderKey> provider_keys_;
  std::span<const ProviderResilience> provider_resilience_;
  std::span<const RouteResilience> route_resilience_;
  std::span<const RouteQueue> route_queues_;
  ScopeView scopes_;
  IpView ip_;
  TokenView tokens_;
  std::array<RowRef, static_cast<std::size_t>(kLastDialect) + 1> sandbox_routes_{};
  std::span<const ProviderAddress> provider_addresses_;
  std::span<const CertificateName> certificate_names_;
  std::span<const Catalogue> catalogues_;
  std::span<const MessageText> message_texts_;
  QuotaView quota_;
  CacheView cache_;
};

// What a provider's sealed values are bound to (seal.h).
[[nodiscard]] std::string context_secret_context(std::string_view provider_name);
// What an issuer's secret is bound to.
[[nodiscard]] std::string issuer_context(std::string_view issuer_name);
[[nodiscard]] std::string credential_context(std::string_view provider_name);
[[nodiscard]] std::string egress_context(std::string_view provider_name);
[[nodiscard]] std::string provider_key_context(std::string_view provider_name,
                                               std::string_view key_name);
[[nodiscard]] std::string edit_context(std::string_view provider_name, EditKind kind,
                                       std::string_view edit_name);

}  // namespace headrace::policy::config
