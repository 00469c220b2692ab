// What may go wrong in the simulated world, how often, and how often it did.
//
// Each kind is drawn from the world's seed. A run over many seeds fails when a kind never occurred:
// a fault that is not exercised proves nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace headrace::sim {

enum class Fault : std::uint8_t {
  short_read,         // fewer bytes than had arrived
  split_write,        // a peer's bytes arrive in pieces
  slow_send,          // the kernel takes its time over a send
  peer_resets,        // RST instead of what was to come
  peer_leaves,        // FIN in the middle
  slow_peer,          // reads a little now and then
  late_completion,    // a completion is handed out after others that came later
  multishot_ends,     // a multishot operation ends without an error
  buffers_exhausted,  // ENOBUFS although some may be free
  accept_fails,       // EMFILE or ENFILE
  socket_fails,       // likewise, for a connection to a provider
  connect_refused,
  connect_hangs,
  cancel_loses,          // the target completes normally although it was cancelled
  cancel_misses,         // -EALREADY or -ENOENT, the target completes as cancelled all the same
  upstream_breaks,       // an upstream ends within its answer
  upstream_stalls,       // says nothing for long
  upstream_thinks,       // for a while before it answers
  upstream_closes_idle,  // a kept connection dies as the next request is on its way
  upstream_garbage,      // an answer that is not HTTP
  upstream_refuses,      // a failure that may be gone at the next try
  name_fails,            // a provider's name has no address
  name_slow,             // longer than a request waits
  name_partly_dead,      // nobody listens at one of its addresses
  tunnel_refused,        // by the proxy on the way out
  tunnel_hangs,          // which says nothing
  stage_waits,           // a request waits at a stage, whatever for
  clock_steps,           // of the wall clock, by a second, an hour or ten years
  // Where TLS is spoken:
  tls_plain_client,      // HTTP where a handshake should begin
  tls_handshake_stalls,  // somewhere within it nothing more is said
  tls_handshake_breaks,  // FIN or RST within it
  tls_wrong_certificate,
  tls_record_spoiled,  // on its way
  tls_end_untold,      // FIN without close_notify, within a record or behind one
  signature_slow,      // the attendant takes its time
  tls_strange_client,  // its certificate is of nobody whom the gateway trusts
  tls_bare_client,     // shows none where one is required
  count,
};

inline constexpr std::size_t kFaults = static_cast<std::size_t>(std::to_underlying(Fault::count));
// From here on they strike where TLS is spoken only.
inline constexpr auto kFirstTlsFault =
    static_cast<std::size_t>(std::to_underlying(Fault::tls_plain_client));

inline constexpr std::array<std::string_view, kFaults> kFaultNames = {"short_read",
                                                                      "split_write",
                                                                      "slow_send",
                                                                      "peer_resets",
                                                                      "peer_leaves",
                                                                      "slow_peer",
                                                                      "late_completion",
                                                                      "multishot_ends",
                                                                      "buffers_exhausted",
                                                                      "accept_fails",
                                                                      "socket_fails",
                                                                      "connect_refused",
                                                                      "connect_hangs",
                                                                      "cancel_loses",
                                                                      "cancel_misses",
                                                                      "upstream_breaks",
                                                                      "upstream_stalls",
                                                                      "upstream_thinks",
                                                                      "upstream_closes_idle",
                                                                      "upstream_garbage",
                                                                      "upstream_refuses",
                                                                      "name_fails",
                                                                      "name_slow",
                                                                      "name_partly_dead",
                                                                      "tunnel_refused",
                                                                      "tunnel_hangs",
                                                                      "stage_waits",
                                                                      "clock_steps",
                                                                      "tls_plain_client",
                                                                      "tls_handshake_stalls",
                                                                      "tls_handshake_breaks",
                                                                      "tls_wrong_certificate",
                                                                      "tls_record_spoiled",
                                                                      "tls_end_untold",
                                                                      "signature_slow",
                                                                      "tls_strange_client",
                                                                      "tls_bare_client"};

constexpr std::string_view name(Fault fault) {
  return kFaultNames[static_cast<std::size_t>(std::to_underlying(fault))];
}

// One chance in so many; 0 is never.
using FaultOdds = std::array<std::uint32_t, kFaults>;
using FaultCounts = std::array<std::uint64_t, kFaults>;

}  // namespace headrace::sim
