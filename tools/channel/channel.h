// One connection of a tool, either end of it, plain or TLS: bytes in, bytes out, and an orderly
// end.
//
// Threads:  one shard, as its Io.
// Lifetime: embedded in its owner, which may destroy it (or open it again) from on_closed() on and
//           before it was opened, never in between: operations may still be in flight.
// Order:    on_open, then on_bytes and on_sent, then at most one on_end; after abort(), and after
//           finish() once the peer has ended too, on_closed comes last.
// Errors:   an end is never an error of ours: on_end says what happened, and the owner aborts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/io.h"
#include "core/socket_address.h"
#include "net/tls/session.h"

namespace headrace::tools {

enum class ChannelEnd : std::uint8_t {
  end_of_stream,   // the peer sends nothing more
  truncated,       // TLS: the same without close_notify
  reset,           // connection reset or broken pipe
  connect_failed,  // see error_number()
  tls_failed,      // session().failure() says why
  failed,          // any other error; see error_number()
};

class ChannelEvents {
 public:
  virtual void on_open() = 0;
  // Lent for the call. Without TLS, core::kBufferPadding bytes behind them may be read.
  virtual void on_bytes(std::span<std::byte> bytes) = 0;
  // What was handed to send() has been handed to the kernel whole.
  virtual void on_sent() = 0;
  virtual void on_end(ChannelEnd end) = 0;
  virtual void on_closed() = 0;

 protected:
  ~ChannelEvents() = default;
};

class Channel {
 public:
  Channel(core::Io& io, ChannelEvents& events);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // What TLS needs on one shard; the context is null for plain connections.
  struct ServerTls {
    std::shared_ptr<const net::tls::ServerContext> context;
    net::tls::Workspace* workspace = nullptr;
  };
  struct ClientTls {
    std::shared_ptr<const net::tls::ClientContext> context;
    net::tls::Workspace* workspace = nullptr;
    net::tls::ResumptionCache* resumption = nullptr;
  };

  // Takes over a socket that was accepted.
  void accept(core::Socket socket, const ServerTls& tls);
  // A failure is told by on_end, never from within this call unless no socket can be had: then the
  // error number is returned and nothing was opened.
  int connect(const core::SocketAddress& address, const ClientTls& tls);

  // One at a time: the next from on_sent() on. The bytes stay where they are until then. `second`
  // may be empty.
  void send(std::string_view first, std::string_view second = {});
  [[nodiscard]] bool sending() const { return sending_; }

  void pause_reading();
  void resume_reading();

  // Nothing more will be sent: TLS close_notify and the end of our direction. Reading goes on.
  // Not while sending().
  void finish();
  // Ends both directions now. With a reset the peer sees ECONNRESET rather than an end of stream.
  enum class Ending : std::uint8_t { orderly, reset };
  void abort(Ending ending = Ending::orderly);

  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  // Not opened yet, or closed again.
  [[nodiscard]] bool is_idle() const { return state_ == State::idle; }
  [[nodiscard]] bool secure() const { return secure_; }
  [[nodiscard]] int error_number() const { return error_number_; }
  [[nodiscard]] const net::tls::Session& session() const { return session_; }

 private:
  enum class State : std::uint8_t {
    idle,
    connecting,
    handshaking,
    open,
    ending,  // waits for its operations, then closes
  };

  void on_connected(core::Completion& completion);
  void on_received(core::Completion& completion);
  void on_send_done(core::Completion& completion);
  void on_ending_step(core::Completion& completion);
  void on_socket_closed(core::Completion& completion);

  void start();
  void arm_reading();
  void take_handshake(std::span<std::byte>& received);
  void take_ciphertext(std::span<std::byte> received);
  void seal();
  void flush();
  void report_end(ChannelEnd end, int error_number);
  void settle();

  core::Io& io_;
  ChannelEvents& events_;
  core::Socket socket_ = core::Socket::none;
  State state_ = State::idle;
  bool secure_ = false;
  bool reading_ = false;   // wanted
  bool sending_ = false;   // the owner's bytes
  bool ended_ = false;     // on_end was called
  bool finished_ = false;  // our direction
  bool server_ = false;
  int error_number_ = 0;
  std::size_t send_bytes_ = 0;  // of the send in flight
  core::Op connect_;
  core::Op receive_;
  core::Op send_;
  core::Op shutdown_;
  core::Op cancel_receive_;
  core::Op cancel_send_;
  core::Op close_;
  net::tls::Session session_;
  iovec unsealed_[2] = {};         // TLS: of the owner's bytes
  std::vector<std::byte> sealed_;  // TLS: being sent
  std::vector<std::byte> sealed_next_;
};

}  // namespace headrace::tools
