// Certificates that we show, and signatures that are made elsewhere.
#include <thread>

#include <gtest/gtest.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

// --- client certificates ------------------------------------------------------------------------

TEST(ClientCertificate, IsShownWhenAsked) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    World world;
    const Identity us = make_identity({.common_name = "gateway"}, &world.authority);
    LibraryEnd server;
    server.use(world.identity);
    SSL_CTX_set_max_proto_version(server.context.get(), static_cast<std::uint16_t>(version));
    SSL_CTX_set_custom_verify(server.context.get(),
                              SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                              [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
    server.begin(false);
    ClientOptions options = world.client_options();
    options.credential = World::credential(us);
    End client = world.client(std::move(options));
    connect(client, server);
    ASSERT_TRUE(client.session.established()) << text(client.session.failure());
    ASSERT_TRUE(server.established());
    const bssl::UniquePtr<X509> seen(SSL_get_peer_certificate(server.ssl.get()));
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(X509_cmp(seen.get(), us.certificate.get()), 0);
  }
}

TEST(ClientCertificate, MissingIsToldByTheAlert) {
  World world;
  LibraryEnd server;
  server.use(world.identity);
  SSL_CTX_set_custom_verify(server.context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                            [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
  server.begin(false);
  End client = world.client();
  connect(client, server);
  // In TLS 1.3 the client is done before the server has judged: the alert comes as the first
  // record.
  EXPECT_EQ(client.session.failure(), Failure::peer_alert);
  EXPECT_EQ(alert_name(client.session.peer_alert()), "certificate_required");
}

// --- private keys elsewhere ---------------------------------------------------------------------

TEST(KeyOperation, SignsLargeRsaKeysOnAnotherThread) {
  const Identity authority = make_authority();
  const Identity large =
      make_identity({.dns_names = {"provider.test"}}, &authority, make_rsa_key(3072));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    World world;
    ServerOptions options;
    options.credentials = {World::credential(large)};
    End server = world.server(std::move(options));
    server.runs_key_operations = false;
    LibraryEnd client;
    SSL_CTX_set_max_proto_version(client.context.get(), static_cast<std::uint16_t>(version));
    client.begin(true);
    connect(client, server);
    ASSERT_TRUE(server.wants_key_operation);
    ASSERT_FALSE(server.session.established());
    EXPECT_EQ(world.server_shard.counters().key_operations, 1U);

    auto operation = server.session.take_key_operation();
    server.step({});  // asked meanwhile, it still waits
    EXPECT_TRUE(server.wants_key_operation);
    std::thread attendant([&] { operation->run(); });
    attendant.join();
    server.session.complete_key_operation(std::move(operation));
    server.start();
    exchange(client, server);
    ASSERT_TRUE(server.session.established()) << text(server.session.failure());
    EXPECT_TRUE(client.established());
  }
}

TEST(KeyOperation, MayComeBackToNobody) {
  World world;
  const Identity large =
      make_identity({.dns_names = {"provider.test"}}, nullptr, make_rsa_key(2048));
  ServerOptions options;
  options.credentials = {World::credential(large)};
  options.rsa_bits_on_shard_max = 1024;
  std::unique_ptr<KeyOperation> operation;
  {
    End server = world.server(std::move(options));
    server.runs_key_operations = false;
    ClientOptions client_options = world.client_options();
    End client = world.client(std::move(client_options));
    connect(client, server);
    ASSERT_TRUE(server.wants_key_operation);
    operation = server.session.take_key_operation();
    operation->owner = 42;
  }
  std::thread attendant([&] { operation->run(); });
  attendant.join();
  EXPECT_FALSE(operation->signature().empty());
  EXPECT_EQ(operation->owner, 42U);
}

TEST(KeyOperation, StaysOnTheShardUpToTheLimit) {
  World world;
  const Identity small =
      make_identity({.dns_names = {"provider.test"}}, &world.authority, make_rsa_key(2048));
  ServerOptions options;
  options.credentials = {World::credential(small)};
  options.rsa_bits_on_shard_max = 2048;
  End server = world.server(std::move(options));
  server.runs_key_operations = false;
  End client = world.client();
  connect(client, server);
  EXPECT_TRUE(server.session.established());
  EXPECT_EQ(world.server_shard.counters().key_operations, 0U);
}

TEST(KeyOperation, LeavesTheShardForEveryRsaKeyWhereNothingElseIsSaid) {
  World world;
  const Identity small =
      make_identity({.dns_names = {"provider.test"}}, &world.authority, make_rsa_key(2048));
  ServerOptions options;
  options.credentials = {World::credential(small)};
  End server = world.server(std::move(options));
  End client = world.client();
  connect(client, server);
  EXPECT_TRUE(server.session.established());
  EXPECT_EQ(world.server_shard.counters().key_operations, 1U);
}

TEST(KeyOperation, SignsWithTheKeyThatTheNameChose) {
  World world;
  const Identity first =
      make_identity({.dns_names = {"first.test"}}, &world.authority, make_rsa_key(2048));
  const Identity second =
      make_identity({.dns_names = {"provider.test"}}, &world.authority, make_rsa_key(2048));
  ServerOptions options;
  options.credentials = {World::credential(first), World::credential(second)};
  options.rsa_bits_on_shard_max = 1024;
  End server = world.server(std::move(options));
  End client = world.client();
  connect(client, server);
  EXPECT_TRUE(client.session.established()) << text(client.session.failure());
  EXPECT_EQ(world.server_shard.counters().key_operations, 1U);
}

TEST(KeyOperation, LeavesTheShardForSlowCurves) {
  const struct {
    int curve;
    std::uint16_t algorithm;
    std::uint64_t operations;
  } cases[] = {{NID_X9_62_prime256v1, SSL_SIGN_ECDSA_SECP256R1_SHA256, 0},
               {NID_secp384r1, SSL_SIGN_ECDSA_SECP384R1_SHA384, 1},
               {NID_secp521r1, SSL_SIGN_ECDSA_SECP521R1_SHA512, 1}};
  for (const auto& one : cases) {
    World world;
    const Identity identity =
        make_identity({.dns_names = {"provider.test"}}, nullptr, make_ec_key(one.curve));
    ServerOptions options;
    options.credentials = {World::credential(identity)};
    End server = world.server(std::move(options));
    LibraryEnd client;
    SSL_CTX_set_verify_algorithm_prefs(client.context.get(), &one.algorithm, 1);
    client.begin(true);
    connect(client, server);
    EXPECT_TRUE(server.session.established()) << text(server.session.failure());
    EXPECT_TRUE(client.established());
    EXPECT_EQ(world.server_shard.counters().key_operations, one.operations);
  }
}

TEST(KeyOperation, SignsForClientCertificatesToo) {
  World world;
  const Identity us = make_identity({.common_name = "gateway"}, nullptr, make_rsa_key(2048));
  LibraryEnd server;
  server.use(world.identity);
  SSL_CTX_set_custom_verify(server.context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                            [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
  server.begin(false);
  ClientOptions options = world.client_options();
  options.credential = World::credential(us);
  options.rsa_bits_on_shard_max = 1024;
  End client = world.client(std::move(options));
  connect(client, server);
  EXPECT_TRUE(client.session.established()) << text(client.session.failure());
  EXPECT_TRUE(server.established());
  EXPECT_EQ(world.client_shard.counters().key_operations, 1U);
}

}  // namespace
}  // namespace headrace::net::tls::test
