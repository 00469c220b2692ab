#include "net/tls/server_context.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

std::shared_ptr<const ServerContext> context_of(const std::vector<const Identity*>& identities) {
  ServerOptions options;
  for (const Identity* identity : identities) {
    options.credentials.push_back(World::credential(*identity));
  }
  auto made = ServerContext::build(std::move(options));
  HEADRACE_CHECK(made.has_value());
  return *made;
}

TEST(ServerContext, ChoosesByExactThenWildcardThenTheFirst) {
  const Identity first = make_identity({.dns_names = {"first.test"}});
  const Identity second = make_identity({.dns_names = {"api.second.test", "*.second.test"}});
  const Identity third = make_identity({.dns_names = {"*.third.test", "www.second.test"}});
  const auto context = context_of({&first, &second, &third});
  const struct {
    const char* name;
    std::size_t chosen;
  } cases[] = {
      {"first.test", 0},
      {"FIRST.Test", 0},
      {"api.second.test", 1},
      {"other.second.test", 1},
      {"www.second.test", 2},
      {"x.third.test", 2},
      {"X.THIRD.TEST", 2},
      {"third.test", 0},
      {"a.b.third.test", 0},
      {"unknown.test", 0},
      {"", 0},
      {".", 0},
      {".third.test", 0},
      {"nodots", 0},
      {"*.third.test", 2},
  };
  for (const auto& one : cases)
    EXPECT_EQ(context->select(one.name, true), one.chosen) << one.name;
  EXPECT_EQ(context->select(std::string(255, 'a') + ".third.test", true), 0U);
  EXPECT_EQ(context->select(std::string(300, '.'), true), 0U);
}

TEST(ServerContext, ChoosesByWhatTheClientCanVerify) {
  const Identity rsa = make_identity({.dns_names = {"both.test"}}, nullptr, make_rsa_key(2048));
  const Identity ecdsa = make_identity({.dns_names = {"both.test", "modern.test"}});
  const auto context = context_of({&rsa, &ecdsa});
  EXPECT_EQ(context->select("both.test", true), 1U);
  EXPECT_EQ(context->select("both.test", false), 0U);
  EXPECT_EQ(context->select("modern.test", false), 1U);  // there is no other
  EXPECT_EQ(context->select("unknown.test", true), 0U);  // the first, whatever its kind
  const auto reversed = context_of({&ecdsa, &rsa});
  EXPECT_EQ(reversed->select("unknown.test", true), 0U);
  EXPECT_EQ(reversed->select("unknown.test", false), 1U);
}

TEST(ServerContext, ShowsTheChosenCertificate) {
  World world;
  const Identity other = make_identity({.dns_names = {"other.test"}}, &world.authority);
  const auto context = context_of({&world.identity, &other});
  for (const bool named : {true, false}) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      End server = world.server(context);
      LibraryEnd client;
      SSL_CTX_set_max_proto_version(client.context.get(), static_cast<std::uint16_t>(version));
      client.begin(true);
      if (named) SSL_set_tlsext_host_name(client.ssl.get(), "other.test");
      connect(client, server);
      ASSERT_TRUE(server.session.established());
      const bssl::UniquePtr<X509> seen(SSL_get_peer_certificate(client.ssl.get()));
      const Identity& expected = named ? other : world.identity;
      EXPECT_EQ(X509_cmp(seen.get(), expected.certificate.get()), 0);
    }
  }
}

TEST(ServerContext, ServesRsaToClientsWithoutEcdsa) {
  World world;
  const Identity rsa =
      make_identity({.dns_names = {"provider.test"}}, &world.authority, make_rsa_key(2048));
  const auto context = context_of({&world.identity, &rsa});
  for (const bool old : {true, false}) {
    End server = world.server(context);
    LibraryEnd client;
    if (old) {
      const std::uint16_t algorithms[] = {SSL_SIGN_RSA_PSS_RSAE_SHA256};
      SSL_CTX_set_verify_algorithm_prefs(client.context.get(), algorithms, 1);
    }
    client.begin(true);
    SSL_set_tlsext_host_name(client.ssl.get(), "provider.test");
    connect(client, server);
    ASSERT_TRUE(server.session.established()) << text(server.session.failure());
    const bssl::UniquePtr<X509> seen(SSL_get_peer_certificate(client.ssl.get()));
    const Identity& expected = old ? rsa : world.identity;
    EXPECT_EQ(X509_cmp(seen.get(), expected.certificate.get()), 0);
  }
}

// A reload: new connections get the new certificate, running ones go on under the old.
TEST(ServerContext, IsReplacedWithoutTouchingRunningSessions) {
  World world;
  auto context = context_of({&world.identity});
  const std::weak_ptr<const ServerContext> old = context;
  End running = world.server(context);
  End client = world.client();
  client.start();  // in the middle of its handshake

  const Identity renewed = make_identity({.dns_names = {"provider.test"}}, &world.authority);
  context = context_of({&renewed});
  EXPECT_FALSE(old.expired());
  exchange(client, running);
  ASSERT_TRUE(running.session.established());
  EXPECT_TRUE(old.expired()) << "an established session needs its context no more";
  ASSERT_TRUE(client.send("still here"));
  exchange(client, running);
  EXPECT_EQ(running.received, "still here");

  End fresh = world.server(context);
  LibraryEnd observer;
  observer.begin(true);
  connect(observer, fresh);
  const bssl::UniquePtr<X509> seen(SSL_get_peer_certificate(observer.ssl.get()));
  EXPECT_EQ(X509_cmp(seen.get(), renewed.certificate.get()), 0);
}

// One context for all shards: each thread has its own workspace and sessions.
TEST(ServerContext, IsSharedByShards) {
  World world;
  const Identity other =
      make_identity({.dns_names = {"other.test"}}, &world.authority, make_rsa_key(2048));
  const auto context = context_of({&world.identity, &other});
  const auto anchors = World::anchors(world.authority);
  std::array<int, 3> established{};
  std::vector<std::thread> shards;
  shards.reserve(established.size());
  for (int& count : established) {
    shards.emplace_back([&context, &anchors, &count] {
      Workspace workspace;
      ResumptionCache cache;
      for (int i = 0; i < 20; ++i) {
        ClientOptions options;
        options.host = i % 2 == 0 ? "provider.test" : "other.test";
        options.anchors = anchors;
        const auto client_context = ClientContext::build(std::move(options));
        End server(Session::accept(context, workspace));
        End client(Session::connect(*client_context, workspace, &cache));
        connect(client, server);
        server.send("answer");
        exchange(client, server);
        if (client.received == "answer") ++count;
      }
    });
  }
  for (std::thread& shard : shards)
    shard.join();
  EXPECT_EQ(established, (std::array<int, 3>{20, 20, 20}));
}

TEST(ServerContext, NeedsACertificate) {
  const auto made = ServerContext::build({});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error(), std::vector<std::string>{"a TLS listener needs a certificate"});
}

TEST(ClientContext, RefusesNamesThatCannotBe) {
  World world;
  for (const char* host : {"", "with space", "https://x", "host:443", "a\tb", ".dot", "dot."}) {
    const auto made = ClientContext::build(world.client_options(host));
    ASSERT_FALSE(made.has_value()) << host;
    EXPECT_NE(made.error()[0].find("neither a DNS name nor an IP address"), std::string::npos);
  }
  ClientOptions unanchored = world.client_options();
  unanchored.anchors = nullptr;
  EXPECT_FALSE(ClientContext::build(std::move(unanchored)).has_value());
}

TEST(TrustAnchors, CountAndRefuse) {
  World world;
  const Identity second = make_authority("Second");
  const std::string two =
      world.authority.certificate_pem() + "# a comment\n" + second.certificate_pem();
  const auto made = TrustAnchors::parse(bytes_of(two));
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ((*made)->count(), 2U);
  EXPECT_FALSE(TrustAnchors::parse(bytes_of("")).has_value());
  EXPECT_FALSE(TrustAnchors::parse(bytes_of("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                            "-----END CERTIFICATE-----\n"))
                   .has_value());
}

}  // namespace
}  // namespace headrace::net::tls::test
