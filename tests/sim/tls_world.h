// TLS in the simulated world: who is who by which certificates, the files that the gateway's config
// names, and what has happened.
//
// A run stays a function of its seed although keys, nonces and ciphertext differ every time:
// nothing looks at their values, and their sizes are the same. For that every signature is of RSA
// or Ed25519, whose lengths are fixed (those of ECDSA in DER are not), records are never padded,
// and serial numbers and names are of one length. Certificates and tickets are judged by the
// machine's clock, not by the world's: a run is over long before any of them expires.
//
// Threads: one. Lifetime: of a run; keys and certificates are made once a process.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>

#include "tests/sim/memory_file.h"
#include "tests/sim/peer_layer.h"
#include "tests/sim/tls_events.h"

namespace headrace::sim {

class Peer;
class PeerTls;

// In the certificates that the gateway begins with.
inline constexpr std::string_view kFirstCertificateName = "gateway-0";

// In those that it shows to providers, one after the other.
inline constexpr std::array<std::string_view, 2> kGatewayOutside = {"gateway-outside",
                                                                    "gateway-distant"};
// In those of clients: one stands for a key, the other for nobody.
inline constexpr std::string_view kCustomerHost = "customer.test";
inline constexpr std::string_view kStrayHost = "stray-01.test";

// Of clients.
enum class Certificates : std::uint8_t { off, optional, required };
// Those of customers come from two authorities, of which the gateway trusts one at a time.
enum class ShownCertificate : std::uint8_t { none, customers, others, strays, strangers };

// Paths, for the gateway's config. No ticket keys: each load makes its own.
struct TlsFiles {
  std::string quick_certificate;  // a shard signs with its key,
  std::string quick_key;
  std::string slow_certificate;  // and with this one the attendant
  std::string slow_key;
  std::string authority;
  std::string ticket_keys;
  std::string clients_authority;
  std::string outside_certificate;  // the gateway's own, as a client
  std::string outside_key;
};

// The newest session that a client was given, for its next connection.
struct TlsMemory {
  bssl::UniquePtr<SSL_SESSION> session;
  bool of_slow = false;
};

class TlsWorld {
 public:
  explicit TlsWorld(bool keeps_ticket_keys, Certificates of_clients = Certificates::off);
  TlsWorld(const TlsWorld&) = delete;
  TlsWorld& operator=(const TlsWorld&) = delete;

  [[nodiscard]] const TlsFiles& files() const { return paths_; }
  // Where clients may show certificates providers ask for one, too.
  [[nodiscard]] Certificates of_clients() const { return of_clients_; }
  // Other certificates of the same names, and another one of the gateway's own; for a reload.
  void renew();
  // The same: what clients are asked for, and which authority of theirs is trusted.
  void ask_clients(Certificates of_clients, bool other_authority);
  // By the certificate that a client shows, or for want of one.
  [[nodiscard]] bool may_come(ShownCertificate shown) const;
  // Of clients, how many ask for the name for which the attendant signs: one in so many.
  std::uint64_t slow_names_one_in = 3;
  // Whether every shard has taken the last reload over.
  std::function<bool()> settled;
  // Nobody connects to anybody while a reload is under way.
  bool quiet_reloads = false;

  // What an actor puts on. Its wire is the peer's; `memory` outlives the connection.
  std::unique_ptr<PeerTls> client(Peer& peer, TlsMemory& memory, bool misbehaves);
  std::unique_ptr<PeerTls> client_showing(Peer& peer, TlsMemory& memory, ShownCertificate shown,
                                          bool misbehaves = false);
  std::unique_ptr<PeerLayer> provider(Peer& peer, bool misbehaves);

  void count(TlsEvent event) { ++counts_[static_cast<std::size_t>(std::to_underlying(event))]; }
  [[nodiscard]] const TlsCounts& counts() const { return counts_; }

  // The oldest certificates that a client may be shown who connects now, by how often they have
  // been renewed.
  [[nodiscard]] std::size_t oldest_shown() const;
  // Whether who connected then may be shown this name now.
  [[nodiscard]] bool may_be_shown(std::string_view name, std::size_t oldest) const;
  // Whether the gateway may show this name to a provider now.
  [[nodiscard]] bool may_show_outside(std::string_view name) const;

 private:
  void write_certificates();
  [[nodiscard]] ShownCertificate choose_certificate(bool misbehaves) const;

  Certificates of_clients_;
  bool other_authority_ = false;
  MemoryFile quick_certificate_;
  MemoryFile quick_key_;
  MemoryFile slow_certificate_;
  MemoryFile slow_key_;
  MemoryFile authority_;
  MemoryFile ticket_keys_;
  MemoryFile clients_authority_;
  MemoryFile outside_certificate_;
  MemoryFile outside_key_;
  TlsFiles paths_;
  std::size_t generation_ = 0;
  TlsCounts counts_{};
};

}  // namespace headrace::sim
