#include "tests/sim/peer_tls.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "core/check.h"
#include "tests/sim/dice.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

constexpr std::uint64_t kFlightsMax = 2;
constexpr std::uint64_t kKeyUpdateOneIn = 40;

int own_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::string common_name(const SSL* ssl) {
  const bssl::UniquePtr<X509> certificate(SSL_get_peer_certificate(ssl));
  if (certificate == nullptr) return {};
  std::array<char, 64> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  return name.data();
}

}  // namespace

PeerTls::PeerTls(Peer& peer, TlsWorld& world, bssl::UniquePtr<SSL> ssl, const Role& role)
    : peer_(peer), world_(world), role_(role), ssl_(std::move(ssl)) {
  BIO* received = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(received, -1);
  SSL_set_bio(ssl_.get(), received, BIO_new(BIO_s_mem()));
  HEADRACE_CHECK(SSL_set_ex_data(ssl_.get(), own_index(), this) == 1);
  offers_session_ = role_.memory != nullptr && SSL_get_session(ssl_.get()) != nullptr;
  World& here = World::current();
  if (!role_.misbehaves) return;
  if (role_.memory != nullptr && here.strikes(Fault::tls_plain_client)) {
    manners_ = Manners::plain;
  } else if (here.strikes(Fault::tls_handshake_stalls)) {
    manners_ = Manners::stalls;
  } else if (here.strikes(Fault::tls_handshake_breaks)) {
    manners_ = Manners::breaks;
  }
  good_flights_ = dice().below(kFlightsMax);
}

PeerTls::~PeerTls() = default;

bool PeerTls::provokes() const {
  return manners_ != Manners::good || spoiled_ || may_not_come() || ends_untold_.value_or(false);
}

bool PeerTls::may_not_come() const {
  return role_.memory != nullptr && !world_.may_come(role_.shown);
}

bool PeerTls::ends_untold() {
  if (!ends_untold_) {
    ends_untold_ = role_.misbehaves && World::current().strikes(Fault::tls_end_untold);
  }
  return *ends_untold_;
}

// --- handshake -----------------------------------------------------------------------------------

void PeerTls::start() {
  if (manners_ != Manners::plain) shake_hands();
}

void PeerTls::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    send_flight();
    if (!silent_) on_established();
  } else if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    send_flight();
  } else {
    fail();
  }
}

void PeerTls::send_flight() {
  std::string flight = take_wire();
  if (flight.empty()) return;
  const bool good = manners_ == Manners::good || good_flights_ > 0;
  if (good) {
    if (good_flights_ > 0) --good_flights_;
    peer_.send(std::move(flight), false);
    return;
  }
  break_off(std::move(flight));
}

void PeerTls::break_off(std::string flight) {
  silent_ = true;
  flight.resize(static_cast<std::size_t>(dice().below(flight.size())));
  peer_.send(std::move(flight), false);
  if (manners_ == Manners::stalls) return;
  if (dice().one_in(2)) {
    peer_.send_end();
    return;
  }
  // Its actor hears of it as of any other reset.
  World::current().after(World::current().some_delay(), [peer = peer_.shared_from_this()] {
    peer->reset();
    if (peer->on_reset) peer->on_reset();
  });
}

void PeerTls::on_established() {
  established_ = true;
  const bool resumed = SSL_session_reused(ssl_.get()) == 1;
  const bool newest = SSL_version(ssl_.get()) == TLS1_3_VERSION;
  if (role_.memory != nullptr) {
    world_.count(resumed ? (newest ? TlsEvent::client_resumed_1_3 : TlsEvent::client_resumed_1_2)
                         : (newest ? TlsEvent::client_full_1_3 : TlsEvent::client_full_1_2));
    if (!resumed) judge_certificate();
    if (resumed && world_.of_clients() != Certificates::off) {
      World::current().violation("TLS: a session is resumed without its client's certificate");
    }
    // Of 1.3 a client hears only later what the gateway makes of his certificate.
    if (may_not_come() && !newest) World::current().violation("TLS: the gateway lets anybody in");
  } else {
    if (role_.stranger) World::current().violation("TLS: the gateway trusts a stranger");
    if (role_.asks) judge_gateways_certificate(resumed);
    world_.count(resumed
                     ? (newest ? TlsEvent::provider_resumed_1_3 : TlsEvent::provider_resumed_1_2)
                     : (newest ? TlsEvent::provider_full_1_3 : TlsEvent::provider_full_1_2));
  }
  while (!waiting_.empty() && !silent_) {
    const Said said = std::move(waiting_.front());
    waiting_.pop_front();
    seal(said.bytes, said.whole);
  }
  if (ends_) end();
}

void PeerTls::judge_certificate() {
  if (offers_session_) world_.count(TlsEvent::ticket_in_vain);
  world_.count(role_.memory->of_slow ? TlsEvent::signed_by_attendant : TlsEvent::signed_by_shard);
  const std::string name = common_name(ssl_.get());
  if (!world_.may_be_shown(name, role_.oldest_shown)) {
    World::current().violation(
        fmt::format("TLS: the certificate of {}, which is no longer in use", name));
  }
  if (name != kFirstCertificateName) world_.count(TlsEvent::renewed_certificate);
}

// A session that is resumed has it from the handshake that it began with.
void PeerTls::judge_gateways_certificate(bool resumed) {
  const std::string name = common_name(ssl_.get());
  if (world_.may_show_outside(name)) {
    world_.count(resumed ? TlsEvent::gateway_known_again : TlsEvent::gateway_shown);
  } else {
    World::current().violation(fmt::format("TLS: the gateway shows the certificate of {}", name));
  }
}

int PeerTls::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<PeerTls*>(SSL_get_ex_data(ssl, own_index()));
  if (SSL_SESSION_has_ticket(session) == 1 && self->world_.of_clients() != Certificates::off) {
    World::current().violation("TLS: a ticket where each connection shows its certificate");
  }
  self->role_.memory->session.reset(session);
  return 1;
}

// --- what goes in and out ------------------------------------------------------------------------

void PeerTls::hear(std::string_view wire) {
  if (silent_ || manners_ == Manners::plain) return;
  BIO_write(SSL_get_rbio(ssl_.get()), wire.data(), static_cast<int>(wire.size()));
  if (!established_) shake_hands();
  if (established_ && !silent_) read();
}

void PeerTls::read() {
  std::string plain;
  std::array<char, 4096> piece;
  int result = 0;
  ERR_clear_error();
  while ((result = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()))) > 0)
    plain.append(piece.data(), static_cast<std::size_t>(result));
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) {
    if (!std::exchange(heard_end_, true)) world_.count(TlsEvent::end_told);
  } else if (error != SSL_ERROR_WANT_READ) {
    fail();
  }
  peer_.send(take_wire(), false);
  if (!plain.empty() && may_not_come()) {
    World::current().violation("TLS: the gateway speaks to who may not come");
  }
  if (!plain.empty() && peer_.on_bytes) peer_.on_bytes(plain);
}

void PeerTls::say(std::string_view bytes, bool whole) {
  if (silent_ || ends_ || bytes.empty()) return;
  if (manners_ == Manners::plain) {
    peer_.send(std::string(bytes), whole);
  } else if (!established_) {
    waiting_.push_back({.bytes = std::string(bytes), .whole = whole});
  } else {
    seal(bytes, whole);
  }
}

void PeerTls::seal(std::string_view bytes, bool whole) {
  ERR_clear_error();
  if (SSL_version(ssl_.get()) == TLS1_3_VERSION && dice().one_in(kKeyUpdateOneIn)) {
    const int wanted = dice().one_in(2) ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
    if (SSL_key_update(ssl_.get(), wanted) == 1) world_.count(TlsEvent::keys_updated);
  }
  HEADRACE_CHECK(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
                     static_cast<int>(bytes.size()),
                 "memory takes whatever is sealed");
  std::string wire = take_wire();
  if (std::exchange(spoils_next_, false)) wire.back() = static_cast<char>(wire.back() ^ 1);
  peer_.send(std::move(wire), whole);
}

std::string PeerTls::take_wire() {
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  HEADRACE_CHECK(BIO_mem_contents(SSL_get_wbio(ssl_.get()), &data, &bytes) == 1);
  std::string wire(reinterpret_cast<const char*>(data), bytes);
  BIO_reset(SSL_get_wbio(ssl_.get()));
  return wire;
}

// --- the end -------------------------------------------------------------------------------------

void PeerTls::finish() {
  if (std::exchange(ends_, true)) return;
  const bool waits = !established_ && !waiting_.empty() && !peer_.gateway_finished();
  if (silent_ || manners_ == Manners::plain || (!established_ && !waits)) {
    peer_.send_end();
  } else if (established_) {
    end();
  }
}

void PeerTls::end() {
  if (silent_) return;
  ERR_clear_error();
  if (!ends_untold()) {
    SSL_shutdown(ssl_.get());
    peer_.send(take_wire(), false);
  } else if (dice().one_in(2)) {
    // Within a record that nobody may ever see.
    constexpr std::string_view kUnseen = "HTTP/1.1 200 Unseen\r\nContent-Length: 0\r\n\r\n";
    SSL_write(ssl_.get(), kUnseen.data(), static_cast<int>(kUnseen.size()));
    std::string wire = take_wire();
    wire.resize(1 + static_cast<std::size_t>(dice().below(wire.size() - 1)));
    peer_.send(std::move(wire), false);
  }
  peer_.send_end();
}

void PeerTls::fail() {
  const std::uint32_t error = ERR_peek_error();
  std::array<char, 200> text{};
  ERR_error_string_n(error, text.data(), text.size());
  ERR_clear_error();
  peer_.send(take_wire(), false);
  silent_ = true;
  peer_.send_end();
  const std::string_view side = role_.memory != nullptr ? "client" : "provider";
  if (role_.stranger) {
    world_.count(TlsEvent::stranger_turned_away);
  } else if (may_not_come()) {
    world_.count(role_.shown == ShownCertificate::none ? TlsEvent::bare_client_turned_away
                                                       : TlsEvent::strange_client_turned_away);
  } else if (spoiled_ && ERR_GET_REASON(error) == SSL_R_SSLV3_ALERT_BAD_RECORD_MAC) {
    world_.count(TlsEvent::spoiled_record_refused);
  } else {
    World::current().violation(fmt::format("TLS of a {}: {}", side, text.data()));
  }
}

}  // namespace headrace::sim
