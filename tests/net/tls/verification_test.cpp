// Which certificates of an upstream are taken, and which are not.
#include <gtest/gtest.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

Failure client_failure(World& world, const Identity& served, const ClientOptions& options) {
  ServerOptions server_options;
  server_options.credentials = {World::credential(served)};
  End server = world.server(std::move(server_options));
  End client = world.client(options);
  connect(client, server);
  if (client.session.established()) {
    EXPECT_TRUE(server.session.established());
    return Failure::none;
  }
  EXPECT_EQ(server.session.failure(), Failure::peer_alert) << "the alert was not flushed";
  return client.session.failure();
}

TEST(Verification, AcceptsTheNamesOfTheCertificateOnly) {
  World world;
  const Identity served = make_identity({.common_name = "common.test",
                                         .dns_names = {"exact.test", "*.wild.test"},
                                         .ip_addresses = {"10.1.2.3", "2001:db8::1"}},
                                        &world.authority);
  const struct {
    const char* host;
    Failure failure;
  } cases[] = {
      {"exact.test", Failure::none},
      {"EXACT.test", Failure::none},
      {"one.wild.test", Failure::none},
      {"10.1.2.3", Failure::none},
      {"2001:db8::1", Failure::none},
      {"wild.test", Failure::certificate_wrong_host},
      {"two.one.wild.test", Failure::certificate_wrong_host},
      {"common.test", Failure::certificate_wrong_host},  // the common name does not count
      {"sub.exact.test", Failure::certificate_wrong_host},
      {"10.1.2.4", Failure::certificate_wrong_host},
      {"2001:db8::2", Failure::certificate_wrong_host},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(client_failure(world, served, world.client_options(one.host)), one.failure)
        << one.host;
  }
}

TEST(Verification, IgnoresTheCommonNameEvenWithoutAlternativeNames) {
  World world;
  const Identity served = make_identity({.common_name = "provider.test"}, &world.authority);
  EXPECT_EQ(client_failure(world, served, world.client_options()), Failure::certificate_wrong_host);
}

// The server's own check would refuse to load them, so they come from the library.
Failure failure_against(World& world, const Identity& served) {
  LibraryEnd server;
  server.use(served);
  server.begin(false);
  End client = world.client();
  connect(client, server);
  return client.session.established() ? Failure::none : client.session.failure();
}

TEST(Verification, RefusesCertificatesOutOfTheirTime) {
  World world;
  EXPECT_EQ(failure_against(world, make_identity({.dns_names = {"provider.test"},
                                                  .valid_from_seconds = -10 * kDay,
                                                  .valid_until_seconds = -kDay},
                                                 &world.authority)),
            Failure::certificate_expired);
  EXPECT_EQ(failure_against(world, make_identity({.dns_names = {"provider.test"},
                                                  .valid_from_seconds = kDay,
                                                  .valid_until_seconds = 10 * kDay},
                                                 &world.authority)),
            Failure::certificate_not_yet_valid);
}

TEST(Verification, RefusesUnknownAuthorities) {
  World world;
  const Identity other = make_authority("Test Authority");  // same name, another key
  EXPECT_NE(failure_against(world, make_identity({.dns_names = {"provider.test"}}, &other)),
            Failure::none);
  const Identity stranger = make_authority("Stranger");
  EXPECT_EQ(failure_against(world, make_identity({.dns_names = {"provider.test"}}, &stranger)),
            Failure::certificate_untrusted);
  EXPECT_EQ(failure_against(world, make_identity({.dns_names = {"provider.test"}})),
            Failure::certificate_untrusted);
}

TEST(Verification, TakesAnyoneWhereItIsSwitchedOff) {
  World world;
  const Identity stranger = make_authority("Stranger");
  ClientOptions options = world.client_options();
  options.verify = false;
  options.anchors = nullptr;
  EXPECT_EQ(client_failure(world, make_identity({.dns_names = {"other.test"}}, &stranger), options),
            Failure::none);
}

// Someone with an ordinary certificate of a trusted authority must not be able to issue others.
TEST(Verification, RefusesIssuersThatAreNoAuthorities) {
  World world;
  const Identity evil =
      make_identity({.common_name = "evil", .dns_names = {"evil.test"}}, &world.authority);
  const Identity forged = make_identity({.dns_names = {"provider.test"}}, &evil);
  LibraryEnd server;
  server.use(forged);
  SSL_CTX_add1_chain_cert(server.context.get(), evil.certificate.get());
  server.begin(false);
  End client = world.client();
  connect(client, server);
  EXPECT_FALSE(client.session.established());
  EXPECT_EQ(client.session.failure(), Failure::certificate_invalid);
}

TEST(Verification, FollowsIntermediates) {
  World world;
  const Identity middle =
      make_identity({.common_name = "Middle", .is_authority = true}, &world.authority);
  const Identity leaf = make_identity({.dns_names = {"provider.test"}}, &middle);
  const std::string chain = leaf.certificate_pem() + middle.certificate_pem();
  auto credential =
      Credential::parse(bytes_of(chain), bytes_of(leaf.key_pem()), std::time(nullptr));
  ASSERT_TRUE(credential.has_value());
  ServerOptions options;
  options.credentials = {*credential};
  End server = world.server(std::move(options));
  End client = world.client();
  connect(client, server);
  EXPECT_TRUE(client.session.established()) << text(client.session.failure());
}

TEST(Verification, RefusesCertificatesForOtherPurposes) {
  World world;
  EXPECT_EQ(failure_against(world, make_identity({.dns_names = {"provider.test"},
                                                  .extended_key_usage = "clientAuth"},
                                                 &world.authority)),
            Failure::certificate_invalid);
  EXPECT_EQ(failure_against(world, make_identity({.dns_names = {"provider.test"},
                                                  .extended_key_usage = "serverAuth"},
                                                 &world.authority)),
            Failure::none);
}

TEST(Verification, TrustsAnIntermediateThatIsAnAnchor) {
  World world;
  const Identity middle =
      make_identity({.common_name = "Middle", .is_authority = true}, &world.authority);
  const Identity leaf = make_identity({.dns_names = {"provider.test"}}, &middle);
  ClientOptions options = world.client_options();
  options.anchors = World::anchors(middle);
  EXPECT_EQ(client_failure(world, leaf, options), Failure::none);
}

TEST(Verification, TrustsACertificateThatIsItselfAnAnchor) {
  World world;
  const Identity own = make_identity({.dns_names = {"provider.test"}});
  ClientOptions options = world.client_options();
  options.anchors = World::anchors(own);
  EXPECT_EQ(client_failure(world, own, options), Failure::none);
}

// Who shows a certificate must prove that the key is theirs.
TEST(Verification, RefusesServersWithoutTheKeyOfTheirCertificate) {
  World world;
  static EVP_PKEY* const other_key = make_ec_key().release();
  static constexpr SSL_PRIVATE_KEY_METHOD kImpostor = {
      .sign =
          [](SSL*, std::uint8_t* out, std::size_t* out_bytes, std::size_t out_bytes_max,
             std::uint16_t algorithm, const std::uint8_t* in, std::size_t in_bytes) {
            KeyOperation operation(other_key, algorithm, in, in_bytes);
            operation.run();
            *out_bytes = operation.signature().size();
            HEADRACE_CHECK(*out_bytes <= out_bytes_max);
            std::memcpy(out, operation.signature().data(), *out_bytes);
            return ssl_private_key_success;
          },
      .decrypt = nullptr,
      .complete = nullptr};
  LibraryEnd server;
  SSL_CTX_use_certificate(server.context.get(), world.identity.certificate.get());
  SSL_CTX_set_private_key_method(server.context.get(), &kImpostor);
  server.begin(false);
  End client = world.client();
  connect(client, server);
  EXPECT_FALSE(client.session.established());
  EXPECT_EQ(client.session.failure(), Failure::certificate_invalid);
}

}  // namespace
}  // namespace headrace::net::tls::test
