#include "policy/record/record_codec.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "policy/record/partial_record.h"
#include "policy/record/record_layout.h"
#include "tests/policy/record/record_of_version_1.h"
#include "tests/policy/record/record_samples.h"

namespace headrace::policy {
namespace {

std::vector<std::byte> encoded(const UsageRecord& record) {
  std::vector<std::byte> bytes(kRecordBytesMax);
  bytes.resize(encode_record(record, bytes));
  return bytes;
}

TEST(RecordCodec, GivesBackEverythingThatWasWritten) {
  const UsageRecord record = full_record();
  const std::vector<std::byte> bytes = encoded(record);
  const auto read = decode_record(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, record.id);
  EXPECT_EQ(to_text(read->id), "0000000000c0ffee-00000003-0001-000000000000002a");
  EXPECT_EQ(read->trace, record.trace);
  for (const auto text :
       {&UsageRecord::request_id, &UsageRecord::organisation, &UsageRecord::tenant,
        &UsageRecord::project, &UsageRecord::key, &UsageRecord::user, &UsageRecord::tags,
        &UsageRecord::route, &UsageRecord::provider, &UsageRecord::model, &UsageRecord::limit,
        &UsageRecord::price}) {
    EXPECT_EQ((*read).*text, record.*text);
  }
  EXPECT_EQ(read->dialect, Dialect::anthropic);
  EXPECT_EQ(read->endpoint, Endpoint::messages);
  EXPECT_EQ(read->begun_unix_nanos, record.begun_unix_nanos);
  EXPECT_EQ(read->ended_unix_nanos, record.ended_unix_nanos);
  EXPECT_EQ(read->first_byte_nanos, 12);
  EXPECT_EQ(read->bytes_in, 100U);
  EXPECT_EQ(read->bytes_out, 200U);
  EXPECT_EQ(read->status, 200U);
  EXPECT_EQ(read->ending, RecordEnding::answered);
  EXPECT_TRUE(read->streamed);
  EXPECT_EQ(read->usage.in_fresh, 1000);
  EXPECT_EQ(read->usage.out_text, 50);
  EXPECT_EQ(read->usage.audio_seconds, 7);
  EXPECT_EQ(read->usage.service_tier.view(), "priority");
  EXPECT_EQ(read->usage.source, UsageSource::provider);
  EXPECT_EQ(read->raw.get(RawField::input_tokens), 1000);
  EXPECT_EQ(read->raw.size(), 2U);
  EXPECT_EQ(read->cost.count(), 1234);
  EXPECT_EQ(read->cost_saved.count(), 5);
  EXPECT_EQ(read->waited_nanos, 6'000'000);
  EXPECT_EQ(read->reserved_money.count(), 2000);
  EXPECT_EQ(read->reserved_tokens.count(), 4096);
  ASSERT_EQ(read->attempt_count, 2U);
  EXPECT_EQ(read->attempts[0].provider, "slow");
  EXPECT_EQ(read->attempts[0].status, 503U);
  EXPECT_EQ(read->attempts[0].failure, 4U);
  EXPECT_EQ(read->attempts[0].cost.count(), 3);
  EXPECT_EQ(read->attempts[1].provider, "openai");
  EXPECT_EQ(encoded(*read), bytes);
}

// By the numbers that stand in records which were written long ago.
TEST(RecordCodec, EveryEndingKeepsItsNumberAndItsName) {
  constexpr std::string_view kNames[] = {
      "under_way", "answered",        "failed",   "broken",    "client_left",     "cut",
      "lost",      "client_too_slow", "shutdown", "no_memory", "event_too_large", "timed_out"};
  UsageRecord record = full_record();
  for (std::uint8_t number = 0; number < std::size(kNames); ++number) {
    record.ending = static_cast<RecordEnding>(number);
    const std::vector<std::byte> bytes = encoded(record);
    EXPECT_EQ(static_cast<std::uint8_t>(bytes[offsetof(RecordHead, ending)]), number);
    const auto read = decode_record(bytes);
    ASSERT_TRUE(read) << kNames[number];
    EXPECT_EQ(to_text(read->ending), kNames[number]);
  }
}

// What an intent says, and what is known at the end, are encoded as one record that has both.
TEST(RecordCodec, EndsAnIntentAsIfAllHadBeenKnownAtOnce) {
  const UsageRecord ended = full_record();
  UsageRecord begun = full_record();
  begun.id = {};
  begun.provider = "first";
  begun.limit = {};
  begun.price = "a longer name of a price";
  begun.ended_unix_nanos = begun.ended_nanos = begun.first_byte_nanos = begun.waited_nanos = 0;
  begun.bytes_in = begun.bytes_out = 0;
  begun.usage = {};
  begun.usage.in_fresh = 7;
  begun.raw = {};
  begun.cost = core::MicroUsd(1);
  begun.cost_saved = core::MicroUsd(0);
  begun.status = 0;
  begun.ending = RecordEnding::under_way;
  begun.streamed = false;
  begun.attempt_count = 0;
  UsageRecord end = full_record();
  for (const auto text : {&UsageRecord::request_id, &UsageRecord::tenant, &UsageRecord::tags,
                          &UsageRecord::route, &UsageRecord::model}) {
    end.*text = "not looked at";
  }
  end.trace = {};
  end.begun_nanos = end.begun_unix_nanos = 1;
  end.dialect = Dialect::gemini;
  std::vector<std::byte> bytes(kRecordBytesMax);
  bytes.resize(encode_ended(encoded(begun), end, bytes));
  EXPECT_EQ(bytes, encoded(ended));

  // Who answered is known from the intent where nobody says it at the end.
  end.provider = {};
  bytes.resize(kRecordBytesMax);
  bytes.resize(encode_ended(encoded(begun), end, bytes));
  ASSERT_TRUE(decode_record(bytes));
  EXPECT_EQ(decode_record(bytes)->provider, "first");
}

TEST(RecordCodec, EndsARecordWithoutAnIntentByWhatTheEndKnows) {
  const UsageRecord end = full_record();
  std::vector<std::byte> intent = encoded(UsageRecord{});
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{3}, intent.size() - 1}) {
    std::vector<std::byte> out(kRecordBytesMax);
    out.resize(encode_ended(std::span(intent).first(bytes), end, out));
    EXPECT_EQ(out, encoded(end));
  }
  intent[offsetof(RecordHead, text_bytes)] = std::byte{1};
  std::vector<std::byte> out(kRecordBytesMax);
  out.resize(encode_ended(intent, end, out));
  EXPECT_EQ(out, encoded(end));
}

TEST(RecordCodec, CutsWhatIsTooLongAndFitsItsBoundWithEverythingAtItsLongest) {
  const std::string longest(400, 'x');
  UsageRecord record = full_record();
  for (const auto text :
       {&UsageRecord::request_id, &UsageRecord::organisation, &UsageRecord::tenant,
        &UsageRecord::project, &UsageRecord::key, &UsageRecord::user, &UsageRecord::tags,
        &UsageRecord::route, &UsageRecord::provider, &UsageRecord::model, &UsageRecord::limit,
        &UsageRecord::price}) {
    record.*text = longest;
  }
  for (std::uint8_t field = 1; record.raw.size() < RawUsage::kPairsMax; ++field)
    record.raw.set(static_cast<RawField>(field), 1);
  record.attempt_count = kAttemptsMax;
  for (RecordedAttempt& attempt : record.attempts)
    attempt.provider = longest;
  const std::vector<std::byte> bytes = encoded(record);
  EXPECT_LE(bytes.size(), kRecordBytesMax);
  const auto read = decode_record(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->tenant.size(), kRecordNameBytesMax);
  EXPECT_EQ(read->tags.size(), kRecordTagBytesMax);
  EXPECT_EQ(encoded(*read), bytes);

  record.raw.clear();
  record.attempt_count = 0;
  EXPECT_LE(encoded(record).size(), kIntentBytesMax);
}

TEST(RecordCodec, ReadsWhatVersion1Wrote) {
  UsageRecord record = full_record();
  const std::vector<std::byte> old = as_version_1(encoded(record));
  EXPECT_EQ(old.size(), encoded(record).size() - 8);
  const auto read = decode_record(old);
  ASSERT_TRUE(read);
  record.waited_nanos = 0;
  EXPECT_EQ(encoded(*read), encoded(record)) << "all else is what it was";
  for (std::size_t size = 0; size < old.size(); ++size)
    EXPECT_FALSE(decode_record(std::span(old).first(size))) << size;
  // With the length of another version's head.
  std::vector<std::byte> mixed = old;
  const std::uint16_t head_bytes = sizeof(RecordHead);
  std::memcpy(mixed.data() + offsetof(RecordHead, head_bytes), &head_bytes, sizeof head_bytes);
  EXPECT_FALSE(decode_record(mixed));
}

TEST(RecordCodec, TellsWhoseRecordItIsInEveryVersion) {
  std::vector<std::byte> bytes = encoded(full_record());
  EXPECT_EQ(read_record_id(bytes), full_record().id);
  EXPECT_EQ(read_record_id(as_version_1(bytes)), full_record().id);
  bytes[offsetof(RecordHead, version)] = std::byte{kRecordVersion + 1};
  EXPECT_EQ(read_record_id(bytes), full_record().id);
  bytes[offsetof(RecordHead, version)] = std::byte{0};
  EXPECT_FALSE(read_record_id(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_record_id(std::span(bytes).first(size))) << size;
}

TEST(RecordCodec, RefusesEveryOtherLength) {
  const std::vector<std::byte> bytes = encoded(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_record(std::span(bytes).first(size))) << size;
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_record(longer));
}

TEST(RecordCodec, RefusesWhatItDoesNotKnow) {
  const auto refuses = [](std::size_t at, std::uint8_t value) {
    std::vector<std::byte> bytes = encoded(full_record());
    bytes[at] = std::byte{value};
    return !decode_record(bytes);
  };
  EXPECT_TRUE(refuses(offsetof(RecordHead, version), kRecordVersion + 1));
  EXPECT_TRUE(refuses(offsetof(RecordHead, head_bytes), 0));
  EXPECT_TRUE(refuses(offsetof(RecordHead, dialect), 3));
  EXPECT_TRUE(refuses(offsetof(RecordHead, endpoint), 200));
  EXPECT_TRUE(refuses(offsetof(RecordHead, usage_source), 5));
  EXPECT_TRUE(refuses(offsetof(RecordHead, ending), 12));
  EXPECT_TRUE(refuses(offsetof(RecordHead, streamed), 2));
  EXPECT_TRUE(refuses(offsetof(RecordHead, raw_pairs), 17));
  EXPECT_TRUE(refuses(offsetof(RecordHead, attempts), 5));
  EXPECT_TRUE(refuses(offsetof(RecordHead, zero), 1));
  EXPECT_TRUE(refuses(offsetof(RecordHead, text_bytes), 65)) << "longer than a request id";
}

TEST(PartialRecord, SaysWhatTheTableHeld) {
  UsageRecord intent = full_record();
  intent.raw.clear();
  intent.attempt_count = 0;
  const std::vector<std::byte> bytes = encoded(intent);
  core::InFlightAttempt attempt{};
  attempt.begun_nanos = 11;
  attempt.name_bytes = 4;
  std::copy_n("late", 4, attempt.name.begin());
  core::InFlightSight sight;
  sight.sequence = 42;
  sight.input_tokens = 900;
  sight.output_tokens = 33;
  sight.micro_usd = 70;
  sight.bytes = 4000;
  sight.streaming = true;
  sight.attempts = std::span(&attempt, 1);
  sight.intent = bytes;
  const auto partial = partial_record(sight, 99);
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->usage.source, UsageSource::partial);
  EXPECT_EQ(partial->ending, RecordEnding::lost);
  EXPECT_EQ(partial->usage.in_fresh, 900);
  EXPECT_EQ(partial->usage.out_text, 33);
  EXPECT_EQ(partial->cost.count(), 70);
  EXPECT_EQ(partial->bytes_out, 4000U);
  EXPECT_EQ(partial->provider, "late");
  EXPECT_EQ(partial->tenant, "acme");
  EXPECT_EQ(partial->ended_unix_nanos, 99);

  sight.sequence = 41;
  EXPECT_FALSE(partial_record(sight, 99)) << "the intent is another request's";
  sight.intent = {};
  EXPECT_FALSE(partial_record(sight, 99));
}

}  // namespace
}  // namespace headrace::policy
