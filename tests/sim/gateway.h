// The real gateway in the simulated world: one to three shards, their config compiled from YAML as
// for the real program.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/mailbox.h"
#include "core/socket_address.h"
#include "net/data_plane_shard.h"
#include "net/fleet.h"
#include "net/proxy/exchange_state.h"
#include "net/proxy/stage_delays.h"
#include "net/tls/signature_work.h"
#include "net/upstream/name_work.h"
#include "tests/core/limits/limit_world.h"
#include "tests/sim/sim_audit.h"
#include "tests/sim/sim_journal.h"
#include "tests/sim/tls_world.h"
#include "tests/sim/world.h"

namespace headrace::sim {

struct GatewayOptions {
  std::uint32_t shards = 1;
  bool tiny = false;         // two receive buffers, a few connections
  bool few_buffers = false;  // as few, but room for everybody
  bool names = false;        // providers are found by name
  bool cache = false;        // answers are kept on one more route; shards talk to each other
  // One more route, with limits (in YAML) for whose room its requests wait, of two tenants whose
  // weights are 3 and 1; shards talk to each other.
  std::string_view queue_limits = {};
  bool resilience = false;                // breakers, retries, a second provider, several keys
  bool hedges = false;                    // a second provider is asked beside a silent one
  std::string_view provider_limits = {};  // in YAML, of each of them
  bool drain = false;                     // who leaves is read for to the end
  bool strict = false;                    // requests wait for their intents to be on the disk
  bool proxied = false;                   // a proxy before it may say whose a connection is
  bool egress = false;                    // providers are reached through a proxy
  std::string_view more_tenants = {};     // rows of the config
  std::string_view more_keys = {};
  std::function<void(const policy::UsageRecord&)> on_record = {};  // of each, as it is written
  const core::LimitWorld* limits = nullptr;  // that it is to stand on; none: its own
  bool audited = false;                      // decisions of two of its routes, and refusals
  TlsWorld* tls = nullptr;                   // clients and providers speak TLS
  // To encrypt into: as many as there may be connections that read slowly, or hardly any.
  std::uint32_t tls_blocks = 2;
  std::uint32_t connections = 256;  // and as many of everything else, on each shard
};

// What requests wait for at a moment.
struct Standing {
  std::uint64_t queued = 0;  // for room
  std::uint64_t hedged = 0;  // for either of two calls
};

using StageWaits = std::array<std::uint64_t, policy::kStageNames.size()>;

class Gateway final : public net::StageDelays {
 public:
  Gateway(World& world, const GatewayOptions& options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] static core::SocketAddress address();
  // By dialect: 0 openai, 1 anthropic, 2 gemini; 3 openai too, for when the first one fails.
  [[nodiscard]] static core::SocketAddress provider_address(std::size_t index);
  // "provider0" and so on.
  [[nodiscard]] static std::string provider_name(std::size_t index);
  static constexpr std::size_t kProviders = 4;
  // The proxy on the way out, and how a provider may be asked for there.
  [[nodiscard]] static core::SocketAddress tunnel_address();
  [[nodiscard]] static std::vector<std::string> tunnel_targets();

  void drain();
  void close();
  // The same config again, with the certificates that are there by now: requests that run finish
  // under the one before.
  void reload();
  // All shards have taken the last one over.
  [[nodiscard]] bool reloaded() const;
  [[nodiscard]] bool ended() const;
  // After the end: everything that should have been given back and was not, in words.
  [[nodiscard]] std::vector<std::string> leaks();

  [[nodiscard]] std::uint64_t count(net::ShardCount which) const;
  [[nodiscard]] net::ExchangeMoves moves() const;
  [[nodiscard]] std::uint64_t records() const { return journal_.records(); }
  // What is taken of a provider's limit.
  [[nodiscard]] std::int64_t used_of_provider(std::size_t index,
                                              policy::config::LimitMeasure measure) const;
  // The same of the tenant's of a key, by its name.
  [[nodiscard]] std::int64_t used_of_key(std::string_view name,
                                         policy::config::LimitMeasure measure) const;
  [[nodiscard]] const SimAudit& audit() const { return audit_; }
  // How often requests were made to wait, by stage.
  [[nodiscard]] const StageWaits& stage_waits() const { return stage_waits_; }
  [[nodiscard]] std::string state() const;
  [[nodiscard]] Standing standing() const;
  // More handshakes wait for the attendant than it is asked to sign for.
  [[nodiscard]] bool signer_is_full() const;
  // Hands on what shards have asked of the attendants.
  void attend();
  // While all shards sleep: what one of them should be doing instead; empty: nothing.
  [[nodiscard]] std::string sleeps_on_work() const;

 private:
  core::Duration delay(policy::Stage stage) override;
  [[nodiscard]] std::vector<std::string> limits_amiss() const;
  template <class Whose>
  [[nodiscard]] std::int64_t used_of(const Whose& whose,
                                     policy::config::LimitMeasure measure) const;
  [[nodiscard]] const policy::config::ApiKey& key_named(std::string_view name) const;
  void attend_signatures();

  World& world_;
  GatewayOptions options_;
  StageWaits stage_waits_{};
  std::shared_ptr<const net::ConfigSnapshot> snapshot_;
  net::NameWork name_work_;
  core::Attendant<net::NameWork> names_;
  net::tls::SignatureWork signature_work_;
  core::Attendant<net::tls::SignatureWork> signer_;
  bool signing_ = false;  // planned
  std::array<core::TargetSlot, 64> target_slots_{};
  std::array<core::KeySlot, 64> key_slots_{};
  net::Fleet fleet_;
  core::LimitWorld limits_;
  core::BodyBudget budget_;
  SimJournal journal_;
  SimAudit audit_;
  std::unique_ptr<net::ProcessCache> cache_;
  std::unique_ptr<net::ProcessQueues> queues_;
  std::unique_ptr<core::PostOffice> post_office_;
  std::vector<std::unique_ptr<core::Mailbox>> mailboxes_;
  std::vector<std::unique_ptr<net::DataPlaneShard>> shards_;
  std::uint64_t reloads_ = 0;
};

}  // namespace headrace::sim
