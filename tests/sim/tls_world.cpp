#include "tests/sim/tls_world.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/x509.h>

#include "core/check.h"
#include "tests/net/tls/certificate_maker.h"
#include "tests/sim/gateway.h"
#include "tests/sim/peer_tls.h"
#include "tests/sim/world.h"

namespace headrace::sim {

namespace {

using net::tls::test::Identity;
using net::tls::test::make_ed25519_key;
using net::tls::test::make_identity;
using net::tls::test::make_rsa_key;

constexpr int kRsaBits = 2048;
constexpr std::string_view kQuickHost = "quick.gateway.test";
constexpr std::string_view kSlowHost = "slow.gateway.test";
constexpr std::array<std::string_view, 2> kCertificateNames = {kFirstCertificateName, "gateway-1"};

using Context = bssl::UniquePtr<SSL_CTX>;

std::vector<std::string> provider_hosts() {
  std::vector<std::string> hosts;
  for (std::size_t i = 0; i < Gateway::kProviders; ++i)
    hosts.push_back(Gateway::provider_name(i));
  return hosts;
}

std::vector<std::string> provider_addresses() {
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < Gateway::kProviders; ++i)
    addresses.push_back(fmt::format("10.0.0.{}", i + 1));
  return addresses;
}

bssl::UniquePtr<EVP_PKEY> one_more(const bssl::UniquePtr<EVP_PKEY>& key) {
  return bssl::UpRef(key);
}

// Made once a process: keys of RSA take long to find.
struct Everybody {
  bssl::UniquePtr<EVP_PKEY> rsa = make_rsa_key(kRsaBits);
  Identity authority = make_identity({.common_name = "Authority", .is_authority = true}, nullptr,
                                     make_ed25519_key());
  Identity stranger = make_identity({.common_name = "Authority", .is_authority = true}, nullptr,
                                    make_ed25519_key());
  std::array<Identity, 2> quick = {gateway(0, kQuickHost, make_ed25519_key()),
                                   gateway(1, kQuickHost, make_ed25519_key())};
  std::array<Identity, 2> slow = {gateway(0, kSlowHost, one_more(rsa)),
                                  gateway(1, kSlowHost, one_more(rsa))};
  Identity clients_authority =
      make_identity({.common_name = "Clients", .is_authority = true}, nullptr, make_ed25519_key());
  Identity others_authority =
      make_identity({.common_name = "Clients", .is_authority = true}, nullptr, make_ed25519_key());
  Identity customer = client(kCustomerHost, clients_authority);
  Identity other = client(kCustomerHost, others_authority);
  Identity stray = client(kStrayHost, clients_authority);
  Identity strange = client(kCustomerHost, stranger);
  std::array<Identity, 2> outside = {gateway_outside(0), gateway_outside(1)};
  Context anonymous = client_context(nullptr);
  Context customers = client_context(&customer);
  Context others = client_context(&other);
  Context strays = client_context(&stray);
  Context impostors = client_context(&strange);
  Context provider = provider_context(authority, false);
  Context asking_provider = provider_context(authority, true);
  Context strangers = provider_context(stranger, false);

  static const Everybody& known() {
    static const Everybody everybody;
    return everybody;
  }

 private:
  Identity gateway(std::size_t generation, std::string_view host, bssl::UniquePtr<EVP_PKEY> key) {
    return make_identity({.common_name = std::string(kCertificateNames[generation]),
                          .dns_names = {std::string(host)}},
                         &authority, std::move(key));
  }

  Identity gateway_outside(std::size_t generation) {
    return make_identity({.common_name = std::string(kGatewayOutside[generation])}, &authority,
                         make_ed25519_key());
  }

  // Of RSA: the gateway takes no client's certificate of Ed25519.
  Identity client(std::string_view host, const Identity& issuer) const {
    return make_identity({.common_name = "client", .dns_names = {std::string(host)}}, &issuer,
                         one_more(rsa));
  }

  // Trusts the authority, as a program that was told to. `shown`: its own certificate; none: null.
  Context client_context(const Identity* shown) const {
    Context context(SSL_CTX_new(TLS_method()));
    constexpr std::uint16_t kAlgorithms[] = {SSL_SIGN_ED25519, SSL_SIGN_RSA_PSS_RSAE_SHA256};
    HEADRACE_CHECK(SSL_CTX_set_verify_algorithm_prefs(context.get(), kAlgorithms,
                                                      std::size(kAlgorithms)) == 1);
    HEADRACE_CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                                       authority.certificate.get()) == 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), PeerTls::keep_session);
    if (shown != nullptr) use(context, *shown);
    return context;
  }

  static void use(const Context& context, const Identity& shown) {
    HEADRACE_CHECK(SSL_CTX_use_certificate(context.get(), shown.certificate.get()) == 1);
    HEADRACE_CHECK(SSL_CTX_use_PrivateKey(context.get(), shown.key.get()) == 1);
  }

  // `asks`: for the gateway's certificate.
  Context provider_context(const Identity& issuer, bool asks) const {
    const Identity identity = make_identity({.common_name = "provider",
                                             .dns_names = provider_hosts(),
                                             .ip_addresses = provider_addresses()},
                                            &issuer, one_more(rsa));
    Context context(SSL_CTX_new(TLS_method()));
    use(context, identity);
    constexpr std::uint8_t kUse[] = "sim";
    HEADRACE_CHECK(SSL_CTX_set_session_id_context(context.get(), kUse, sizeof kUse) == 1);
    if (!asks) return context;
    constexpr std::uint16_t kAlgorithms[] = {SSL_SIGN_ED25519};
    HEADRACE_CHECK(SSL_CTX_set_verify_algorithm_prefs(context.get(), kAlgorithms,
                                                      std::size(kAlgorithms)) == 1);
    HEADRACE_CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                                       authority.certificate.get()) == 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
  }
};

bssl::UniquePtr<SSL> connection(const Context& context) {
  bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  HEADRACE_CHECK(ssl != nullptr);
  if (World::current().random().one_in(3)) {
    HEADRACE_CHECK(SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION) == 1);
  }
  return ssl;
}

}  // namespace

TlsWorld::TlsWorld(bool keeps_ticket_keys, Certificates of_clients) : of_clients_(of_clients) {
  paths_ = {.quick_certificate = quick_certificate_.path(),
            .quick_key = quick_key_.path(),
            .slow_certificate = slow_certificate_.path(),
            .slow_key = slow_key_.path(),
            .authority = authority_.path(),
            .ticket_keys = keeps_ticket_keys ? ticket_keys_.path() : std::string(),
            .clients_authority = clients_authority_.path(),
            .outside_certificate = outside_certificate_.path(),
            .outside_key = outside_key_.path()};
  const Everybody& known = Everybody::known();
  authority_.write(known.authority.certificate_pem());
  ticket_keys_.write("a secret of the simulated world, 32 bytes and more\n");
  write_certificates();
}

void TlsWorld::renew() {
  ++generation_;
  write_certificates();
}

void TlsWorld::ask_clients(Certificates of_clients, bool other_authority) {
  of_clients_ = of_clients;
  other_authority_ = other_authority;
  write_certificates();
}

bool TlsWorld::may_come(ShownCertificate shown) const {
  if (of_clients_ == Certificates::off) return true;
  switch (shown) {
    case ShownCertificate::none:
      return of_clients_ == Certificates::optional;
    case ShownCertificate::customers:
    case ShownCertificate::strays:
      return !other_authority_;
    case ShownCertificate::others:
      return other_authority_;
    case ShownCertificate::strangers:
      break;
  }
  return false;
}

void TlsWorld::write_certificates() {
  const Everybody& known = Everybody::known();
  clients_authority_.write(
      (other_authority_ ? known.others_authority : known.clients_authority).certificate_pem());
  const std::size_t which = generation_ % kCertificateNames.size();
  quick_certificate_.write(known.quick[which].certificate_pem());
  quick_key_.write(known.quick[which].key_pem());
  slow_certificate_.write(known.slow[which].certificate_pem());
  slow_key_.write(known.slow[which].key_pem());
  outside_certificate_.write(known.outside[which].certificate_pem());
  outside_key_.write(known.outside[which].key_pem());
}

std::size_t TlsWorld::oldest_shown() const {
  if (!settled || settled() || generation_ == 0) return generation_;
  return generation_ - 1;
}

bool TlsWorld::may_be_shown(std::string_view name, std::size_t oldest) const {
  for (std::size_t generation = oldest; generation <= generation_; ++generation) {
    if (name == kCertificateNames[generation % kCertificateNames.size()]) return true;
  }
  return false;
}

bool TlsWorld::may_show_outside(std::string_view name) const {
  const std::string_view newest = kGatewayOutside[generation_ % kGatewayOutside.size()];
  return quiet_reloads ? name == newest
                       : std::ranges::find(kGatewayOutside, name) != kGatewayOutside.end();
}

ShownCertificate TlsWorld::choose_certificate(bool misbehaves) const {
  World& world = World::current();
  if (of_clients_ == Certificates::off) return ShownCertificate::none;
  const bool required = of_clients_ == Certificates::required;
  if (misbehaves && world.strikes(Fault::tls_strange_client)) return ShownCertificate::strangers;
  if (misbehaves && required && world.strikes(Fault::tls_bare_client))
    return ShownCertificate::none;
  if (!required && world.random().one_in(3)) return ShownCertificate::none;
  return world.random().one_in(4) ? ShownCertificate::strays : ShownCertificate::customers;
}

std::unique_ptr<PeerTls> TlsWorld::client(Peer& peer, TlsMemory& memory, bool misbehaves) {
  return client_showing(peer, memory, choose_certificate(misbehaves), misbehaves);
}

std::unique_ptr<PeerTls> TlsWorld::client_showing(Peer& peer, TlsMemory& memory,
                                                  ShownCertificate shown, bool misbehaves) {
  core::Random& dice = World::current().random();
  const Everybody& known = Everybody::known();
  const Context* context = &known.anonymous;
  if (shown == ShownCertificate::customers) context = &known.customers;
  if (shown == ShownCertificate::others) context = &known.others;
  if (shown == ShownCertificate::strays) context = &known.strays;
  if (shown == ShownCertificate::strangers) context = &known.impostors;
  bssl::UniquePtr<SSL> ssl = connection(*context);
  SSL_set_connect_state(ssl.get());
  // A session is of one name.
  const bool resumes = memory.session != nullptr && !dice.one_in(4);
  if (resumes) {
    HEADRACE_CHECK(SSL_set_session(ssl.get(), memory.session.get()) == 1);
  } else {
    memory.session.reset();
    memory.of_slow = dice.one_in(slow_names_one_in);
  }
  const std::string host(memory.of_slow ? kSlowHost : kQuickHost);
  HEADRACE_CHECK(SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1);
  HEADRACE_CHECK(
      X509_VERIFY_PARAM_set1_host(SSL_get0_param(ssl.get()), host.c_str(), host.size()) == 1);
  auto made = std::make_unique<PeerTls>(peer, *this, std::move(ssl),
                                        PeerTls::Role{.memory = &memory,
                                                      .oldest_shown = oldest_shown(),
                                                      .shown = shown,
                                                      .misbehaves = misbehaves,
                                                      .stranger = false});
  made->start();
  return made;
}

std::unique_ptr<PeerLayer> TlsWorld::provider(Peer& peer, bool misbehaves) {
  const bool stranger = misbehaves && World::current().strikes(Fault::tls_wrong_certificate);
  const Everybody& known = Everybody::known();
  const bool asks = of_clients_ != Certificates::off;
  bssl::UniquePtr<SSL> ssl = connection(stranger ? known.strangers
                                        : asks   ? known.asking_provider
                                                 : known.provider);
  SSL_set_accept_state(ssl.get());
  return std::make_unique<PeerTls>(peer, *this, std::move(ssl),
                                   PeerTls::Role{.memory = nullptr,
                                                 .oldest_shown = 0,
                                                 .asks = asks,
                                                 .misbehaves = misbehaves,
                                                 .stranger = stranger});
}

}  // namespace headrace::sim
