#include "core/mailbox.h"

#include <array>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/small_io.h"

namespace headrace::core {
namespace {

struct Drained {
  std::vector<Message> messages;
  std::size_t take(Mailbox& mailbox, std::size_t max = SIZE_MAX) {
    return mailbox.drain(max, [this](const Message& message) { messages.push_back(message); });
  }
};

TEST(Mailbox, DeliversInOrderAndSaysWhoSent) {
  const auto io = small_io();
  io->enable();
  PostOffice office(3, 16);
  Mailbox sender(office, 2);
  Mailbox receiver(office, 0);
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(sender.post(0, {.kind = 7, .a = i, .b = 10 * i}));
  }
  Drained drained;
  EXPECT_EQ(drained.take(receiver), 0U) << "not before the bell was rung";
  sender.ring_bells(*io);
  EXPECT_EQ(drained.take(receiver), 5U);
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(drained.messages[i].kind, 7U);
    EXPECT_EQ(drained.messages[i].from, 2U);
    EXPECT_EQ(drained.messages[i].a, i);
    EXPECT_EQ(drained.messages[i].b, 10 * i);
  }
}

TEST(Mailbox, RefusesWhenTheRingIsFullAndOnlyThatRing) {
  PostOffice office(3, 4);
  Mailbox sender(office, 0);
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(sender.post(1, {}));
  EXPECT_FALSE(sender.post(1, {}));
  EXPECT_TRUE(sender.post(2, {}));
}

TEST(Mailbox, DrainsBoundedAndRemembersTheRest) {
  const auto io = small_io();
  io->enable();
  PostOffice office(2, 16);
  Mailbox sender(office, 0);
  Mailbox receiver(office, 1);
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(sender.post(1, {}));
  sender.ring_bells(*io);
  Drained drained;
  EXPECT_EQ(drained.take(receiver, 4), 4U);
  EXPECT_TRUE(receiver.backlog());
  EXPECT_EQ(drained.take(receiver, 100), 6U);
  EXPECT_FALSE(receiver.backlog());
}

TEST(Mailbox, NoSenderIsStarvedByABusyOne) {
  const auto io = small_io();
  io->enable();
  PostOffice office(4, 64);
  Mailbox receiver(office, 1);
  std::vector<std::unique_ptr<Mailbox>> senders;
  for (const std::uint32_t shard : {0U, 2U, 3U}) {
    Mailbox& sender = *senders.emplace_back(std::make_unique<Mailbox>(office, shard));
    for (int i = 0; i < (shard == 0 ? 50 : 2); ++i)
      ASSERT_TRUE(sender.post(1, {}));
    sender.ring_bells(*io);
  }
  Drained drained;
  drained.take(receiver, 6);
  std::multiset<std::uint32_t> from;
  for (const Message& message : drained.messages)
    from.insert(message.from);
  EXPECT_EQ(from.count(0), 2U);
  EXPECT_EQ(from.count(2), 2U);
  EXPECT_EQ(from.count(3), 2U);
}

TEST(Mailbox, ReachesTheLastShardOfTheMost) {
  const auto io = small_io();
  io->enable();
  PostOffice office(kShardsMax, 1);
  Mailbox sender(office, kShardsMax - 1);
  Mailbox receiver(office, 0);
  Mailbox back(office, 64);
  ASSERT_TRUE(sender.post(0, {.kind = 1}));
  ASSERT_TRUE(sender.post(64, {.kind = 2}));
  sender.ring_bells(*io);
  Drained drained;
  drained.take(receiver);
  drained.take(back);
  ASSERT_EQ(drained.messages.size(), 2U);
  EXPECT_EQ(drained.messages[0].from, kShardsMax - 1);
  EXPECT_EQ(drained.messages[1].kind, 2U);
}

// Two shards that sleep whenever there is nothing to do: a bell that is not rung, or rung before
// the message can be seen, hangs this test.
TEST(Mailbox, WakesASleepingShardForEveryMessage) {
  constexpr std::uint64_t kRounds = 5'000;
  PostOffice office(2, 4);
  std::vector<std::unique_ptr<Io>> ios;
  for (std::uint32_t shard = 0; shard < 2; ++shard) {
    ios.push_back(small_io());
    office.attach(shard, *ios.back());
  }
  const auto play = [&](std::uint32_t shard) {
    Io& io = *ios[shard];
    io.enable();
    Mailbox mailbox(office, shard);
    std::uint64_t expected = shard;  // 0 takes the even numbers, 1 the odd ones
    if (shard == 1) {
      ASSERT_TRUE(mailbox.post(0, {.a = 0}));
    }
    while (expected < kRounds) {
      mailbox.ring_bells(io);
      io.turn(mailbox.backlog() ? Instant::min() : kNever);
      mailbox.drain(1, [&](const Message& message) {
        ASSERT_EQ(message.a, expected);
        expected += 2;
        ASSERT_TRUE(mailbox.post(1 - shard, {.a = message.a + 1}));
      });
    }
    mailbox.ring_bells(io);
    io.turn(Instant::min());
  };
  std::thread other([&] { play(1); });
  play(0);
  other.join();
}

// Many messages, each side bounded, both directions at once.
TEST(Mailbox, LosesNothingUnderLoad) {
  constexpr std::uint64_t kMessages = 50'000;
  PostOffice office(3, 32);
  std::vector<std::unique_ptr<Io>> ios;
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    ios.push_back(small_io());
    office.attach(shard, *ios.back());
  }
  const auto work = [&](std::uint32_t shard) {
    Io& io = *ios[shard];
    io.enable();
    Mailbox mailbox(office, shard);
    const std::uint32_t to = (shard + 1) % 3;
    const std::uint32_t from = (shard + 2) % 3;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    while (sent < kMessages || received < kMessages) {
      while (sent < kMessages && mailbox.post(to, {.a = sent}))
        ++sent;
      mailbox.ring_bells(io);
      // Room in the ring is not told by a bell: who has more to send does not sleep.
      io.turn(sent < kMessages || mailbox.backlog() ? Instant::min() : kNever);
      mailbox.drain(20, [&](const Message& message) {
        ASSERT_EQ(message.from, from);
        ASSERT_EQ(message.a, received);
        ++received;
      });
    }
    mailbox.ring_bells(io);
    io.turn(Instant::min());
  };
  std::array<std::thread, 3> shards;
  for (std::uint32_t shard = 0; shard < 3; ++shard)
    shards[shard] = std::thread(work, shard);
  for (std::thread& shard : shards)
    shard.join();
}

TEST(MailboxDeathTest, FindsMistakes) {
  PostOffice office(2, 4);
  Mailbox mailbox(office, 0);
  EXPECT_DEATH((void)mailbox.post(0, {}), "to others only");
  EXPECT_DEATH((void)mailbox.post(2, {}), "to < office_.shards");
  EXPECT_DEATH(PostOffice(kShardsMax + 1, 1), "kShardsMax");
}

}  // namespace
}  // namespace headrace::core
