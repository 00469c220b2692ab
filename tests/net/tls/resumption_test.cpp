#include <gtest/gtest.h>

#include "net/tls/resumption_cache.h"
#include "net/tls/ticket_sealer.h"
#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

std::vector<std::byte> secret(char fill) {
  return std::vector<std::byte>(48, static_cast<std::byte>(fill));
}

using Secrets = std::vector<std::vector<std::byte>>;

std::expected<TicketKeys, std::string> made_of(const Secrets& secrets) {
  const std::vector<std::span<const std::byte>> views(secrets.begin(), secrets.end());
  return TicketKeys::from_secrets(views);
}

TicketKeys keys(const Secrets& secrets) {
  const auto made = made_of(secrets);
  HEADRACE_CHECK(made.has_value());
  return *made;
}

// A full conversation, so that tickets arrive; whether it was resumed.
bool converse(World& world, const std::shared_ptr<const ServerContext>& context,
              ResumptionCache& cache) {
  // One context for all conversations of a world, as an upstream has it.
  if (world.client_context == nullptr) {
    world.client_context = *ClientContext::build(world.client_options());
  }
  End server = world.server(context);
  End client(Session::connect(world.client_context, world.client_shard, &cache));
  connect(client, server);
  EXPECT_TRUE(client.session.established()) << text(client.session.failure());
  EXPECT_TRUE(client.send("question"));
  exchange(client, server);
  EXPECT_TRUE(server.send("answer"));
  exchange(client, server);
  EXPECT_EQ(server.received, "question");
  EXPECT_EQ(client.received, "answer");
  EXPECT_EQ(client.session.resumed(), server.session.resumed());
  EXPECT_EQ(client.session.application_protocol(), ApplicationProtocol::http_1_1);
  return client.session.resumed();
}

std::shared_ptr<const ServerContext> context_with(const World& world,
                                                  const TicketKeys& ticket_keys) {
  ServerOptions options = world.server_options();
  options.ticket_keys = ticket_keys;
  auto made = ServerContext::build(std::move(options));
  HEADRACE_CHECK(made.has_value());
  return *made;
}

TEST(Resumption, SkipsTheCertificateTheSecondTime) {
  World world;
  ResumptionCache cache;
  const auto context = context_with(world, TicketKeys::random());
  EXPECT_FALSE(converse(world, context, cache));
  EXPECT_GT(cache.size(), 0U);
  EXPECT_TRUE(converse(world, context, cache));
  EXPECT_TRUE(converse(world, context, cache));
  EXPECT_EQ(world.client_shard.counters().handshakes_resumed, 2U);
  EXPECT_EQ(world.server_shard.counters().handshakes_resumed, 2U);
  EXPECT_EQ(world.server_shard.counters().handshakes_full, 1U);
}

TEST(Resumption, TicketsComeWithTheEndOfTheHandshake) {
  World world;
  ResumptionCache cache;
  End server = world.server(context_with(world, TicketKeys::random()));
  End client(
      Session::connect(*ClientContext::build(world.client_options()), world.client_shard, &cache));
  connect(client, server);
  ASSERT_TRUE(server.session.established());
  EXPECT_GT(cache.size(), 0U) << "they waited for the first answer";
}

// A reload, a restart, another node: all that they share is the secret.
TEST(Resumption, WorksAcrossContextsThatShareTheSecret) {
  World world;
  ResumptionCache cache;
  EXPECT_FALSE(converse(world, context_with(world, keys({secret('a')})), cache));
  EXPECT_TRUE(converse(world, context_with(world, keys({secret('a')})), cache));
}

TEST(Resumption, SurvivesARotationOfKeys) {
  World world;
  ResumptionCache cache;
  EXPECT_FALSE(converse(world, context_with(world, keys({secret('a')})), cache));
  EXPECT_TRUE(converse(world, context_with(world, keys({secret('b'), secret('a')})), cache));
  // By now the newest ticket is under the new key, so that the old one may go.
  EXPECT_TRUE(converse(world, context_with(world, keys({secret('b')})), cache));
}

TEST(Resumption, IsRefusedUnderOtherKeysWithoutBreakingTheConnection) {
  World world;
  ResumptionCache cache;
  EXPECT_FALSE(converse(world, context_with(world, keys({secret('a')})), cache));
  EXPECT_FALSE(converse(world, context_with(world, keys({secret('b')})), cache));
}

TEST(Resumption, WorksByTls12Too) {
  World world;
  const auto context = context_with(world, keys({secret('a')}));
  LibraryEnd client;
  SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
  client.begin(true);
  End first = world.server(context);
  connect(client, first);
  ASSERT_TRUE(first.session.established());
  const bssl::UniquePtr<SSL_SESSION> session(SSL_get1_session(client.ssl.get()));
  client.begin(true);
  SSL_set_session(client.ssl.get(), session.get());
  End second = world.server(context);
  connect(client, second);
  EXPECT_TRUE(second.session.established());
  EXPECT_TRUE(second.session.resumed());

  LibraryEnd server;
  server.use(world.identity);
  SSL_CTX_set_max_proto_version(server.context.get(), TLS1_2_VERSION);
  ResumptionCache cache;
  const auto context_of_upstream = *ClientContext::build(world.client_options());
  for (const bool resumed : {false, true, true}) {
    server.begin(false);
    End ours(Session::connect(context_of_upstream, world.client_shard, &cache));
    connect(ours, server);
    ASSERT_TRUE(ours.session.established()) << text(ours.session.failure());
    EXPECT_EQ(ours.session.resumed(), resumed);
  }
}

// The tickets come while the library is still there to read them: before the first answer.
TEST(Resumption, TakesTicketsFromAServerThatSendsThemAtOnce) {
  World world;
  LibraryEnd server;
  server.use(world.identity);
  ResumptionCache cache;
  const auto context_of_upstream = *ClientContext::build(world.client_options());
  for (const bool resumed : {false, true}) {
    server.begin(false);
    End ours(Session::connect(context_of_upstream, world.client_shard, &cache));
    connect(ours, server);
    ASSERT_EQ(SSL_write(server.ssl.get(), "", 0), 0);
    server.collect();
    ASSERT_FALSE(server.to_send.empty());
    exchange(ours, server);
    EXPECT_EQ(ours.session.resumed(), resumed);
    EXPECT_GT(cache.size(), 0U);
    ASSERT_TRUE(ours.send("question"));
    exchange(ours, server);
    EXPECT_EQ(server.received, "question");
    server.received.clear();
  }
}

// A resumed session is not verified again, so that another context must not have it.
TEST(ResumptionCache, IsEmptyForAnotherContext) {
  World world;
  ResumptionCache cache;
  const auto server_context = context_with(world, TicketKeys::random());
  EXPECT_FALSE(converse(world, server_context, cache));
  ASSERT_GT(cache.size(), 0U);

  // Of the old context, still waiting for its answer, and so for its tickets.
  End late_server = world.server(server_context);
  End late(Session::connect(world.client_context, world.client_shard, &cache));
  connect(late, late_server);

  End server = world.server(server_context);
  End client = world.client(world.client_options("another.test"), &cache);
  EXPECT_EQ(cache.size(), 0U);
  connect(client, server);
  EXPECT_EQ(client.session.failure(), Failure::certificate_wrong_host);

  late_server.send("answer");
  exchange(late, late_server);
  EXPECT_EQ(late.received, "answer");
  EXPECT_EQ(cache.size(), 0U) << "what the old context verified came in late";
}

TEST(ResumptionCache, HoldsAFewAndDropsTheOldest) {
  World world;
  ResumptionCache cache;
  const auto context = context_with(world, TicketKeys::random());
  for (int i = 0; i < 6; ++i)
    converse(world, context, cache);
  EXPECT_EQ(cache.size(), ResumptionCache::kSessionsMax);
  // Tickets of TLS 1.3 are used once.
  for (std::size_t left = ResumptionCache::kSessionsMax; left > 0; --left) {
    const bssl::UniquePtr<SSL_SESSION> session(cache.take());
    EXPECT_NE(session, nullptr);
    EXPECT_EQ(cache.size(), left - 1);
  }
  EXPECT_EQ(cache.take(), nullptr);
}

// --- ticket keys --------------------------------------------------------------------------------

TEST(TicketKeys, RefusesWeakSecretsAndTooMany) {
  EXPECT_FALSE(TicketKeys::from_secrets({}).has_value());
  const Secrets almost = {std::vector<std::byte>(kTicketSecretBytesMin - 1)};
  EXPECT_FALSE(made_of(almost).has_value());
  const Secrets enough = {std::vector<std::byte>(kTicketSecretBytesMin)};
  EXPECT_TRUE(made_of(enough).has_value());
  Secrets many(kTicketKeysMax, secret('m'));
  EXPECT_TRUE(made_of(many).has_value());
  many.push_back(secret('m'));
  EXPECT_FALSE(made_of(many).has_value());
}

TEST(TicketKeys, RandomOnesDiffer) {
  EXPECT_NE(TicketKeys::random().all()[0].key, TicketKeys::random().all()[0].key);
}

TEST(TicketSealer, OpensWhatItSealedAndNothingDamaged) {
  const TicketSealer sealer(keys({secret('a')}));
  const std::string session = pattern(700);
  const auto* data = reinterpret_cast<const std::uint8_t*>(session.data());
  std::vector<std::uint8_t> ticket(session.size() + TicketSealer::kOverheadBytes);
  ASSERT_FALSE(sealer.seal({data, session.size()}, {ticket.data(), ticket.size() - 1}));
  ASSERT_EQ(sealer.seal({data, session.size()}, ticket), ticket.size());
  std::vector<std::uint8_t> opened(ticket.size());
  ASSERT_EQ(sealer.open(ticket, opened), session.size());
  EXPECT_EQ(std::memcmp(opened.data(), data, session.size()), 0);

  for (std::size_t at = 0; at < ticket.size(); ++at) {
    ticket[at] ^= 1;
    EXPECT_FALSE(sealer.open(ticket, opened).has_value()) << at;
    ticket[at] ^= 1;
  }
  for (const std::size_t size : {std::size_t{0}, TicketSealer::kOverheadBytes - 1,
                                 TicketSealer::kOverheadBytes, ticket.size() - 1}) {
    EXPECT_FALSE(sealer.open({ticket.data(), size}, opened).has_value()) << size;
  }
}

TEST(TicketSealer, NeverSealsTheSameTwice) {
  const TicketSealer sealer(keys({secret('a')}));
  const std::vector<std::uint8_t> session(100);
  std::vector<std::uint8_t> one(session.size() + TicketSealer::kOverheadBytes);
  std::vector<std::uint8_t> two(one.size());
  ASSERT_TRUE(sealer.seal(session, one));
  ASSERT_TRUE(sealer.seal(session, two));
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace headrace::net::tls::test
