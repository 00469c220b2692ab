#include "net/tls/session.h"

#include <gtest/gtest.h>

#include "tests/net/tls/ends.h"

namespace headrace::net::tls::test {
namespace {

// What holds of a session holds whether our record layer carries it (1.3) or the library (1.2).
class SessionOf : public testing::TestWithParam<int> {
 protected:
  // Our session against BoringSSL's, in either role.
  void connect_to_library(bool ours_is_server) {
    if (ours_is_server) {
      ours = std::make_unique<End>(world.server());
    } else {
      peer.use(world.identity);
      ours = std::make_unique<End>(world.client());
    }
    SSL_CTX_set_max_proto_version(peer.context.get(), static_cast<std::uint16_t>(GetParam()));
    peer.begin(ours_is_server);
    if (ours_is_server) {
      connect(peer, *ours);
    } else {
      connect(*ours, peer);
    }
    ASSERT_TRUE(ours->session.established()) << text(ours->session.failure());
    ASSERT_EQ(ours->session.version(), GetParam());
  }

  World world;
  LibraryEnd peer;
  std::unique_ptr<End> ours;
};

INSTANTIATE_TEST_SUITE_P(Version, SessionOf, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& of) {
                           return of.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
                         });

TEST_P(SessionOf, CarriesEverySizeBothWays) {
  for (const bool ours_is_server : {true, false}) {
    connect_to_library(ours_is_server);
    for (const std::size_t size :
         std::initializer_list<std::size_t>{1, 2, 15, 16, 17, 1500, 4095, 4096, 4097, 16383, 16384,
                                            16385, 32'768, 100'000, 1'000'000}) {
      const std::string sent = pattern(size);
      ASSERT_TRUE(ours->send(sent));
      exchange(*ours, peer);
      ASSERT_EQ(peer.received, sent) << size;
      peer.received.clear();
      ASSERT_TRUE(peer.send(sent));
      exchange(peer, *ours);
      ASSERT_EQ(ours->received, sent) << size;
      ours->received.clear();
    }
  }
}

TEST_P(SessionOf, PutsRecordsTogetherFromAnySlices) {
  for (const bool ours_is_server : {true, false}) {
    connect_to_library(ours_is_server);
    for (const std::size_t slice :
         std::initializer_list<std::size_t>{1, 2, 4, 5, 6, 7, 1000, 4096, 16384}) {
      ours->slice_bytes_max = slice;
      const std::string sent = pattern(slice < 10 ? 3000 : 70'000);
      ASSERT_TRUE(peer.send(sent));
      exchange(peer, *ours);
      ASSERT_EQ(ours->received, sent) << slice;
      ours->received.clear();
    }
  }
}

TEST_P(SessionOf, SendsManySlicesInOrder) {
  connect_to_library(true);
  const std::string large = pattern(20'000);
  for (const std::size_t room :
       std::initializer_list<std::size_t>{kRoomBytesMin, std::size_t{5000}, std::size_t{65536}}) {
    ours->room_bytes = room;
    const std::vector<std::string_view> slices = {"HTTP/1.1 200 OK\r\n",
                                                  "",
                                                  "\r\n",
                                                  large,
                                                  "x",
                                                  std::string_view(large).substr(5, 4096),
                                                  "",
                                                  "tail"};
    std::string whole;
    for (const auto slice : slices)
      whole += slice;
    ASSERT_TRUE(ours->send(slices));
    exchange(*ours, peer);
    EXPECT_EQ(peer.received, whole) << room;
    peer.received.clear();
  }
}

TEST_P(SessionOf, StopsAtTheEndOfTheRoomAndGoesOn) {
  connect_to_library(true);
  std::string text = pattern(100'000);
  const iovec slice{text.data(), text.size()};
  std::vector<std::byte> room(kRoomBytesMin);
  const WriteStep step = ours->session.write({&slice, 1}, room);
  EXPECT_FALSE(step.failed);
  EXPECT_GT(step.consumed, 0U);
  EXPECT_LE(step.produced, room.size());
  EXPECT_GT(step.produced, step.consumed);
}

TEST_P(SessionOf, NeedsNoMoreRoomThanPromised) {
  connect_to_library(true);
  ours->send("first");  // the tickets of the handshake are gone with it
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1, 1000, 4096, 16384, 16385, 50'000}) {
    std::string text = pattern(size);
    const iovec slices[] = {{text.data(), size / 2}, {text.data() + size / 2, size - size / 2}};
    std::vector<std::byte> room(std::max(kRoomBytesMin, sealed_bytes_max(size, 2)));
    const WriteStep step = ours->session.write(slices, room);
    EXPECT_EQ(step.consumed, size);
  }
}

TEST_P(SessionOf, NothingToWriteProducesNoRecord) {
  connect_to_library(true);
  ours->send("tickets go first");
  std::vector<std::byte> room(kRoomBytesMin);
  const iovec empty{room.data(), 0};
  EXPECT_EQ(ours->session.write({}, room).produced, 0U);
  EXPECT_EQ(ours->session.write({&empty, 1}, room).produced, 0U);
}

TEST_P(SessionOf, TellsAnOrderlyEndFromATruncation) {
  for (const bool orderly : {true, false}) {
    connect_to_library(true);
    ASSERT_TRUE(peer.send("all there is"));
    if (orderly) peer.send_close();
    exchange(peer, *ours);
    EXPECT_EQ(ours->received, "all there is");
    EXPECT_EQ(ours->closed, orderly);
    EXPECT_EQ(ours->session.received_end(), orderly ? Failure::none : Failure::truncated);
    ours->received.clear();
    ours->closed = false;
    peer.received.clear();
  }
}

TEST_P(SessionOf, TruncationWithinARecordIsSeen) {
  connect_to_library(true);
  ASSERT_TRUE(peer.send("cut short"));
  ours->deliver(peer.to_send.substr(0, peer.to_send.size() - 1));
  EXPECT_EQ(ours->received, "");
  EXPECT_EQ(ours->session.received_end(), Failure::truncated);
}

TEST_P(SessionOf, StillSendsAfterTheOtherSideHasClosed) {
  connect_to_library(true);
  peer.send_close();
  exchange(peer, *ours);
  ASSERT_TRUE(ours->closed);
  EXPECT_TRUE(ours->send("the rest of the answer"));
  EXPECT_FALSE(ours->to_send.empty());
}

TEST_P(SessionOf, ClosesOnceAndThenRefusesToSend) {
  connect_to_library(true);
  ours->send_close();
  const std::size_t sent = ours->to_send.size();
  EXPECT_GT(sent, 0U);
  ours->send_close();
  EXPECT_EQ(ours->to_send.size(), sent);
  EXPECT_FALSE(ours->send("late"));
  EXPECT_EQ(ours->to_send.size(), sent);
  exchange(*ours, peer);
  EXPECT_TRUE(peer.closed);
}

TEST_P(SessionOf, RefusesDamagedRecordsAndSaysSo) {
  for (const std::size_t damaged : std::initializer_list<std::size_t>{5, 6, 20, 30}) {
    SCOPED_TRACE(damaged);
    connect_to_library(true);
    ASSERT_TRUE(peer.send("a record of some length to be damaged"));
    peer.to_send[damaged] = static_cast<char>(peer.to_send[damaged] ^ 1);
    exchange(peer, *ours);
    EXPECT_EQ(ours->received, "");
    EXPECT_EQ(ours->session.failure(), Failure::bad_record_mac);
    EXPECT_EQ(peer.last_reason, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
    EXPECT_FALSE(ours->send("more"));
    peer.to_send.clear();
  }
}

TEST_P(SessionOf, RefusesReplayedAndReorderedRecords) {
  for (const bool replay : {true, false}) {
    connect_to_library(true);
    ASSERT_TRUE(peer.send("one"));
    const std::string first = std::exchange(peer.to_send, {});
    ASSERT_TRUE(peer.send("two"));
    const std::string second = std::exchange(peer.to_send, {});
    ours->deliver(replay ? first + first : second + first);
    EXPECT_EQ(ours->received, replay ? "one" : "");
    EXPECT_EQ(ours->session.failure(), Failure::bad_record_mac);
    ours->received.clear();
    ours->to_send.clear();
  }
}

TEST_P(SessionOf, RefusesPlaintextAfterTheHandshake) {
  connect_to_library(true);
  ours->deliver("GET / HTTP/1.1\r\n\r\n");
  EXPECT_NE(ours->session.failure(), Failure::none);
  EXPECT_EQ(ours->received, "");
}

TEST_P(SessionOf, KeepsPaddingBehindThePlaintextReadable) {
  connect_to_library(true);
  ASSERT_TRUE(peer.send(pattern(3000)));
  // Split, so that the plaintext comes in memory of the session.
  std::string wire = std::exchange(peer.to_send, {});
  std::span<std::byte> first(reinterpret_cast<std::byte*>(wire.data()), 1000);
  EXPECT_EQ(ours->session.read(first).status, ReadStatus::wants_ciphertext);
  std::span<std::byte> second(reinterpret_cast<std::byte*>(wire.data()) + 1000, wire.size() - 1000);
  const ReadStep step = ours->session.read(second);
  ASSERT_EQ(step.status, ReadStatus::plaintext);
  ASSERT_NE(step.memory, nullptr);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    sum += std::to_integer<unsigned>(step.plaintext.data()[step.plaintext.size() + i]);
  }
  EXPECT_LE(sum, 64U * 255U);  // read at all: the address sanitizer judges
}

TEST_P(SessionOf, DecryptsIntoGivenMemoryWhereItFits) {
  connect_to_library(true);
  ours->send("tickets go first");
  const std::string sent = pattern(1000);
  for (const std::size_t split : std::initializer_list<std::size_t>{0, 3, 500}) {
    for (const std::size_t room : std::initializer_list<std::size_t>{0, 999, 1001, 2000}) {
      SCOPED_TRACE(testing::Message() << split << " " << room);
      ASSERT_TRUE(peer.send(sent));
      std::string wire = std::exchange(peer.to_send, {});
      std::vector<std::byte> into(room);
      std::span<std::byte> rest = std::as_writable_bytes(std::span(wire)).first(split);
      ASSERT_EQ(ours->session.read(rest, into).status, ReadStatus::wants_ciphertext);
      rest = std::as_writable_bytes(std::span(wire)).subspan(split);
      const ReadStep step = ours->session.read(rest, into);
      ASSERT_EQ(step.status, ReadStatus::plaintext);
      ASSERT_EQ(step.plaintext.size(), sent.size());
      EXPECT_EQ(std::memcmp(step.plaintext.data(), sent.data(), sent.size()), 0);
      EXPECT_EQ(step.plaintext.data() == into.data(), room > sent.size());
      EXPECT_TRUE(room <= sent.size() || step.memory == nullptr);
      EXPECT_EQ(ours->session.read(rest, into).status, ReadStatus::wants_ciphertext);
    }
  }
}

}  // namespace
}  // namespace headrace::net::tls::test
