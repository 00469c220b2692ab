#include "net/tls/post_handshake.h"

#include <algorithm>
#include <cstring>

namespace headrace::net::tls {
namespace {

constexpr std::uint8_t kNewSessionTicket = 4;
constexpr std::uint8_t kKeyUpdate = 24;
constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kTicketBytesMax = 1 << 17;

std::uint8_t number(std::byte byte) {
  return std::to_integer<std::uint8_t>(byte);
}

}  // namespace

PostHandshake::Verdict PostHandshake::judge(std::span<const std::byte> messages,
                                            TicketSink* tickets) {
  if (messages.empty()) return Verdict::unexpected;
  while (!messages.empty()) {
    if (rest_bytes_ > 0) {
      const std::size_t part = std::min<std::size_t>(rest_bytes_, messages.size());
      rest_bytes_ -= static_cast<std::uint32_t>(part);
      messages = messages.subspan(part);
      continue;
    }
    const bool split = header_bytes_ != 0;
    if (split || messages.size() < kHeaderBytes) {
      const std::size_t part = std::min(kHeaderBytes - header_bytes_, messages.size());
      std::memcpy(header_.data() + header_bytes_, messages.data(), part);
      header_bytes_ = static_cast<std::uint8_t>(header_bytes_ + part);
      messages = messages.subspan(part);
      if (header_bytes_ < kHeaderBytes) return Verdict::fine;
    }
    const auto header = split ? std::span<const std::byte>(header_) : messages.first(kHeaderBytes);
    const std::uint8_t type = number(header[0]);
    const std::size_t body = std::size_t{number(header[1])} << 16 |
                             std::size_t{number(header[2])} << 8 | number(header[3]);
    header_bytes_ = 0;
    // A key update is so short that a peer which splits it means no good.
    if (type == kKeyUpdate && !split) return judge_key_update(messages, body);
    if (type != kNewSessionTicket || !is_client_ || body > kTicketBytesMax) {
      return Verdict::unexpected;
    }
    if (!split && messages.size() >= kHeaderBytes + body) {
      if (tickets != nullptr) tickets->on_ticket(messages.first(kHeaderBytes + body));
      messages = messages.subspan(kHeaderBytes + body);
    } else {
      if (!split) messages = messages.subspan(kHeaderBytes);
      rest_bytes_ = static_cast<std::uint32_t>(body);
    }
  }
  return Verdict::fine;
}

PostHandshake::Verdict PostHandshake::judge_key_update(std::span<const std::byte> messages,
                                                       std::size_t body_bytes) {
  if (body_bytes != 1 || messages.size() < kHeaderBytes + 1) return Verdict::undecodable;
  // The key changes with the next record, so that nothing may stand behind it in this one.
  if (messages.size() > kHeaderBytes + 1) return Verdict::unexpected;
  switch (number(messages[kHeaderBytes])) {
    case 0:
      return Verdict::key_update;
    case 1:
      return Verdict::key_update_requested;
    default:
      return Verdict::illegal;
  }
}

}  // namespace headrace::net::tls
