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

}  // namespace
}  // namespace headrace::net::tls::test
