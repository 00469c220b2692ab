// One byte stream over one socket, plain or TLS, downstream or upstream.
//
// The owner says what it wants to receive (want_receive, want_into) and the transport brings the
// operation in flight in line with it: a wish that differs from what is armed cancels it first.
// Until that has happened bytes of the earlier wish may still arrive, so on_received() takes what
// comes, always. One send is in flight at a time.
//
// Death, in named steps and only in this order: close() -> running operations are cancelled -> the
// last of them completes -> the descriptor is closed -> on_closed(), after which the object may be
// recycled. Nothing is called on the owner between close() and on_closed().
//
// Threads: belongs to one shard.  Lifetime: stays in place from open() to on_closed().
// Bytes given to send() must stay until on_sent(), or until on_closed() where close() came first.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "core/check.h"
#include "core/io.h"
#include "core/op.h"
#include "net/edge/starved_transports.h"

namespace headrace::net {

class TlsLayer;
struct ShardContext;
namespace tls {
class ClientContext;
class ResumptionCache;
class ServerContext;
}  // namespace tls

enum class ReceiveMode : std::uint8_t {
  off,
  many,      // small buffers, as bytes come: heads, events, idle connections
  one,       // the next bytes only, into a small buffer; off again afterwards
  one_bulk,  // the next bytes only, into a large buffer; off again afterwards
  into,      // straight into memory of the owner's; off again when it is full
  splice,    // straight on to another transport; off again when some bytes have passed
};

enum class PeerEnd : std::uint8_t { finished, truncated, reset };

class TransportOwner {
 public:
  virtual void on_received(core::BufferLease lease) = 0;
  virtual void on_received_into(std::size_t bytes) = 0;
  // Nothing further arrives. A TLS stream that ended without close_notify is `truncated`.
  virtual void on_peer_end(PeerEnd end) = 0;
  virtual void on_sent(bool all) = 0;
  // After splice_to() only: bytes that passed; an error of core::Io::splice().
  virtual void on_spliced(std::int32_t) { HEADRACE_CHECK(false, "this owner splices nothing"); }
  // After start_tls_*() only.
  virtual void on_handshake_done() = 0;
  virtual void on_handshake_failed() = 0;
  virtual void on_closed() = 0;

 protected:
  ~TransportOwner() = default;
};

class Transport : public core::ListHook<StarvedListTag> {
 public:
  static constexpr std::size_t kSlicesMax = core::Io::kSendSlicesMax;

  Transport(ShardContext& shard, TransportOwner& owner);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  void open(core::Socket socket);
  // Before anything of TLS was handed to the owner, but for `received`, which he gives back: the
  // handshake runs by itself, then the owner hears on_handshake_done() and bytes flow as on a plain
  // stream. What is wanted `into` memory of the owner's may come by on_received() all the same: a
  // record with more than that, for one.
  void start_tls_downstream(const std::shared_ptr<const tls::ServerContext>& context,
                            core::BufferLease received);
  void start_tls_upstream(const std::shared_ptr<const tls::ClientContext>& context,
                          tls::ResumptionCache& resumption);
  [[nodiscard]] bool is_tls() const { return tls_ != nullptr; }
  // After a handshake downstream: the names of the client's certificate, once.
  [[nodiscard]] std::vector<std::string> take_client_names();
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] core::Socket socket() const { return socket_; }

  void want_receive(ReceiveMode mode);
  void want_into(std::span<std::byte> into);
  // A receive into the owner's memory is in flight: it cannot be called back, so who gives that
  // memory up leaves it here until the receive has ended.
  [[nodiscard]] bool receiving_into() const {
    return armed_ == ReceiveMode::into || !into_.empty();
  }
  void keep_for_receive(core::BufferLease memory);
  [[nodiscard]] ReceiveMode wanted() const { return want_; }

  void send(std::span<const std::span<const std::byte>> slices,
            core::SendMore more = core::SendMore::no);
  void send(std::span<const std::byte> bytes, core::SendMore more = core::SendMore::no) {
    send(std::span(&bytes, 1), more);
  }
  [[nodiscard]] bool sending() const { return sending_; }
  // The last byte of what is being sent is with the kernel: it may have left, or be about to.
  [[nodiscard]] bool last_byte_leaves() const;
  // What the kernel has not taken yet of it is no longer to be sent. on_sent() says how that came
  // out: all of it may be on its way.
  void stop_sending();

  // Up to `bytes` of what comes next go straight on to `to`, without passing through this process:
  // it counts as sending until then. Both are plain; nothing is being received here or sent there.
  void splice_to(Transport& to, std::size_t bytes);
  [[nodiscard]] bool may_splice_to(const Transport& to) const;
  // The other side does not take what has come.
  [[nodiscard]] bool splice_held_up() const;
  // Somebody's bytes are to come straight on to us, and have not come yet.
  [[nodiscard]] bool awaits_splice() const {
    return splice_from_ != nullptr && !splice_from_->splice_held_up();
  }

  // No further bytes follow from us (FIN, after close_notify on TLS). Once nothing is being sent.
  void finish_sending();
  void close();
  // Where nothing is cut off by it: on TLS close_notify goes first (RFC 8446, section 6.1), in one
  // attempt that nothing waits for.
  void close_with_goodbye();

  // The shard calls it when receive buffers have been returned after they had run out.
  void retry_receive();
  // No large buffer has come back for a while: one of the small ones will do.
  void settle_for_small();

 private:
  enum class State : std::uint8_t { closed, open, closing };

  void on_receive_completed(core::Completion& completion);
  void on_send_completed(core::Completion& completion);
  void on_control_completed(core::Completion& completion);
  void on_close_completed();
  void on_splice_completed(std::int32_t result);

  void reconcile_receive();
  void start_receive();
  void deliver(core::Completion& completion);
  void hand_on(core::BufferLease lease);
  void hand_on_into(std::size_t bytes);
  [[nodiscard]] ReceiveMode mode_to_arm() const;
  void send_ended(bool all);
  void finish_if_idle();
  void end_receive(PeerEnd end);
  void wait_for_buffers(bool bulk);
  void stop_waiting();
  void advance_closing();
  void send_raw(std::span<const std::span<const std::byte>> slices, core::SendMore more);

  friend class TlsLayer;

  ShardContext* shard_;
  TransportOwner* owner_;
  std::unique_ptr<TlsLayer> tls_;
  core::Op receive_op_;
  core::Op send_op_;
  core::Op control_op_;
  std::span<std::byte> into_;
  core::BufferLease into_memory_;     // what the receive in flight still writes to
  Transport* splice_to_ = nullptr;    // whom the receive in flight sends to,
  Transport* splice_from_ = nullptr;  // and whose receive sends to us
  std::size_t sending_bytes_ = 0;
  core::Socket socket_ = core::Socket::none;
  State state_ = State::closed;
  ReceiveMode want_ = ReceiveMode::off;
  ReceiveMode armed_ = ReceiveMode::off;
  bool cancelling_ : 1 = false;
  bool peer_ended_ : 1 = false;
  bool sending_ : 1 = false;       // the owner's bytes
  bool raw_sending_ : 1 = false;   // an operation is in flight
  bool stop_sending_ : 1 = false;  // as soon as that can be said
  bool finish_when_idle_ : 1 = false;
  bool waits_for_buffers_ : 1 = false;
  bool waits_for_bulk_ : 1 = false;
  bool bulk_is_scarce_ : 1 = false;
  bool close_started_ : 1 = false;
};

}  // namespace headrace::net
