// What TLS 1.3 with our own record layer promises of a session beyond the rest: where records are
// opened and sealed, new keys, and what an idle session costs; and what TLS 1.2 must not do.
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/aead.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

TEST(RecordsInPlace, AreDecryptedOnceEncryptedOnceAndNothingElse) {
  World world;
  End server = world.server();
  End client = world.client();
  connect(client, server);
  client.send("warm");
  exchange(client, server);
  server.send("warm");
  exchange(client, server);

  const Counters before = world.server_shard.counters();
  const std::string request = pattern(1500);
  client.send(request);
  exchange(client, server);
  ASSERT_EQ(server.received, "warm" + request);
  const std::string answer = pattern(65'536);
  server.room_bytes = 131'072;
  server.send(answer);
  exchange(client, server);
  const Counters after = world.server_shard.counters();
  EXPECT_EQ(after.records_opened - before.records_opened, 1U);
  EXPECT_EQ(after.bytes_opened - before.bytes_opened, request.size());
  EXPECT_EQ(after.records_sealed - before.records_sealed, 4U);
  EXPECT_EQ(after.bytes_sealed - before.bytes_sealed, answer.size());
  EXPECT_EQ(after.bytes_copied_in - before.bytes_copied_in, 0U);
  EXPECT_EQ(after.bytes_copied_out - before.bytes_copied_out, 0U);
  EXPECT_EQ(after.key_expansions - before.key_expansions, 0U);
  EXPECT_EQ(server.records_apart, 0U);
  server.send("a short answer");
  EXPECT_EQ(world.server_shard.counters().bytes_copied_out, after.bytes_copied_out);
}

TEST(RecordsInPlace, OnlyTheRecordAcrossTwoSlicesIsCopied) {
  World world;
  End server = world.server();
  End client = world.client();
  connect(client, server);
  client.room_bytes = 131'072;
  client.send(pattern(65'536));
  const Counters before = world.server_shard.counters();
  server.slice_bytes_max = 40'000;  // two records and a part, then the rest
  exchange(client, server);
  EXPECT_EQ(server.received, pattern(65'536));
  EXPECT_EQ(server.records_in_place, 3U);
  EXPECT_EQ(server.records_apart, 1U);
  const std::uint64_t copied =
      world.server_shard.counters().bytes_copied_in - before.bytes_copied_in;
  EXPECT_LE(copied, kRecordPlaintextBytesMax + kRecordOverheadBytesMax);
}

TEST(RecordsInPlace, OnlySmallNeighboursAreGathered) {
  World world;
  End server = world.server();
  End client = world.client();
  connect(client, server);
  server.send("tickets go first");
  const std::string small = pattern(1100);
  const std::string just_small = pattern(kDirectSealBytes - 1);
  const std::string just_large = pattern(kDirectSealBytes);
  const std::string large = pattern(10'000);
  const struct {
    std::vector<std::string_view> slices;
    std::uint64_t records;
    std::uint64_t copied;
  } cases[] = {
      {{"head", small}, 1, 1104},  // a head and a small body travel together
      {{"head", "ers", large}, 2, 7},
      {{"head", just_large}, 2, 0},
      {{"head", just_small}, 1, 4 + kDirectSealBytes - 1},
      {{large, "trailer"}, 2, 0},
      {{large, "trail", "er"}, 2, 7},
  };
  for (const auto& one : cases) {
    const Counters before = world.server_shard.counters();
    server.send(one.slices);
    const Counters after = world.server_shard.counters();
    EXPECT_EQ(after.records_sealed - before.records_sealed, one.records);
    EXPECT_EQ(after.bytes_copied_out - before.bytes_copied_out, one.copied);
  }
}

TEST(RecordsInPlace, SayHowMuchIsMissing) {
  World world;
  End server = world.server();
  End client = world.client();
  connect(client, server);
  client.send(pattern(100));
  const std::string wire = std::exchange(client.to_send, {});
  EXPECT_EQ(server.session.record_bytes_missing(), 0U);
  std::span<std::byte> nothing;
  EXPECT_EQ(server.session.read(nothing).status, ReadStatus::wants_ciphertext);
  server.deliver(wire.substr(0, 2));
  EXPECT_EQ(server.session.record_bytes_missing(), 3U);
  server.deliver(wire.substr(2, 50));
  EXPECT_EQ(server.session.record_bytes_missing(), wire.size() - 52);
  server.deliver(wire.substr(52));
  EXPECT_EQ(server.session.record_bytes_missing(), 0U);
  EXPECT_EQ(server.received, pattern(100));
  // The next one knows nothing of the last.
  client.send("x");
  server.deliver(client.to_send.substr(0, 1));
  EXPECT_EQ(server.session.record_bytes_missing(), 4U);
}

TEST(KeyUpdate, IsFollowedAndAnsweredBothWays) {
  for (const bool ours_is_server : {true, false}) {
    World world;
    LibraryEnd peer;
    std::unique_ptr<End> ours;
    if (ours_is_server) {
      ours = std::make_unique<End>(world.server());
    } else {
      peer.use(world.identity);
      ours = std::make_unique<End>(world.client());
    }
    peer.begin(ours_is_server);
    ours_is_server ? connect(peer, *ours) : connect(*ours, peer);
    Workspace& shard = ours_is_server ? world.server_shard : world.client_shard;
    for (int round = 0; round < 5; ++round) {
      ASSERT_EQ(SSL_key_update(peer.ssl.get(), SSL_KEY_UPDATE_REQUESTED), 1);
      ASSERT_TRUE(peer.send("under the next key"));
      exchange(peer, *ours);
      ASSERT_EQ(ours->received, "under the next key") << text(ours->session.failure());
      ASSERT_TRUE(ours->send("so do we"));
      exchange(peer, *ours);
      ASSERT_EQ(peer.received, "so do we") << peer.last_reason;
      ours->received.clear();
      peer.received.clear();
    }
    EXPECT_EQ(shard.counters().key_updates, 10U);
  }
}

TEST(KeyUpdate, ManyRequestsAreAnsweredOnce) {
  World world;
  End server = world.server();
  LibraryEnd client;
  client.begin(true);
  connect(client, server);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(client.send("x"));
  }
  exchange(client, server);
  EXPECT_EQ(server.received, std::string(20, 'x'));
  EXPECT_TRUE(server.to_send.empty()) << "nothing is sent before there is something to say";
  server.send("answer");
  exchange(client, server);
  EXPECT_EQ(client.received, "answer");
  EXPECT_EQ(world.server_shard.counters().key_updates, 21U);
  server.send(" and more");
  exchange(client, server);
  EXPECT_EQ(client.received, "answer and more");
  EXPECT_EQ(world.server_shard.counters().key_updates, 21U);
}

// --- renegotiation (TLS 1.2) --------------------------------------------------------------------

// BoringSSL cannot be asked to begin one, so the record is sealed with the keys that it exports:
// ECDHE with AES-128-GCM, RFC 5288.
std::string tls12_handshake_record(SSL* ssl, const std::string& message) {
  std::vector<std::uint8_t> block(SSL_get_key_block_len(ssl));
  HEADRACE_CHECK(block.size() == 2 * 16 + 2 * 4);
  HEADRACE_CHECK(SSL_generate_key_block(ssl, block.data(), block.size()) == 1);
  const bool is_server = SSL_is_server(ssl) == 1;
  const std::uint8_t* key = block.data() + (is_server ? 16 : 0);
  const std::uint8_t* salt = block.data() + 32 + (is_server ? 4 : 0);
  std::uint8_t nonce[12];
  std::uint8_t context[13];
  std::memcpy(nonce, salt, 4);
  const std::uint64_t sequence = SSL_get_write_sequence(ssl);
  for (unsigned i = 0; i < 8; ++i) {
    nonce[4 + i] = context[i] = static_cast<std::uint8_t>(sequence >> (56 - 8 * i));
  }
  const std::uint8_t header[] = {22, 3, 3, 0, static_cast<std::uint8_t>(message.size())};
  std::memcpy(context + 8, header, sizeof header);
  std::string record(5 + 8 + message.size() + 16, '\0');
  std::memcpy(record.data(), header, 3);
  record[4] = static_cast<char>(record.size() - 5);
  std::memcpy(record.data() + 5, nonce + 4, 8);
  bssl::ScopedEVP_AEAD_CTX aead;
  HEADRACE_CHECK(EVP_AEAD_CTX_init(aead.get(), EVP_aead_aes_128_gcm(), key, 16, 16, nullptr) == 1);
  std::size_t sealed = 0;
  HEADRACE_CHECK(EVP_AEAD_CTX_seal(aead.get(), reinterpret_cast<std::uint8_t*>(record.data()) + 13,
                                   &sealed, message.size() + 16, nonce, sizeof nonce,
                                   reinterpret_cast<const std::uint8_t*>(message.data()),
                                   message.size(), context, sizeof context) == 1);
  return record;
}

TEST(Renegotiation, IsRefusedInBothRoles) {
  for (const bool ours_is_server : {true, false}) {
    World world;
    LibraryEnd peer;
    peer.use(world.identity);
    SSL_CTX_set_max_proto_version(peer.context.get(), TLS1_2_VERSION);
    SSL_CTX_set_strict_cipher_list(peer.context.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    End ours = ours_is_server ? world.server() : world.client();
    peer.begin(ours_is_server);
    ours_is_server ? connect(peer, ours) : connect(ours, peer);
    ASSERT_TRUE(ours.session.established());
    // A ClientHello to the server, a HelloRequest to the client.
    const std::string message =
        ours_is_server ? std::string({1, 0, 0, 4, 3, 3, 0, 0}) : std::string({0, 0, 0, 0});
    ours.deliver(tls12_handshake_record(peer.ssl.get(), message));
    EXPECT_EQ(ours.session.failure(), Failure::renegotiation);
    EXPECT_FALSE(ours.to_send.empty()) << "the alert";
  }
}

// --- memory -------------------------------------------------------------------------------------

#ifndef HEADRACE_SANITIZED  // whose allocator does not fill in mallinfo2

// After one request and its answer.
std::size_t bytes_per_idle_session(bool is_server, int version) {
  constexpr std::size_t kSessions = 64;
  World world;
  const auto server_context = ServerContext::build(world.server_options());
  const auto client_context = ClientContext::build(world.client_options());
  ResumptionCache cache;
  LibraryEnd peer;
  peer.use(world.identity);
  SSL_CTX_set_max_proto_version(peer.context.get(), static_cast<std::uint16_t>(version));
  std::vector<End> ours;
  ours.reserve(kSessions);
  for (std::size_t i = 0; i < kSessions; ++i) {
    peer.begin(is_server);
    if (is_server) {
      ours.push_back(world.server(*server_context));
      connect(peer, ours.back());
      peer.send(pattern(500));
    } else {
      ours.emplace_back(Session::connect(*client_context, world.client_shard, &cache));
      connect(ours.back(), peer);
    }
    HEADRACE_CHECK(ours.back().session.established());
    ours.back().send(pattern(500));
    if (!is_server) peer.send(pattern(500));
    exchange(peer, ours.back());
    HEADRACE_CHECK(ours.back().received == pattern(500));
    ours.back().received = ours.back().to_send = std::string();
  }
  const std::size_t with = mallinfo2().uordblks;
  for (End& end : ours)
    end.session = Session();
  return (with - mallinfo2().uordblks) / kSessions;
}

TEST(IdleSession, CostsAFewHundredBytes) {
  for (const bool is_server : {true, false}) {
    const std::size_t modern = bytes_per_idle_session(is_server, TLS1_3_VERSION);
    const std::size_t old = bytes_per_idle_session(is_server, TLS1_2_VERSION);
    EXPECT_GT(modern, 100U);  // something was measured
    EXPECT_LE(modern, kIdleBytesPlanned);
    EXPECT_LE(old, kIdleBytesPlannedTls12);
    RecordProperty(is_server ? "server_tls13_bytes" : "client_tls13_bytes",
                   static_cast<int>(modern));
    RecordProperty(is_server ? "server_tls12_bytes" : "client_tls12_bytes", static_cast<int>(old));
  }
}

TEST(HandshakingSession, HoldsNoMoreThanPlanned) {
  constexpr std::size_t kSessions = 32;
  World world;
  const auto context = ServerContext::build(world.server_options());
  std::vector<End> ours;
  ours.reserve(kSessions);
  const std::size_t before = mallinfo2().uordblks;
  for (std::size_t i = 0; i < kSessions; ++i) {
    LibraryEnd peer;
    peer.begin(true);
    peer.start();
    ours.push_back(world.server(*context));
    ours.back().deliver(peer.to_send);  // and the rest never comes
    ours.back().to_send = std::string();
    ASSERT_FALSE(ours.back().session.established());
  }
  const std::size_t held = (mallinfo2().uordblks - before) / kSessions;
  RecordProperty("bytes", static_cast<int>(held));
  EXPECT_GT(held, 1000U);
  EXPECT_LE(held, kHandshakeBytesPlanned);
}

#endif

}  // namespace
}  // namespace headrace::net::tls::test
