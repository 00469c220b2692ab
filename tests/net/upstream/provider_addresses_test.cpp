#include "net/upstream/provider_addresses.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::net {
namespace {

using std::chrono::milliseconds;

std::vector<core::SocketAddress> addresses(std::initializer_list<const char*> texts) {
  std::vector<core::SocketAddress> list;
  for (const char* text : texts)
    list.push_back(core::SocketAddress::parse(text).value());
  return list;
}

constexpr core::Instant kNow{std::chrono::seconds(100)};

std::string text_of(const ProviderAddresses::Choice& choice) {
  return choice.address == nullptr ? "none" : choice.address->text();
}

TEST(ProviderAddresses, KnowsNoneAtFirst) {
  ProviderAddresses known;
  EXPECT_TRUE(known.empty());
  EXPECT_EQ(text_of(known.choose(kNow)), "none");
  EXPECT_FALSE(known.failed(0, kNow));
}

TEST(ProviderAddresses, TakesBothFamiliesInTurn) {
  ProviderAddresses known;
  known.set(addresses({"[2001:db8::1]:443", "192.0.2.1:443", "192.0.2.2:443"}));
  std::string order;
  for (int i = 0; i < 4; ++i)
    order += text_of(known.choose(kNow)) + " ";
  EXPECT_EQ(order, "[2001:db8::1]:443 192.0.2.1:443 192.0.2.2:443 [2001:db8::1]:443 ");
}

TEST(ProviderAddresses, LetsOneThatFailedRest) {
  ProviderAddresses known;
  known.set(addresses({"192.0.2.1:443", "192.0.2.2:443"}));
  const auto first = known.choose(kNow);
  EXPECT_TRUE(first.others_worthy);
  EXPECT_TRUE(known.failed(first.mark, kNow));
  for (int i = 0; i < 3; ++i) {
    const auto next = known.choose(kNow + ProviderAddresses::kRest - milliseconds(1));
    EXPECT_EQ(text_of(next), "192.0.2.2:443");
    EXPECT_FALSE(next.others_worthy) << "it has all the time: there is no other";
  }
  EXPECT_EQ(text_of(known.choose(kNow + ProviderAddresses::kRest)), "192.0.2.1:443");
}

TEST(ProviderAddresses, SaysWhenAllHaveFailedAndTriesThemAllTheSame) {
  ProviderAddresses known;
  known.set(addresses({"192.0.2.1:443", "192.0.2.2:443"}));
  const auto first = known.choose(kNow);
  const auto second = known.choose(kNow);
  EXPECT_TRUE(known.failed(first.mark, kNow));
  EXPECT_FALSE(known.failed(second.mark, kNow));
  const std::string next = text_of(known.choose(kNow));
  EXPECT_NE(next, text_of(known.choose(kNow)));
}

TEST(ProviderAddresses, EndsTheRestOfOneThatWorks) {
  ProviderAddresses known;
  known.set(addresses({"192.0.2.1:443", "192.0.2.2:443"}));
  const auto first = known.choose(kNow);
  known.failed(first.mark, kNow);
  known.works(first.mark);
  EXPECT_EQ(text_of(known.choose(kNow)), "192.0.2.2:443");
  EXPECT_EQ(text_of(known.choose(kNow)), "192.0.2.1:443");
}

TEST(ProviderAddresses, KeepsTheRestOfWhatStaysAndForgetsTheOldList) {
  ProviderAddresses known;
  known.set(addresses({"192.0.2.1:443", "192.0.2.2:443"}));
  const auto first = known.choose(kNow);
  const auto second = known.choose(kNow);
  known.failed(first.mark, kNow);
  known.set(addresses({"192.0.2.7:443", "192.0.2.1:443"}));
  // The second place is somebody else's now.
  EXPECT_TRUE(known.failed(second.mark, kNow));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(text_of(known.choose(kNow)), "192.0.2.7:443");
}

TEST(ProviderAddresses, HoldsSoManyAndNoMore) {
  ProviderAddresses known;
  std::vector<core::SocketAddress> many;
  for (std::size_t i = 0; i <= ProviderAddresses::kMax; ++i) {
    many.push_back(core::SocketAddress::parse("192.0.2.1:" + std::to_string(1000 + i)).value());
  }
  known.set(many);
  for (std::size_t i = 0; i < ProviderAddresses::kMax; ++i)
    EXPECT_EQ(text_of(known.choose(kNow)), many[i].text());
  EXPECT_EQ(text_of(known.choose(kNow)), many[0].text());
}

}  // namespace
}  // namespace headrace::net
