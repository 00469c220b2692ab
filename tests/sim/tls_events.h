// What may happen between two ends of TLS, and how often it did: a run over many seeds fails where
// one of these never occurred.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace headrace::sim {

enum class TlsEvent : std::uint8_t {
  // Handshakes, as the actors saw them: of clients with the gateway,
  client_full_1_2,
  client_full_1_3,
  client_resumed_1_2,
  client_resumed_1_3,
  // and of the gateway with providers.
  provider_full_1_2,
  provider_full_1_3,
  provider_resumed_1_2,
  provider_resumed_1_3,
  signed_by_shard,
  signed_by_attendant,
  signature_awaited,       // while everything else rested
  block_awaited,           // while everything else rested: all are on their way to slow readers
  ticket_in_vain,          // offered, and a whole handshake came of it
  renewed_certificate,     // shown after a reload
  stranger_turned_away,    // a provider with a certificate of nobody's
  keys_updated,            // within a connection, by an actor
  spoiled_record_refused,  // by the gateway, with an alert
  end_told,                // by the gateway: close_notify
  answer_cut_untold,       // it might have been whole, were it not for TLS
  count,
};

inline constexpr std::size_t kTlsEvents =
    static_cast<std::size_t>(std::to_underlying(TlsEvent::count));

inline constexpr std::array<std::string_view, kTlsEvents> kTlsEventNames = {
    "full handshake of TLS 1.2 downstream",
    "full handshake of TLS 1.3 downstream",
    "resumption of TLS 1.2 downstream",
    "resumption of TLS 1.3 downstream",
    "full handshake of TLS 1.2 upstream",
    "full handshake of TLS 1.3 upstream",
    "resumption of TLS 1.2 upstream",
    "resumption of TLS 1.3 upstream",
    "signature of the shard's own",
    "signature by the attendant",
    "rest while a signature was awaited",
    "rest while a block was awaited",
    "ticket that was offered in vain",
    "renewed certificate",
    "stranger turned away",
    "update of keys",
    "spoiled record that the gateway complained of",
    "close_notify of the gateway",
    "answer that a missing close_notify made a broken one"};

using TlsCounts = std::array<std::uint64_t, kTlsEvents>;

}  // namespace headrace::sim
