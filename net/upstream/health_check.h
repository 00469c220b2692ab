// Asks one provider, again and again, whether it is well, and notes the answer where all shards see
// it (policy/resilience/health.h). Passes by connecting, or by the answer to a GET or HEAD that
// shows no credential.
//
// Threads:  one shard, the first.
// Lifetime: belongs to a ShardConfig; what is sent lies in it, and it outlives its connections.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/region_layout.h"
#include "net/edge/deadline.h"
#include "net/http/head_scan.h"
#include "net/upstream/upstream_user.h"
#include "policy/config/config_view.h"

namespace headrace::net {

class UpstreamPool;
struct ShardContext;

class HealthCheck final : public UpstreamUser {
 public:
  HealthCheck(ShardContext& shard, UpstreamPool& pool, core::TargetSlot& slot,
              const policy::config::ConfigView& view);
  ~HealthCheck();

  void start();
  // Its config is no longer the current one.
  void stop();

  void on_upstream_ready(UpstreamConnection& connection) override;
  void on_upstream_failed(UpstreamFailure failure) override;
  void on_upstream_received(core::BufferLease lease) override;
  void on_upstream_ended(PeerEnd end) override;
  void on_upstream_sent(bool all) override;

 private:
  static constexpr std::size_t kHeadBytesMax = 8 * 1024;

  enum class State : std::uint8_t { resting, connecting, asking };

  void on_deadline();
  void rest();
  void ended(bool passed);
  void leave();
  void read_head();

  ShardContext* shard_;
  UpstreamPool* pool_;
  core::TargetSlot* slot_;
  const policy::config::ProviderResilience* rules_;
  std::string request_;
  UpstreamConnection* connection_ = nullptr;
  Deadline deadline_;
  State state_ = State::resting;
  http::HeadScan scan_;
  std::size_t head_bytes_ = 0;
  std::array<char, kHeadBytesMax> head_;
};

}  // namespace headrace::net
