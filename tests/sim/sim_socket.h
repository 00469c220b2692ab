// One end of a simulated connection as the gateway's kernel sees it, and the other end as a
// scripted actor sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/op.h"
#include "core/socket_address.h"
#include "tests/sim/peer_layer.h"

namespace headrace::sim {

class Peer;
class SimIo;

struct SimSocket {
  enum class Kind : std::uint8_t { fresh, listening, connected };

  int descriptor = -1;
  Kind kind = Kind::fresh;
  core::SocketAddress local;
  std::shared_ptr<Peer> peer;

  // From the peer: bytes that have arrived, then perhaps the end.
  std::string arrived;
  bool end_arrived = false;
  bool reset_arrived = false;
  bool shut_send = false;
  bool shut_both = false;
  bool resets_on_close = false;
  bool short_reads = true;  // off: what is there is read in one go

  // Connections that wait to be accepted.
  std::deque<std::shared_ptr<SimSocket>> backlog;

  // Whose operations wait for something to happen here; told by on_change.
  std::function<void()> on_change;
  void changed() {
    if (on_change) on_change();
  }
};

// The actor's end. Bytes written arrive at the gateway in order, in pieces and after delays; bytes
// that the gateway sends are taken as fast as the actor reads them. A layer may stand between what
// the actor says and hears and what is on the wire.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  // What the actor hears. Any of them may be empty.
  std::function<void(std::string_view bytes)> on_bytes;
  std::function<void()> on_end;    // FIN from the gateway
  std::function<void()> on_reset;  // the gateway closed with bytes unread, or reset

  void write(std::string_view bytes) { say(bytes, false); }
  void write_whole(std::string_view bytes) { say(bytes, true); }  // arrives in one piece
  void finish();                                                  // FIN behind what was said
  void reset();  // at once; what was on its way is lost
  // Reads at most this many bytes, then pauses this long; 0: as fast as they come.
  void read_slowly(std::size_t bytes, std::int64_t pause_us);

  // From here on; what was written before went without it.
  void put_on(std::unique_ptr<PeerLayer> layer) { layer_ = std::move(layer); }
  [[nodiscard]] PeerLayer* layer() const { return layer_.get(); }

  // --- for the layer, and for who hands a connection over ----------------------------------------
  void send(std::string_view bytes, bool whole);
  void send_end();
  void hear(std::string_view bytes);

  [[nodiscard]] bool closed() const { return gateway_gone_ || was_reset_; }
  [[nodiscard]] bool gateway_finished() const { return end_told_; }

  // --- for the simulated kernel ------------------------------------------------------------------
  std::weak_ptr<SimSocket> socket;
  // How many bytes of a send the peer's window takes now.
  [[nodiscard]] std::size_t window() const;
  void take(std::string_view bytes);
  void gateway_ended();   // shutdown for sending
  void gateway_closed();  // the descriptor is closed
  [[nodiscard]] bool was_reset() const { return was_reset_; }

 private:
  static constexpr std::size_t kWindowBytes = 64 * 1024;
  void say(std::string_view bytes, bool whole);
  void deliver_next();
  void read_some();

  std::unique_ptr<PeerLayer> layer_;

  std::deque<std::string> outbox_;  // pieces on their way to the gateway
  bool delivering_ = false;
  bool finish_after_ = false;
  bool finished_ = false;
  bool was_reset_ = false;
  bool gateway_gone_ = false;
  bool end_pending_ = false;
  bool end_told_ = false;
  bool reading_ = false;
  std::size_t slow_bytes_ = 0;
  std::int64_t slow_pause_us_ = 0;
  std::string inbox_;  // sent by the gateway, not yet read by the actor
};

}  // namespace headrace::sim
