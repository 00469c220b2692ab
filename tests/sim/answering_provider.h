// A provider that is asked one request after the other over a connection. What it makes of them is
// its scenario's.
//
// Threads: one.  Lifetime: a run's.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "tests/sim/message_reader.h"
#include "tests/sim/sim_socket.h"

namespace headrace::sim {

class AnsweringProvider {
 public:
  // Which ends of its connection it hears of.
  enum class Hears : std::uint8_t { orderly_ends, resets_too };

  explicit AnsweringProvider(std::shared_ptr<Peer> peer, Hears hears = Hears::orderly_ends)
      : peer_(std::move(peer)) {
    peer_->on_bytes = [this](std::string_view bytes) {
      reader_.feed(bytes);
      while (auto message = reader_.next())
        on_request(*message);
    };
    peer_->on_end = [this] {
      on_over();
      peer_->finish();
    };
    if (hears == Hears::resets_too) peer_->on_reset = peer_->on_end;
  }
  virtual ~AnsweringProvider() = default;
  AnsweringProvider(const AnsweringProvider&) = delete;
  AnsweringProvider& operator=(const AnsweringProvider&) = delete;

 protected:
  virtual void on_request(const Message& message) = 0;
  virtual void on_over() {}

  [[nodiscard]] Peer& peer() const { return *peer_; }

 private:
  std::shared_ptr<Peer> peer_;
  MessageReader reader_{MessageReader::Side::requests};
};

}  // namespace headrace::sim
