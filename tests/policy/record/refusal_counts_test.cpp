#include "policy/record/refusal_counts.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/shared_area.h"

namespace headrace::policy {
namespace {

constexpr std::int64_t kMinute = std::int64_t{60} * 1'000'000'000;
constexpr RecordSource kSource{.region = 1, .epoch = 2, .shard = 3};

class Refusals : public testing::Test {
 protected:
  // What the journal does: everything that is sealed is written and freed.
  std::map<std::string, std::uint64_t> take() {
    std::map<std::string, std::uint64_t> counts;
    for (RefusalBank& bank : refusal_banks(area.bytes())) {
      if (bank.state.load() != static_cast<std::uint32_t>(RefusalBankState::sealed)) continue;
      std::vector<std::byte> bytes;
      encode_refusals(kSource, bank, bytes);
      RefusalMinute minute;
      EXPECT_TRUE(decode_refusals(bytes, minute));
      EXPECT_EQ(minute.source, kSource);
      for (const RefusalCount& count : minute.counts) {
        counts[std::to_string(minute.minute) + " " + std::string(count.tenant) + " " +
               std::string(count.key) + " " + std::string(count.reason)] += count.count;
      }
      free_bank(bank);
    }
    return counts;
  }

  core::SharedArea area{kRefusalAreaBytes};
  RefusalCounts refusals{area.bytes()};
};

TEST_F(Refusals, AreCountedByTenantKeyReasonAndMinute) {
  EXPECT_EQ(refusals.add(1, "acme", "ci", "rate_limited", 0), 1U);
  EXPECT_EQ(refusals.add(1, "acme", "ci", "rate_limited", kMinute - 1), 2U);
  refusals.add(2, "acme", "web", "rate_limited", kMinute - 1);
  EXPECT_EQ(refusals.add(1, "acme", "ci", "rate_limited", kMinute), 1U) << "another minute";
  EXPECT_EQ(take(), (std::map<std::string, std::uint64_t>{{"0 acme ci rate_limited", 2},
                                                          {"0 acme web rate_limited", 1}}));
  refusals.seal(2 * kMinute - 1);
  EXPECT_TRUE(take().empty()) << "its minute is not over";
  refusals.seal(2 * kMinute);
  EXPECT_EQ(take(), (std::map<std::string, std::uint64_t>{{"1 acme ci rate_limited", 1}}));
  EXPECT_EQ(refusals.total(), 4U);
}

TEST_F(Refusals, AreWrittenAlsoWhereTheClockIsPutBack) {
  refusals.add(1, "acme", "ci", "rate_limited", 180 * kMinute);
  refusals.seal(5 * kMinute);
  EXPECT_EQ(take(), (std::map<std::string, std::uint64_t>{{"180 acme ci rate_limited", 1}}));
  refusals.add(1, "acme", "ci", "rate_limited", 180 * kMinute);
  refusals.add(1, "acme", "ci", "rate_limited", 5 * kMinute);
  EXPECT_EQ(take(), (std::map<std::string, std::uint64_t>{{"180 acme ci rate_limited", 1}}));
  refusals.seal(6 * kMinute);
  EXPECT_EQ(take(), (std::map<std::string, std::uint64_t>{{"5 acme ci rate_limited", 1}}));
}

TEST_F(Refusals, OfInventedNamesAreCountedTogetherBeyondTheTable) {
  constexpr std::uint64_t kNames = kRefusalRows + 500;
  for (std::uint64_t name = 0; name < kNames; ++name)
    refusals.add(name, "t", std::to_string(name), "unauthenticated", 5);
  refusals.add(3, "t", "3", "unauthenticated", 5);
  refusals.seal(0, true);
  const auto counts = take();
  EXPECT_EQ(counts.size(), kRefusalRows);
  EXPECT_EQ(counts.at("0 t 3 unauthenticated"), 2U);
  EXPECT_EQ(counts.at("0   (others)"), kNames - (kRefusalRows - 1));
}

TEST_F(Refusals, AreNotLostWhereTheJournalStandsStill) {
  std::uint64_t counted = 0;
  for (std::int64_t minute = 0; minute < 10; ++minute) {
    for (int i = 0; i < 7; ++i, ++counted)
      refusals.add(1, "acme", "ci", "rate_limited", minute * kMinute);
    refusals.seal((minute + 1) * kMinute);
  }
  refusals.seal(0, true);
  std::uint64_t found = 0;
  for (const auto& [name, count] : take())
    found += count;
  EXPECT_EQ(found, counted);
}

TEST_F(Refusals, ReadBackStrictly) {
  refusals.add(1, "acme", "ci", "rate_limited", 0);
  refusals.add(2, "acme", "web", "budget_exhausted", 0);
  std::vector<std::byte> bytes;
  encode_refusals(kSource, refusal_banks(area.bytes())[0], bytes);
  RefusalMinute minute;
  ASSERT_TRUE(decode_refusals(bytes, minute));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_refusals(std::span(bytes).first(size), minute));
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode_refusals(bytes, minute));
}

}  // namespace
}  // namespace headrace::policy
