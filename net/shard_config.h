// A shard's own side of a config: its pools of upstream connections, addresses of providers, and a
// count of who still uses it. Requests finish under the config that they began with.
//
// Threads: one shard; the snapshot behind it is immutable and shared.
// Lifetime: until retired and without users (quiet()).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/socket_address.h"
#include "net/config_snapshot.h"
#include "net/http/head_limits.h"
#include "net/tls/resumption_cache.h"
#include "net/token_desk.h"
#include "net/upstream/health_check.h"
#include "net/upstream/provider_addresses.h"
#include "net/upstream/target_states.h"
#include "net/upstream/upstream_pool.h"
#include "policy/body/body_scan.h"
#include "policy/quota/calendar_windows.h"

namespace headrace::net {

struct ShardContext;

class ShardConfig {
 public:
  ShardConfig(ShardContext& shard, std::shared_ptr<const ConfigSnapshot> snapshot,
              std::uint64_t number);
  ~ShardConfig();
  ShardConfig(const ShardConfig&) = delete;
  ShardConfig& operator=(const ShardConfig&) = delete;

  // Tells configs of one shard apart.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const ConfigSnapshot& snapshot() const { return *snapshot_; }
  [[nodiscard]] const policy::config::ConfigView& view() const { return snapshot_->view(); }
  [[nodiscard]] const policy::config::HttpSettings& http() const {
    return snapshot_->view().settings().http;
  }
  [[nodiscard]] const http::HeadLimits& head_limits() const { return head_limits_; }
  [[nodiscard]] const policy::BodyLimits& body_limits() const { return body_limits_; }
  // Whether every prompt's tokens are to be estimated, not only those of callers with limits.
  [[nodiscard]] bool counts_all_text() const { return counts_all_text_; }
  [[nodiscard]] policy::CalendarWindows& calendar_windows() { return calendar_windows_; }
  [[nodiscard]] std::size_t small_buffer_bytes() const { return small_buffer_bytes_; }

  [[nodiscard]] UpstreamPool& pool(std::uint32_t provider) { return *pools_[provider]; }
  [[nodiscard]] TargetStates& targets() { return targets_; }

  // Closes an idle connection of the pool that has most of them. False: all are busy.
  bool give_up_idle_upstream();

  [[nodiscard]] ProviderAddresses& addresses(std::uint32_t provider) {
    return addresses_[provider].known;
  }
  // The provider has a name that was never resolved, or not for too long.
  [[nodiscard]] bool wants_addresses(std::uint32_t provider) const;
  // Nothing is known yet, but an answer will come: connections wait for it.
  [[nodiscard]] bool awaits_addresses(std::uint32_t provider) const {
    return addresses_[provider].known.empty() && addresses_[provider].asked;
  }
  // What is connected to: the provider, or the proxy on the way to it.
  [[nodiscard]] std::string_view connect_host(const ProviderLink& provider) const;
  [[nodiscard]] std::uint16_t connect_port(const ProviderLink& provider) const;
  void asked_for_addresses(std::uint32_t provider) { addresses_[provider].asked = true; }
  // None: the name could not be resolved; what was known before goes on being used.
  void take_addresses(std::uint32_t provider, std::span<const core::SocketAddress> addresses,
                      core::Duration hold);

  // Whose token that is; of tokens that were seen before without verifying them again.
  [[nodiscard]] TokenDesk& tokens() { return tokens_; }

  // Requests of a route that wait for room, on this shard and under this config.
  [[nodiscard]] std::uint32_t waiting(const policy::config::Route& route) const {
    return waiting_[view().index_of(route)];
  }
  void add_waiting(const policy::config::Route& route, int more) {
    waiting_[view().index_of(route)] += static_cast<std::uint32_t>(more);
  }

  void add_user() { ++users_; }
  void drop_user();
  // Once, by the shard that does it for all.
  void start_health_checks();
  void retire();
  [[nodiscard]] bool retired() const { return retired_; }
  [[nodiscard]] bool quiet() const { return retired_ && users_ == 0; }

 private:
  struct Addresses {
    ProviderAddresses known;
    core::Instant hold_until = core::kNever;
    bool named = false;  // a name to be resolved; otherwise fixed by the config
    bool asked = false;
  };
  void set_fixed_address(const ProviderLink& provider);
  void set_configured_addresses(const ProviderLink& provider);

  ShardContext& shard_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::uint64_t number_;
  http::HeadLimits head_limits_;
  policy::BodyLimits body_limits_;
  policy::CalendarWindows calendar_windows_;
  std::size_t small_buffer_bytes_;
  TargetStates targets_;
  std::vector<Addresses> addresses_;
  std::vector<std::unique_ptr<UpstreamPool>> pools_;
  TokenDesk tokens_;
  std::vector<std::unique_ptr<HealthCheck>> health_checks_;
  std::vector<std::uint32_t> waiting_;  // by route
  std::uint64_t users_ = 0;
  bool counts_all_text_ = false;
  bool retired_ = false;
};

}  // namespace headrace::net
