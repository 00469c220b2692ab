#include <thread>

#include <gtest/gtest.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

void expect_talk(End& client, End& server) {
  ASSERT_TRUE(client.send("a question"));
  exchange(client, server);
  EXPECT_EQ(server.received, "a question");
  ASSERT_TRUE(server.send("an answer"));
  exchange(client, server);
  EXPECT_EQ(client.received, "an answer");
}

TEST(Handshake, ConnectsBothEndsByTls13) {
  World world;
  End server = world.server();
  End client = world.client();
  connect(client, server);
  ASSERT_TRUE(client.session.established()) << text(client.session.failure());
  ASSERT_TRUE(server.session.established()) << text(server.session.failure());
  EXPECT_EQ(server.session.version(), TLS1_3_VERSION);
  EXPECT_EQ(client.session.application_protocol(), ApplicationProtocol::http_1_1);
  EXPECT_EQ(server.session.application_protocol(), ApplicationProtocol::http_1_1);
  EXPECT_FALSE(server.session.resumed());
  EXPECT_EQ(world.server_shard.counters().handshakes_full, 1U);
  expect_talk(client, server);
}

// One byte at a time, and room for only the least at once, certificates and all.
TEST(Handshake, SurvivesEveryFragmentation) {
  World world;
  for (const std::size_t slice : {std::size_t{1}, std::size_t{3}, std::size_t{100}, kWhole}) {
    for (const std::size_t room : {kRoomBytesMin, std::size_t{16384}}) {
      End server = world.server();
      End client = world.client();
      server.slice_bytes_max = client.slice_bytes_max = slice;
      server.room_bytes = client.room_bytes = room;
      connect(client, server);
      ASSERT_TRUE(client.session.established()) << slice << " " << room;
      ASSERT_TRUE(server.session.established()) << slice << " " << room;
      expect_talk(client, server);
    }
  }
}

TEST(Handshake, LeavesWhatFollowsItForReading) {
  World world;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    End server = world.server();
    LibraryEnd client;
    SSL_CTX_set_max_proto_version(client.context.get(), static_cast<std::uint16_t>(version));
    client.begin(true);
    client.start();
    server.deliver(std::exchange(client.to_send, {}));
    client.deliver(std::exchange(server.to_send, {}));
    if (client.established()) {
      // The last flight and the first request arrive as one.
      ASSERT_TRUE(client.send("early bird"));
      server.deliver(std::exchange(client.to_send, {}));
      EXPECT_EQ(server.received, "early bird");
      EXPECT_TRUE(server.to_send.empty()) << "the tickets travel with the first answer";
    } else {
      EXPECT_EQ(version, TLS1_2_VERSION)
          << "whose client speaks only after the server's last flight";
    }
  }
}

TEST(Handshake, SpeaksTls12WhereTheOtherSideKnowsNoMore) {
  World world;
  End server = world.server();
  LibraryEnd client;
  SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
  client.begin(true);
  connect(client, server);
  ASSERT_TRUE(server.session.established()) << text(server.session.failure());
  EXPECT_EQ(server.session.version(), TLS1_2_VERSION);
  EXPECT_TRUE(client.established());

  LibraryEnd old_server;
  old_server.use(world.identity);
  SSL_CTX_set_max_proto_version(old_server.context.get(), TLS1_2_VERSION);
  old_server.begin(false);
  End our_client = world.client();
  connect(our_client, old_server);
  ASSERT_TRUE(our_client.session.established()) << text(our_client.session.failure());
  EXPECT_EQ(our_client.session.version(), TLS1_2_VERSION);
}

TEST(Handshake, RefusesVersionsBelow12) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    World world;
    End server = world.server();
    LibraryEnd client;
    SSL_CTX_set_min_proto_version(client.context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.context.get(), static_cast<std::uint16_t>(version));
    client.begin(true);
    connect(client, server);
    EXPECT_EQ(server.session.failure(), Failure::unsupported_version);
    EXPECT_EQ(client.last_reason, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);

    LibraryEnd old_server;
    old_server.use(world.identity);
    SSL_CTX_set_min_proto_version(old_server.context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(old_server.context.get(), static_cast<std::uint16_t>(version));
    old_server.begin(false);
    End our_client = world.client();
    connect(our_client, old_server);
    EXPECT_FALSE(our_client.session.established());
    EXPECT_EQ(our_client.session.failure(), Failure::peer_alert);
    EXPECT_EQ(alert_name(our_client.session.peer_alert()), "protocol_version");
  }
}

TEST(Handshake, RefusesTls12WhereTheListenerWantsMore) {
  World world;
  const Identity second = make_identity({.dns_names = {"second.test"}}, &world.authority,
                                        make_ec_key(NID_X9_62_prime256v1));
  ServerOptions options = world.server_options();
  options.credentials.push_back(World::credential(second));
  options.version_min = ProtocolVersion::tls_1_3;
  const auto context = ServerContext::build(std::move(options));
  ASSERT_TRUE(context.has_value());
  // Also behind a name that another certificate serves.
  for (const char* name : {"provider.test", "second.test"}) {
    for (const ProtocolVersion version : {ProtocolVersion::tls_1_2, ProtocolVersion::tls_1_3}) {
      End server = world.server(*context);
      LibraryEnd client;
      SSL_CTX_set_max_proto_version(client.context.get(), std::to_underlying(version));
      client.begin(true);
      SSL_set_tlsext_host_name(client.ssl.get(), name);
      connect(client, server);
      EXPECT_EQ(server.session.established(), version == ProtocolVersion::tls_1_3) << name;
    }
  }
}

TEST(Handshake, RefusesCiphersWithoutForwardSecrecy) {
  World world;
  const Identity rsa = make_identity({.dns_names = {"provider.test"}}, nullptr, make_rsa_key(2048));
  ServerOptions options;
  options.credentials = {World::credential(rsa)};
  End server = world.server(std::move(options));
  LibraryEnd client;
  SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(client.context.get(), "AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA");
  client.begin(true);
  connect(client, server);
  EXPECT_EQ(server.session.failure(), Failure::no_shared_cipher);
  EXPECT_EQ(world.server_shard.counters().handshakes_failed, 1U);
}

TEST(Handshake, SaysPlainlyThatHttpWasSpoken) {
  for (const std::string hello :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /v1/chat/completions HTTP/1.1\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\n\r\n"}) {
    World world;
    End server = world.server();
    server.deliver(hello);
    EXPECT_EQ(server.session.failure(), Failure::plain_http) << hello;
  }
}

TEST(Handshake, FailsCleanlyOnGarbage) {
  for (const std::string& garbage :
       {std::string(64, '\0'), std::string(64, '\xff'), std::string("SSH-2.0-OpenSSH_9.2\r\n"),
        std::string("\x16\x03\x01\x00\x05hello", 10), std::string("\x16\x03\x01\xff\xff", 5)}) {
    World world;
    End server = world.server();
    server.deliver(garbage + std::string(20000, 'x'));
    EXPECT_FALSE(server.session.established());
    EXPECT_NE(server.session.failure(), Failure::none);
    EXPECT_NE(server.session.failure(), Failure::internal);
    const std::size_t sent = server.to_send.size();
    server.send_close();
    EXPECT_EQ(server.to_send.size(), sent) << "the alert is sent once";
  }
}

TEST(Handshake, TellsAnEndWithinItFromATruncation) {
  World world;
  End server = world.server();
  End client = world.client();
  client.start();
  server.deliver(client.to_send.substr(0, 60));
  EXPECT_EQ(server.session.received_end(), Failure::peer_closed_early);
}

TEST(Handshake, RefusesClientsThatShareNoProtocol) {
  World world;
  End server = world.server();
  ClientOptions options = world.client_options();
  options.protocols = {ApplicationProtocol::h2};
  End client = world.client(std::move(options));
  connect(client, server);
  EXPECT_EQ(server.session.failure(), Failure::no_shared_protocol);
  EXPECT_EQ(client.session.failure(), Failure::peer_alert);
  EXPECT_EQ(alert_name(client.session.peer_alert()), "no_application_protocol");
}

TEST(Handshake, ServesClientsThatDoNotNegotiateAProtocol) {
  World world;
  End server = world.server();
  ClientOptions options = world.client_options();
  options.protocols.clear();
  End client = world.client(std::move(options));
  connect(client, server);
  ASSERT_TRUE(server.session.established());
  EXPECT_EQ(server.session.application_protocol(), ApplicationProtocol::none);
}

TEST(Handshake, ChoosesTheProtocolThatTheServerPrefers) {
  World world;
  ServerOptions server_options = world.server_options();
  server_options.protocols = {ApplicationProtocol::h2, ApplicationProtocol::http_1_1};
  End server = world.server(std::move(server_options));
  ClientOptions options = world.client_options();
  options.protocols = {ApplicationProtocol::http_1_1, ApplicationProtocol::h2};
  End client = world.client(std::move(options));
  connect(client, server);
  EXPECT_EQ(client.session.application_protocol(), ApplicationProtocol::h2);
  EXPECT_EQ(server.session.application_protocol(), ApplicationProtocol::h2);
}

// --- certificates of the upstream ---------------------------------------------------------------

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
