// What may happen between two ends of TLS, and how often it did: a run over many seeds fails where
// one of these never occurred.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
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
  // Where clients may show certificates, and providers ask for one of the gateway's:
  known_by_certificate,  // a client without a key was served
  nobodys_certificate,   // good, and stands for no key: refused
  strange_client_turned_away,
  bare_client_turned_away,  // without a certificate, where one is required
  gateway_known_again,      // by a provider that resumes a session
  gateway_shown,            // its certificate, to a provider
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
    "answer that a missing close_notify made a broken one",
    "client known by its certificate alone",
    "client whose certificate stands for nobody",
    "client turned away for a strange certificate",
    "client turned away for want of a certificate",
    "provider that knew the gateway's certificate again",
    "provider that was shown the gateway's certificate"};

using TlsCounts = std::array<std::uint64_t, kTlsEvents>;

inline void add(TlsCounts& sum, const TlsCounts& more) {
  for (std::size_t i = 0; i < sum.size(); ++i)
    sum[i] += more[i];
}

// What happens between two ends that are good, once on each connection,
inline constexpr TlsEvent kWholeHandshakes[] = {
    TlsEvent::client_full_1_2,   TlsEvent::client_full_1_3, TlsEvent::provider_full_1_2,
    TlsEvent::provider_full_1_3, TlsEvent::signed_by_shard, TlsEvent::signed_by_attendant,
    TlsEvent::signature_awaited, TlsEvent::gateway_shown,   TlsEvent::keys_updated};
// and where they meet again.
inline constexpr TlsEvent kResumptions[] = {
    TlsEvent::client_resumed_1_2, TlsEvent::client_resumed_1_3, TlsEvent::provider_resumed_1_2,
    TlsEvent::provider_resumed_1_3};

// Those that never happened, in words, each in brackets.
inline std::string missing_of(std::span<const TlsEvent> events, const TlsCounts& counts) {
  std::string missing;
  for (const TlsEvent event : events) {
    const auto index = static_cast<std::size_t>(std::to_underlying(event));
    if (counts[index] == 0) missing.append("[").append(kTlsEventNames[index]).append("]");
  }
  return missing;
}

}  // namespace headrace::sim
