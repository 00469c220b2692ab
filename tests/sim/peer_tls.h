// An actor's end of TLS, by BoringSSL alone: the gateway's own record layer meets another one. Here
// too is what goes wrong between two ends that speak it.
//
// Whoever misbehaves may stall or end within the handshake, speak HTTP instead, have a record
// spoiled on its way, and end without close_notify. Whatever else fails is a violation.
//
// Threads: one. Lifetime: belongs to its Peer.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "tests/sim/peer_layer.h"
#include "tests/sim/sim_socket.h"
#include "tests/sim/tls_world.h"

namespace headrace::sim {

class PeerTls final : public PeerLayer {
 public:
  struct Role {
    TlsMemory* memory = nullptr;   // of a client; none: this is a provider's end
    std::size_t oldest_shown = 0;  // of the certificates that a client may be shown
    ShownCertificate shown = ShownCertificate::none;  // by a client
    bool asks = false;                                // a provider, for the gateway's certificate
    bool misbehaves = false;
    bool stranger = false;  // its certificate is nobody's
  };

  PeerTls(Peer& peer, TlsWorld& world, bssl::UniquePtr<SSL> ssl, const Role& role);
  ~PeerTls() override;
  PeerTls(const PeerTls&) = delete;
  PeerTls& operator=(const PeerTls&) = delete;

  // The first flight of a client.
  void start();

  void hear(std::string_view wire) override;
  void say(std::string_view bytes, bool whole) override;
  void finish() override;
  void spoil_next() override { spoils_next_ = spoiled_ = true; }
  [[nodiscard]] bool ends_untold() override;
  [[nodiscard]] bool heard_end() const override { return heard_end_; }
  [[nodiscard]] bool provokes() const override;
  [[nodiscard]] ShownCertificate shown() const { return role_.shown; }

  // A callback of the library's.
  static int keep_session(SSL* ssl, SSL_SESSION* session);

 private:
  enum class Manners : std::uint8_t { good, plain, stalls, breaks };
  struct Said {
    std::string bytes;
    bool whole;
  };

  void shake_hands();
  void on_established();
  void judge_certificate();
  void judge_gateways_certificate(bool resumed);
  // By its certificate, or for want of one.
  [[nodiscard]] bool may_not_come() const;
  void read();
  void seal(std::string_view bytes, bool whole);
  void end();
  void fail();
  // What the library wants sent.
  std::string take_wire();
  void send_flight();
  void break_off(std::string flight);

  Peer& peer_;
  TlsWorld& world_;
  Role role_;
  bssl::UniquePtr<SSL> ssl_;
  Manners manners_ = Manners::good;
  std::uint64_t good_flights_ = 0;  // before it stalls or breaks
  std::deque<Said> waiting_;        // for the end of the handshake
  std::optional<bool> ends_untold_;
  bool offers_session_ = false;
  bool established_ = false;
  bool silent_ = false;  // nothing is sent or heard any more
  bool ends_ = false;
  bool heard_end_ = false;
  bool spoils_next_ = false;
  bool spoiled_ = false;
};

}  // namespace headrace::sim
