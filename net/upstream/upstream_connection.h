// One connection to a provider, used for one request at a time.
//
//   connecting -> tunnelling -> handshaking -> idle <-> busy -> closing -> (recycled)
//
// Tunnelling: the proxy on the way out is asked by CONNECT; after its 2xx the bytes are the
// provider's. Where there is none, or no TLS, that step is left out.
//
// Threads:  one shard.  Lifetime: from UpstreamPool to on_closed(), in the shard's slot pool.
// While idle it listens: bytes that nobody asked for, or an end of stream, close it, so that a dead
// connection is rarely chosen and nothing left over is taken for the next answer.
#pragma once

#include <cstdint>

#include "core/buffer_lease.h"
#include "core/clock.h"
#include "core/intrusive_list.h"
#include "core/op.h"
#include "core/timer_wheel.h"
#include "net/edge/transport.h"
#include "net/upstream/provider_addresses.h"
#include "net/upstream/upstream_failure.h"

namespace headrace::net {

class UpstreamPool;
class UpstreamUser;
struct RequestMessage;
struct ShardContext;
struct UpstreamIdleTag;

class UpstreamConnection final : public TransportOwner, public core::ListHook<UpstreamIdleTag> {
 public:
  UpstreamConnection(ShardContext& shard, UpstreamPool& pool);

  void connect(core::Socket socket, const ProviderAddresses::Choice& choice, core::Duration timeout,
               core::Instant expires_at);

  // From idle: the user has it until release() or abandon().
  void attach(UpstreamUser& user);
  // Somebody else attends to what runs on it.
  void hand_to(UpstreamUser& user);
  // The answer is complete and nothing was left over.
  void release();
  // The connection is of no further use; the user hears nothing more of it. A message that is
  // still being sent from stays here until that has ended.
  void abandon(RequestMessage* custody);

  [[nodiscard]] Transport& transport() { return transport_; }
  // Requests served before the current one: 0 on a fresh connection.
  [[nodiscard]] std::uint32_t requests_before() const { return requests_ == 0 ? 0 : requests_ - 1; }
  [[nodiscard]] core::Instant expires_at() const { return expires_at_; }

  void close_idle();
  void on_idle_timeout();

 private:
  friend class UpstreamPool;
  enum class State : std::uint8_t { connecting, tunnelling, handshaking, idle, busy, closing };

  void on_connected(core::Completion& completion);
  void on_cancelled(core::Completion& completion);
  void on_received(core::BufferLease lease) override;
  void on_received_into(std::size_t bytes) override;
  void on_peer_end(PeerEnd end) override;
  void on_sent(bool all) override;
  void on_spliced(std::int32_t result) override;
  void on_handshake_done() override;
  void on_handshake_failed() override;
  void on_closed() override;
  void on_timeout();
  void on_tunnel_received(core::BufferLease lease);
  void secure();
  void fail_connecting(UpstreamFailure failure);

  UpstreamPool* pool_;
  ShardContext* shard_;
  UpstreamUser* user_ = nullptr;
  Transport transport_;
  core::Op connect_op_;
  core::Op cancel_op_;
  RequestMessage* custody_ = nullptr;
  core::Timer timer_;
  core::BufferLease tunnel_head_;  // the proxy's answer, where it comes in pieces
  std::uint32_t tunnel_head_bytes_ = 0;
  core::Socket socket_ = core::Socket::none;
  core::Instant expires_at_ = core::kNever;
  core::Instant idle_since_{};
  std::uint32_t requests_ = 0;
  std::uint32_t address_mark_ = 0;
  State state_ = State::connecting;
  bool closed_ = false;
  bool tunnel_open_ = false;  // the proxy has agreed
  bool returned_ = false;     // given back in this turn, not yet idle
  UpstreamFailure connect_failure_ = UpstreamFailure::none;
};

}  // namespace headrace::net
