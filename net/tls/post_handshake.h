// The handshake messages that may follow a TLS 1.3 handshake: RFC 8446 section 4.6.
//
// KeyUpdate both ways, NewSessionTicket towards the side that connected. Everything else, also the
// certificate request of section 4.6.2, which we never offered, is out of place.
//
// Threads: one shard. Memory: none; a ticket that is split over records is skipped, not kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace::net::tls {

class TicketSink {
 public:
  // A whole NewSessionTicket message, header included.
  virtual void on_ticket(std::span<const std::byte> message) = 0;

 protected:
  ~TicketSink() = default;
};

class PostHandshake {
 public:
  enum class Verdict : std::uint8_t {
    fine,                  // tickets, or parts of one
    key_update,            // the other side seals under its next key from the next record on
    key_update_requested,  // the same, and it asks for ours
    unexpected,            // a message that may not come, or not there
    undecodable,
    illegal,  // a value that the RFC does not have
  };

  explicit PostHandshake(bool is_client) : is_client_(is_client) {}

  // The content of one handshake record. `tickets` may be null.
  Verdict judge(std::span<const std::byte> messages, TicketSink* tickets);
  // Nothing but the rest of it may come now (section 5.1).
  [[nodiscard]] bool within_message() const { return header_bytes_ != 0 || rest_bytes_ != 0; }

 private:
  static Verdict judge_key_update(std::span<const std::byte> messages, std::size_t body_bytes);

  std::array<std::byte, 4> header_{};  // of a message whose header is split over records
  std::uint8_t header_bytes_ = 0;
  bool is_client_;
  std::uint32_t rest_bytes_ = 0;  // of a split ticket, still to be skipped
};

}  // namespace headrace::net::tls
