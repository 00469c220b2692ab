// One connection of a client: heads are read and judged here, then an Exchange has it until its
// answer is sent; requests on one connection are served one after another.
//
//   reading_proxy_header -> handshaking -> reading_head      each of the first two where it is due
//
//   reading_head -> exchanging -> reading_head ...      keep-alive, pipelined bytes wait their turn
//        |               |
//        +--> lingering <+    our last word is said: FIN, then what still comes is read and thrown
//                 |           away for a moment, so that the client sees the answer and no reset
//              closing -> (recycled)
//
// Threads: one shard.  Lifetime: in the shard's slot pool, from accept to on_closed(). While
// exchanging, the exchange lives inside this connection's life: it is destroyed by exchange_done()
// or when the transport has closed, never while its bytes may still be read by the kernel.
// An idle connection holds no buffer. RFC 9112 section 9.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/buffer_lease.h"
#include "core/intrusive_list.h"
#include "net/edge/deadline.h"
#include "net/edge/peer_address.h"
#include "net/edge/transport.h"
#include "net/http/head_scan.h"

namespace headrace::net {

class Exchange;
class Listener;
struct ShardContext;

class DownstreamConnection final : public TransportOwner, public core::ListHook<> {
 public:
  DownstreamConnection(ShardContext& shard, Listener& listener);

  void open(core::Socket socket);
  // Draining: closes at once when idle, otherwise with the end of the running answer.
  void finish_soon();
  // The first answer is its last.
  void serve_once() { finish_soon_ = true; }
  // Now, whatever is going on.
  void close();
  void close_by_reset();

  // --- for the exchange ------------------------------------------------------------------------
  [[nodiscard]] Transport& transport() { return transport_; }
  [[nodiscard]] const Listener& listener() const { return *listener_; }
  [[nodiscard]] const PeerAddress& peer();
  // Of the client certificate, verified; none where there is none.
  [[nodiscard]] std::span<const std::string> client_names() const { return client_names_; }
  // Bytes behind the request that belong to the next one. Copied; false when there is no memory.
  [[nodiscard]] bool keep_for_later(std::span<const std::byte> bytes);
  // While an answer is awaited: later requests are read, and it is heard when the client leaves. Of
  // the former only so much; what follows waits in the socket.
  void read_ahead();
  // The connection ends with the running request, whatever the client asked for.
  [[nodiscard]] bool ends_with_this() const;
  // The answer is sent, every byte of it. Destroys the exchange.
  enum class Next : std::uint8_t { keep_alive, linger, reset };
  void exchange_done(Next next);
  // Of one that had gone on without its client: destroys it as soon as the kernel no longer reads
  // from it, and the connection with it.
  void exchange_done_alone();
  // The longest that sending `bytes` may take; 0: nothing is being sent.
  void expect_sent(std::size_t bytes);
  // Body bytes are awaited: at least the minimal rate, judged every grace period. The period stands
  // still between pause_body() and the next expect_body(): what is awaited then is not the client.
  void expect_body();
  // Who has sent a large body will send another: the next one's beginning is taken by one small
  // buffer alone, so that the rest goes where it is to stay instead of through many of them.
  void learn_body_bytes(std::uint64_t bytes) { sends_large_bodies_ = bytes >= kLargeBodyBytes; }
  void body_progress(std::size_t bytes) { progress_bytes_ += bytes; }
  void pause_body();
  void body_done();

 private:
  enum class State : std::uint8_t {
    reading_proxy_header,
    handshaking,
    reading_head,
    exchanging,
    lingering,
    closing
  };

  void on_received(core::BufferLease lease) override;
  void on_received_into(std::size_t bytes) override;
  void on_peer_end(PeerEnd end) override;
  void on_sent(bool all) override;
  void on_handshake_done() override;
  void on_handshake_failed() override;
  void on_closed() override;
  void on_deadline();

  static constexpr std::uint64_t kLargeBodyBytes = 16 * 1024;

  [[nodiscard]] ReceiveMode mode_between_bodies() const {
    return sends_large_bodies_ ? ReceiveMode::one : ReceiveMode::many;
  }
  [[nodiscard]] bool expects_proxy_header();
  void take_proxy_header(core::BufferLease lease);
  void begin_stream(core::BufferLease first);
  [[nodiscard]] bool enter_address_limits();
  void await_head();
  // `message` holds `bytes` from the head's first one on.
  void read_head(core::BufferLease message, std::size_t bytes);
  [[nodiscard]] bool gather(std::span<const std::byte> bytes);
  Exchange* start_exchange();
  void linger();
  enum class Goodbye : bool { unsaid, said };
  void close(Goodbye goodbye);
  void judge_body_rate();
  void begin_rate_period();

  ShardContext* shard_;
  Listener* listener_;
  Exchange* exchange_ = nullptr;
  Transport transport_;
  Deadline deadline_;
  core::BufferLease gathered_;  // bytes of a head that came in pieces, or of later requests
  std::uint64_t progress_bytes_ = 0;
  core::Duration rate_period_left_{};  // of a body that is paused
  std::uint32_t gathered_bytes_ = 0;
  std::uint32_t requests_ = 0;
  http::HeadScan scan_;
  State state_ = State::reading_head;
  bool finish_soon_ = false;
  bool peer_ended_ = false;
  bool awaiting_body_ = false;
  bool sends_large_bodies_ = false;
  bool peer_asked_ = false;
  bool closed_ = false;  // its exchange has gone on
  bool proxy_header_seen_ = false;
  bool counts_for_address_ = false;  // leaves the shard's AddressLimits again
  bool over_address_limit_ = false;  // is told so, and no more
  PeerAddress peer_;
  std::vector<std::string> client_names_;
};

}  // namespace headrace::net
