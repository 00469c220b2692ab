#include "net/tls/record_layer.h"

#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/tls/record_secrets.h"

namespace headrace::net::tls::test {
namespace {

// Seals whatever a hostile peer might: any type, any padding.
class Forger {
 public:
  Forger(RecordSuite suite, std::uint8_t fill) : key_(suite, secret(fill, suite), 0) {}

  std::string record(std::uint8_t type, const std::string& content) {
    std::string room(kRecordHeaderBytes + content.size() + 1 + kRecordTagBytes, '\0');
    key_.seal(type, bytes_of(content), std::as_writable_bytes(std::span(room)), shard_);
    return room;
  }
  // The content type is part of what is sealed, so that padding follows it.
  std::string padded(std::uint8_t type, const std::string& content, std::size_t padding) {
    if (padding == 0) return record(type, content);
    return record(0, content + static_cast<char>(type) + std::string(padding - 1, '\0'));
  }
  void update() { key_.update(shard_); }

 private:
  Workspace shard_{2};
  RecordKey key_;
};

class Tickets final : public TicketSink {
 public:
  void on_ticket(std::span<const std::byte> message) override {
    seen.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
  }
  std::vector<std::string> seen;
};

constexpr std::uint8_t kClientFill = 1;
constexpr std::uint8_t kServerFill = 2;

class Ours {
 public:
  explicit Ours(bool is_client = false, RecordSuite suite = RecordSuite::aes_128_gcm_sha256,
                std::uint64_t records_per_key_max = kRecordsPerKeyMax)
      : layer(start(is_client, suite), shard, records_per_key_max),
        peer(suite, is_client ? kServerFill : kClientFill) {}

  static RecordLayerStart start(bool is_client, RecordSuite suite) {
    RecordLayerStart made;
    made.suite = suite;
    made.secrets.client = secret(kClientFill, suite);
    made.secrets.server = secret(kServerFill, suite);
    made.is_client = is_client;
    return made;
  }

  // Everything readable in it.
  std::string read(std::string ciphertext) {
    std::string text;
    std::span<std::byte> rest = std::as_writable_bytes(std::span(ciphertext));
    while (true) {
      const ReadStep step = layer.read(rest, {}, &tickets);
      last = step.status;
      if (step.status != ReadStatus::plaintext) break;
      text.append(reinterpret_cast<const char*>(step.plaintext.data()), step.plaintext.size());
    }
    EXPECT_TRUE(rest.empty());
    return text;
  }
  std::string write(const std::string& text, std::size_t room_bytes = 65536) {
    std::vector<std::byte> room(room_bytes);
    iovec slice{const_cast<char*>(text.data()), text.size()};
    outbox.begin(room);
    last_write = layer.write({&slice, 1}, outbox);
    const std::size_t used = outbox.end();
    return {reinterpret_cast<const char*>(room.data()), used};
  }
  std::string close() {
    std::vector<std::byte> room(1024);
    outbox.begin(room);
    layer.close(outbox);
    const std::size_t used = outbox.end();
    return {reinterpret_cast<const char*>(room.data()), used};
  }

  Workspace shard{8};
  Outbox outbox;
  RecordLayer layer;
  Forger peer;
  Tickets tickets;
  ReadStatus last = ReadStatus::wants_ciphertext;
  WriteStep last_write;
};

// What a closing layer tells: the alert in its last record.
std::optional<std::uint8_t> alert_in(std::string record, bool from_client, RecordSuite suite) {
  if (record.empty()) return std::nullopt;
  Workspace shard(2);
  RecordKey key(suite, secret(from_client ? kClientFill : kServerFill, suite), 0);
  const auto inner = key.open(std::as_writable_bytes(std::span(record)), {}, shard);
  if (!inner || inner->size() != 3) return std::nullopt;
  return std::to_integer<std::uint8_t>((*inner)[1]);
}

class RecordLayerOf : public testing::TestWithParam<RecordSuite> {};
INSTANTIATE_TEST_SUITE_P(Suite, RecordLayerOf,
                         testing::Values(RecordSuite::aes_128_gcm_sha256,
                                         RecordSuite::aes_256_gcm_sha384,
                                         RecordSuite::chacha20_poly1305_sha256));

TEST_P(RecordLayerOf, TalksToItself) {
  Ours client(true, GetParam());
  Ours server(false, GetParam());
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 100, 16384, 40'000}) {
    const std::string text(size, 'q');
    EXPECT_EQ(server.read(client.write(text)), text);
    EXPECT_EQ(client.read(server.write(text)), text);
  }
}

TEST_P(RecordLayerOf, StripsPadding) {
  Ours server(false, GetParam());
  for (const std::size_t padding : std::initializer_list<std::size_t>{0, 1, 2, 255, 16000}) {
    EXPECT_EQ(server.read(server.peer.padded(kDataType, "padded", padding)), "padded") << padding;
  }
}

TEST_P(RecordLayerOf, ChangesItsKeyBeforeTheLimit) {
  constexpr std::uint64_t kLimit = 5;
  Ours client(true, GetParam(), kLimit);
  Ours server(false, GetParam());
  for (int i = 0; i < 23; ++i) {
    EXPECT_EQ(server.read(client.write("x")), "x") << i;
  }
  // Each key protects five records, the last of them the update itself or not: 23 data records need
  // at least four changes, and each is seen once on either side.
  EXPECT_GE(client.shard.counters().key_updates, 4U);
  EXPECT_EQ(client.shard.counters().key_updates, server.shard.counters().key_updates);
  EXPECT_EQ(server.last, ReadStatus::wants_ciphertext);
}

TEST(RecordLayer, DeliversTheLargestRecordAndRefusesOneByteMore) {
  Ours server;
  EXPECT_EQ(server.read(server.peer.record(kDataType, std::string(16384, 'm'))),
            std::string(16384, 'm'));
  EXPECT_EQ(server.read(server.peer.record(kDataType, std::string(16385, 'm'))), "");
  EXPECT_EQ(server.layer.failure(), Failure::record_overflow);
  EXPECT_EQ(alert_in(server.close(), false, RecordSuite::aes_128_gcm_sha256), 22);
}

TEST(RecordLayer, RefusesLengthsBeyondTheRfcBeforeReceivingThem) {
  for (const bool too_long : {false, true}) {
    Ours server;
    const std::size_t body = 16384 + 256 + (too_long ? 1 : 0);
    std::string header = {23, 3, 3, static_cast<char>(body >> 8), static_cast<char>(body)};
    EXPECT_EQ(server.read(header), "");
    EXPECT_EQ(server.last, too_long ? ReadStatus::failed : ReadStatus::wants_ciphertext);
    EXPECT_EQ(server.layer.failure(), too_long ? Failure::record_overflow : Failure::none);
  }
}

TEST(RecordLayer, RefusesOtherHeaders) {
  const struct {
    std::initializer_list<int> header;
    Failure failure;
  } cases[] = {
      {{20, 3, 3, 0, 1}, Failure::malformed},   // ChangeCipherSpec is over with the handshake
      {{21, 3, 3, 0, 2}, Failure::malformed},   // an alert in the open
      {{22, 3, 3, 0, 40}, Failure::malformed},  // a handshake in the open
      {{23, 3, 1, 0, 40}, Failure::malformed},  // another version
      {{23, 2, 3, 0, 40}, Failure::malformed},
      {{71, 69, 84, 32, 47}, Failure::malformed},  // GET /
      {{23, 3, 3, 0, 0}, Failure::bad_record_mac},
      {{23, 3, 3, 0, 16}, Failure::bad_record_mac},
  };
  for (const auto& one : cases) {
    for (const std::size_t slice : std::initializer_list<std::size_t>{1, 100}) {
      Ours server;
      std::string wire;
      for (const int byte : one.header)
        wire += static_cast<char>(byte);
      wire += std::string(64, 'x');
      for (std::size_t at = 0; at < wire.size(); at += slice) {
        EXPECT_EQ(server.read(wire.substr(at, slice)), "");
      }
      EXPECT_EQ(server.layer.failure(), one.failure);
      server.write("refused");
      EXPECT_TRUE(server.last_write.failed);
    }
  }
}

TEST(RecordLayer, RefusesRecordsWithoutContentType) {
  Ours server;
  EXPECT_EQ(server.read(server.peer.record(0, std::string(10, '\0'))), "");
  EXPECT_EQ(server.layer.failure(), Failure::malformed);
  Ours unknown;
  EXPECT_EQ(unknown.read(unknown.peer.record(99, "what")), "");
  EXPECT_EQ(unknown.layer.failure(), Failure::malformed);
}

TEST(RecordLayer, BoundsRecordsThatCarryNothing) {
  Ours server;
  for (unsigned i = 0; i < kControlRecordsMax; ++i) {
    server.read(server.peer.record(kDataType, ""));
    ASSERT_EQ(server.layer.failure(), Failure::none) << i;
  }
  EXPECT_EQ(server.read(server.peer.record(kDataType, "x")), "x");  // begins anew
  for (unsigned i = 0; i < kControlRecordsMax; ++i)
    server.read(server.peer.record(kDataType, ""));
  ASSERT_EQ(server.layer.failure(), Failure::none);
  server.read(server.peer.record(kDataType, ""));
  EXPECT_EQ(server.layer.failure(), Failure::excess_control_records);
}

TEST(RecordLayer, BoundsKeyUpdates) {
  Ours server;
  const std::string update({24, 0, 0, 1, 1});
  for (unsigned i = 0; i < kControlRecordsMax; ++i) {
    server.read(server.peer.record(kHandshakeType, update));
    server.peer.update();
  }
  ASSERT_EQ(server.layer.failure(), Failure::none);
  server.read(server.peer.record(kHandshakeType, update));
  EXPECT_EQ(server.layer.failure(), Failure::excess_control_records);
}

TEST(RecordLayer, RefusesOddKeyUpdates) {
  const struct {
    std::string messages;
    Failure failure;
  } cases[] = {
      {{24, 0, 0, 1, 0}, Failure::none},
      {{24, 0, 0, 1, 1}, Failure::none},
      {{24, 0, 0, 1, 2}, Failure::malformed},
      {{24, 0, 0, 2, 0, 0}, Failure::malformed},
      {{24, 0, 0, 0}, Failure::malformed},
      {{24, 0, 0, 1}, Failure::malformed},                     // its body in the next record
      {{24, 0, 0, 1, 0, 24, 0, 0, 1, 0}, Failure::malformed},  // not the last of its record
      {{}, Failure::malformed},                                // an empty handshake record
  };
  for (const auto& one : cases) {
    Ours server;
    server.read(server.peer.record(kHandshakeType, one.messages));
    EXPECT_EQ(server.layer.failure(), one.failure) << one.messages.size();
  }
}

TEST(RecordLayer, RefusesAKeyUpdateSplitOverRecords) {
  Ours server;
  server.read(server.peer.record(kHandshakeType, std::string({24, 0, 0})));
  EXPECT_EQ(server.layer.failure(), Failure::none);
  server.read(server.peer.record(kHandshakeType, std::string({1, 0})));
  EXPECT_EQ(server.layer.failure(), Failure::malformed);
}

TEST(RecordLayer, RefusesTheOldKeyAfterAnUpdate) {
  Ours server;
  server.read(server.peer.record(kHandshakeType, std::string({24, 0, 0, 1, 0})));
  EXPECT_EQ(server.read(server.peer.record(kDataType, "under the old key")), "");
  EXPECT_EQ(server.layer.failure(), Failure::bad_record_mac);
}

TEST(RecordLayer, RefusesHandshakesAfterTheHandshake) {
  for (const char type : std::string({1, 2, 4, 8, 11, 13, 15, 20, 25})) {
    Ours server;
    server.read(server.peer.record(kHandshakeType, std::string({type, 0, 0, 4, 1, 2, 3, 4})));
    EXPECT_EQ(server.layer.failure(), Failure::malformed) << int{type};
    EXPECT_EQ(alert_in(server.close(), false, RecordSuite::aes_128_gcm_sha256), 10);
    if (type == 4) continue;  // a ticket, which a client may get
    Ours client(true);
    client.read(client.peer.record(kHandshakeType, std::string({type, 0, 0, 4, 1, 2, 3, 4})));
    EXPECT_EQ(client.layer.failure(), Failure::malformed) << int{type};
  }
}

TEST(RecordLayer, HandsOnWholeTicketsAndSkipsSplitOnes) {
  const std::string ticket = std::string({4, 0, 0, 6}) + "ticket";
  Ours client(true);
  client.read(client.peer.record(kHandshakeType, ticket + ticket));
  EXPECT_EQ(client.tickets.seen, (std::vector<std::string>{ticket, ticket}));

  // Split at every place, headers too, over two and over many records.
  for (std::size_t cut = 1; cut < ticket.size(); ++cut) {
    Ours split(true);
    split.read(split.peer.record(kHandshakeType, ticket.substr(0, cut)));
    split.read(split.peer.record(kHandshakeType, ticket.substr(cut) + ticket));
    EXPECT_EQ(split.layer.failure(), Failure::none) << cut;
    EXPECT_EQ(split.tickets.seen.size(), 1U) << cut;
    EXPECT_EQ(split.read(split.peer.record(kDataType, "after")), "after") << cut;
  }
  Ours drip(true);
  for (const char byte : ticket)
    drip.read(drip.peer.record(kHandshakeType, std::string(1, byte)));
  EXPECT_EQ(drip.read(drip.peer.record(kDataType, "after")), "after");
}

TEST(RecordLayer, RefusesDataBetweenThePartsOfAMessage) {
  for (const std::size_t cut : std::initializer_list<std::size_t>{2, 6}) {
    Ours client(true);
    client.read(
        client.peer.record(kHandshakeType, (std::string({4, 0, 0, 6}) + "ticket").substr(0, cut)));
    EXPECT_EQ(client.read(client.peer.record(kDataType, "smuggled")), "");
    EXPECT_EQ(client.layer.failure(), Failure::malformed);
  }
}

TEST(RecordLayer, JudgesAlerts) {
  const struct {
    std::string alert;
    ReadStatus status;
    Failure failure;
  } cases[] = {
      {{1, 0}, ReadStatus::closed, Failure::none},
      {{2, 0}, ReadStatus::closed, Failure::none},
      {{1, 90}, ReadStatus::wants_ciphertext, Failure::none},  // user_canceled
      {{2, 40}, ReadStatus::failed, Failure::peer_alert},
      {{1, 40}, ReadStatus::failed, Failure::peer_alert},  // the level counts for nothing
      {{1, 100}, ReadStatus::failed, Failure::peer_alert},
      {{2}, ReadStatus::failed, Failure::malformed},
      {{2, 40, 0, 1}, ReadStatus::failed, Failure::malformed},
      {{2, 40, 2, 40}, ReadStatus::failed, Failure::malformed},
      {{}, ReadStatus::failed, Failure::malformed},
  };
  for (const auto& one : cases) {
    Ours server;
    server.read(server.peer.record(kAlertType, one.alert));
    EXPECT_EQ(server.last, one.status) << one.alert.size();
    EXPECT_EQ(server.layer.failure(), one.failure) << one.alert.size();
    if (one.failure == Failure::peer_alert) {
      EXPECT_EQ(server.layer.peer_alert(), one.alert[1]);
      EXPECT_EQ(server.close(), "") << "an alert is not answered";
    }
  }
}

TEST(RecordLayer, IgnoresWhatFollowsTheEnd) {
  Ours server;
  const std::string end = server.peer.record(kAlertType, std::string({1, 0}));
  EXPECT_EQ(server.read(end + server.peer.record(kDataType, "late")), "");
  EXPECT_EQ(server.last, ReadStatus::closed);
  EXPECT_EQ(server.read("garbage"), "");
  EXPECT_EQ(server.last, ReadStatus::closed);
}

TEST(RecordLayer, TellsTheReasonWhenItGivesUp) {
  Ours server;
  std::string damaged = server.peer.record(kDataType, "text");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  server.read(damaged);
  EXPECT_EQ(alert_in(server.close(), false, RecordSuite::aes_128_gcm_sha256), 20);
  EXPECT_EQ(server.close(), "");
}

TEST(RecordLayer, WritesNothingAfterItsEnd) {
  Ours server;
  EXPECT_EQ(alert_in(server.close(), false, RecordSuite::aes_128_gcm_sha256), 0);
  EXPECT_EQ(server.write("late"), "");
  EXPECT_TRUE(server.last_write.failed);
}

TEST(RecordLayer, ShowsNothingOfADamagedRecord) {
  Ours server;
  std::string damaged = server.peer.record(kDataType, "secret text");
  damaged[7] = static_cast<char>(damaged[7] ^ 1);
  std::span<std::byte> rest = std::as_writable_bytes(std::span(damaged));
  EXPECT_EQ(server.layer.read(rest, {}, nullptr).status, ReadStatus::failed);
  EXPECT_EQ(damaged.find("text"), std::string::npos);
}

}  // namespace
}  // namespace headrace::net::tls::test
