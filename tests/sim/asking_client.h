// A client that asks one question after the other, over as many connections as it takes, and now
// and then leaves while it waits. What it asks, and what it makes of what comes, is its scenario's.
//
// Threads: one.  Lifetime: a run's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/sim_socket.h"
#include "tests/sim/tls_world.h"

namespace headrace::sim {

class AskingClient {
 public:
  // `tls`: null: it speaks none.
  explicit AskingClient(TlsWorld* tls) : tls_(tls) {}
  virtual ~AskingClient() = default;
  AskingClient(const AskingClient&) = delete;
  AskingClient& operator=(const AskingClient&) = delete;

  void start();
  [[nodiscard]] bool done() const { return !waiting_ && !wants_more(); }

 protected:
  [[nodiscard]] virtual bool wants_more() const = 0;
  // The next one, whole, as it is sent.
  virtual std::string question() = 0;
  virtual void on_answer(const Message& message) = 0;
  // After so long it leaves, if it still waits; none: it stays.
  virtual std::optional<core::Duration> patience() { return std::nullopt; }
  virtual void on_left() {}
  // Between an answer and the next question.
  virtual core::Duration pause();
  // The next question, if there is one, comes over a connection of its own.
  virtual bool comes_anew() { return false; }
  virtual void put_tls_on(Peer& peer, TlsWorld& tls, TlsMemory& memory);
  virtual void on_connected(Peer&) {}
  virtual void on_nobody_listens();
  // Its connection has ended while it waited for an answer.
  virtual void on_lost(MessageReader& reader);

  [[nodiscard]] bool waiting() const { return waiting_; }

 private:
  void connect();
  void ask();
  void leave();
  void go_on(bool last);
  void on_bytes(std::string_view bytes);
  void on_over();

  TlsWorld* tls_;
  TlsMemory tls_memory_;
  std::shared_ptr<Peer> peer_;
  std::unique_ptr<MessageReader> reader_;
  std::uint64_t connection_ = 0;  // tells old connections' events apart
  bool waiting_ = false;
};

}  // namespace headrace::sim
