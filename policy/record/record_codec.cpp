#include "policy/record/record_codec.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/copy_short.h"
#include "policy/record/byte_reader.h"
#include "policy/record/record_layout.h"

namespace headrace::policy {

namespace {

// Their numbers stand in records: new ones go to the end.
static_assert(static_cast<int>(Dialect::gemini) == 2);
static_assert(static_cast<int>(UsageSource::cache) == 4);
static_assert(static_cast<int>(Endpoint::other) == 17);
static_assert(static_cast<int>(kLastRecordEnding) == 11);
static_assert(kRawFieldCount == 36);

constexpr auto kLastDialect = static_cast<std::uint8_t>(Dialect::gemini);
constexpr auto kLastEndpoint = static_cast<std::uint8_t>(Endpoint::other);
constexpr auto kLastSource = static_cast<std::uint8_t>(UsageSource::cache);
constexpr auto kLastEnding = static_cast<std::uint8_t>(kLastRecordEnding);

// In the order in which they are written; the last one is the usage's service tier.
constexpr std::array<std::string_view UsageRecord::*, kRecordTexts - 1> kTexts = {
    &UsageRecord::request_id, &UsageRecord::organisation, &UsageRecord::tenant,
    &UsageRecord::project,    &UsageRecord::key,          &UsageRecord::user,
    &UsageRecord::tags,       &UsageRecord::route,        &UsageRecord::provider,
    &UsageRecord::model,      &UsageRecord::limit,        &UsageRecord::price};
constexpr std::array<std::size_t, kRecordTexts> kTextBytesMax = {
    kRecordIdBytesMax,       kRecordNameBytesMax, kRecordNameBytesMax,  kRecordNameBytesMax,
    kRecordNameBytesMax,     kRecordNameBytesMax, kRecordTagBytesMax,   kRecordNameBytesMax,
    kRecordProviderBytesMax, kRecordNameBytesMax, kRecordLimitBytesMax, kRecordPriceBytesMax,
    ShortText::kBytesMax};
constexpr std::array<std::int64_t Usage::*, kRecordCounts> kCounts = {
    &Usage::in_fresh,          &Usage::in_cache_read, &Usage::in_cache_write_5m,
    &Usage::in_cache_write_1h, &Usage::in_audio,      &Usage::in_image,
    &Usage::out_text,          &Usage::out_reasoning, &Usage::out_audio,
    &Usage::out_image,         &Usage::web_searches,  &Usage::web_fetches,
    &Usage::audio_seconds};

// Of texts that an intent has: whether the record of the request's end goes by its own. Who
// answered is known only if somebody was asked.
bool is_of_the_end(std::size_t text, const UsageRecord& record) {
  constexpr auto at = [](auto member) {
    return static_cast<std::size_t>(std::ranges::find(kTexts, member) - kTexts.begin());
  };
  constexpr std::size_t kProvider = at(&UsageRecord::provider);
  constexpr std::size_t kLimit = at(&UsageRecord::limit);
  constexpr std::size_t kPrice = at(&UsageRecord::price);
  if (text == kProvider) return !record.provider.empty();
  return text == kLimit || text == kPrice;
}

constexpr std::size_t texts_bytes_max() {
  std::size_t bytes = 0;
  for (const std::size_t each : kTextBytesMax)
    bytes += each;
  return bytes;
}
static_assert(sizeof(RecordHead) + texts_bytes_max() <= kIntentBytesMax);
static_assert(kIntentBytesMax + RawUsage::kPairsMax * sizeof(RawPair) +
                  kAttemptsMax * (sizeof(AttemptHead) + kRecordProviderBytesMax) <=
              kRecordBytesMax);
static_assert(kRecordTagBytesMax <= UINT8_MAX);

class Writer {
 public:
  explicit Writer(std::byte* at) : begin_(at), at_(at) {}

  template <class Part>
  void put(const Part& part) {
    std::memcpy(at_, &part, sizeof part);
    at_ += sizeof part;
  }
  void put(const void* bytes, std::size_t count) {
    core::copy_short(at_, bytes, count);
    at_ += count;
  }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  std::byte* begin_;
  std::byte* at_;
};

std::uint8_t cut_bytes(std::string_view text, std::size_t bytes_max) {
  return static_cast<std::uint8_t>(std::min(text.size(), bytes_max));
}

// What stands in a head before the request has ended, and does not change.
RecordHead head_of_begin(const UsageRecord& record) {
  RecordHead head{};
  head.version = kRecordVersion;
  head.head_bytes = sizeof(RecordHead);
  head.trace = record.trace;
  head.begun_unix_nanos = record.begun_unix_nanos;
  head.begun_nanos = record.begun_nanos;
  head.reserved_micro_usd = record.reserved_money.count();
  head.reserved_tokens = record.reserved_tokens.count();
  head.dialect = static_cast<std::uint8_t>(record.dialect);
  head.endpoint = static_cast<std::uint8_t>(record.endpoint);
  for (std::size_t i = 0; i < kTexts.size(); ++i)
    head.text_bytes[i] = cut_bytes(record.*kTexts[i], kTextBytesMax[i]);
  return head;
}

// All else, but for the length.
void set_end(RecordHead& head, const UsageRecord& record) {
  head.region = record.id.source.region;
  head.epoch = record.id.source.epoch;
  head.shard = record.id.source.shard;
  head.sequence = record.id.sequence;
  head.ended_unix_nanos = record.ended_unix_nanos;
  head.first_byte_nanos = record.first_byte_nanos;
  head.ended_nanos = record.ended_nanos;
  head.waited_nanos = record.waited_nanos;
  head.bytes_in = record.bytes_in;
  head.bytes_out = record.bytes_out;
  for (std::size_t i = 0; i < kCounts.size(); ++i)
    head.usage[i] = record.usage.*kCounts[i];
  head.cost_micro_usd = record.cost.count();
  head.cost_saved_micro_usd = record.cost_saved.count();
  head.status = record.status;
  head.usage_source = static_cast<std::uint8_t>(record.usage.source);
  head.ending = static_cast<std::uint8_t>(record.ending);
  head.streamed = record.streamed ? 1 : 0;
  head.raw_pairs = static_cast<std::uint8_t>(record.raw.size());
  head.attempts = record.attempt_count;
  head.text_bytes.back() = cut_bytes(record.usage.service_tier.view(), kTextBytesMax.back());
}

// What follows the texts of the config and the request; then all of it is there.
std::size_t write_end(RecordHead& head, const UsageRecord& record, Writer& writer,
                      std::span<std::byte> out) {
  writer.put(record.usage.service_tier.view().data(), head.text_bytes.back());
  std::size_t left = record.raw.size();
  for (std::uint32_t number = 0; number < kRawFieldCount && left > 0; ++number) {
    const auto field = static_cast<RawField>(number);
    if (!record.raw.has(field)) continue;
    const auto count = static_cast<std::uint32_t>(record.raw.get(field));
    writer.put(RawPair{.field = number, .count = count});
    --left;
  }
  for (const RecordedAttempt& attempt : std::span(record.attempts).first(record.attempt_count)) {
    const AttemptHead attempt_head{
        .begun_nanos = attempt.begun_nanos,
        .duration_nanos = attempt.duration_nanos,
        .micro_usd = attempt.cost.count(),
        .status = attempt.status,
        .failure = attempt.failure,
        .provider_bytes = cut_bytes(attempt.provider, kRecordProviderBytesMax),
        .zero = 0};
    writer.put(attempt_head);
    writer.put(attempt.provider.data(), attempt_head.provider_bytes);
  }
  head.bytes = static_cast<std::uint32_t>(sizeof head + writer.bytes());
  std::memcpy(out.data(), &head, sizeof head);
  return head.bytes;
}

// The head as it would be written now.
bool take_any_head(ByteReader& reader, std::uint16_t version, RecordHead& head) {
  constexpr std::size_t kWaited = offsetof(RecordHead, waited_nanos);
  constexpr std::size_t kBehind = kWaited + sizeof(RecordHead::waited_nanos);
  if (version == kRecordVersion) {
    return reader.take(head) && head.head_bytes == sizeof(RecordHead);
  }
  std::array<std::byte, kHeadBytesOfVersion1> old{};
  if (version != 1 || !reader.take(old)) return false;
  auto* const bytes = reinterpret_cast<std::byte*>(&head);
  std::memcpy(bytes, old.data(), kWaited);
  std::memcpy(bytes + kBehind, old.data() + kWaited, old.size() - kWaited);
  return head.head_bytes == kHeadBytesOfVersion1;
}

bool judge(const RecordHead& head, std::size_t bytes) {
  const bool known = head.bytes == bytes && head.dialect <= kLastDialect &&
                     head.endpoint <= kLastEndpoint && head.usage_source <= kLastSource &&
                     head.ending <= kLastEnding && head.streamed <= 1 && head.zero[0] == 0 &&
                     head.zero[1] == 0;
  if (!known || head.attempts > kAttemptsMax || head.raw_pairs > RawUsage::kPairsMax) return false;
  for (std::size_t i = 0; i < kRecordTexts; ++i) {
    if (head.text_bytes[i] > kTextBytesMax[i]) return false;
  }
  return true;
}

// Of an intent, which is what encode_record() wrote: nothing but texts stands behind it.
bool take_intent_head(std::span<const std::byte> intent, RecordHead& head) {
  if (intent.size() < sizeof head) return false;
  std::memcpy(&head, intent.data(), sizeof head);
  if (head.version != kRecordVersion || head.head_bytes != sizeof head) return false;
  if (!judge(head, intent.size()) || head.raw_pairs != 0 || head.attempts != 0) return false;
  std::size_t bytes = sizeof head;
  for (const std::uint8_t each : head.text_bytes)
    bytes += each;
  return bytes == intent.size();
}

void take_head(const RecordHead& head, UsageRecord& record) {
  record.id = {.source = {.region = head.region, .epoch = head.epoch, .shard = head.shard},
               .sequence = head.sequence};
  record.trace = head.trace;
  record.begun_unix_nanos = head.begun_unix_nanos;
  record.ended_unix_nanos = head.ended_unix_nanos;
  record.begun_nanos = head.begun_nanos;
  record.first_byte_nanos = head.first_byte_nanos;
  record.ended_nanos = head.ended_nanos;
  record.waited_nanos = head.waited_nanos;
  record.bytes_in = head.bytes_in;
  record.bytes_out = head.bytes_out;
  for (std::size_t i = 0; i < kCounts.size(); ++i)
    record.usage.*kCounts[i] = head.usage[i];
  record.cost = core::MicroUsd(head.cost_micro_usd);
  record.cost_saved = core::MicroUsd(head.cost_saved_micro_usd);
  record.reserved_money = core::MicroUsd(head.reserved_micro_usd);
  record.reserved_tokens = core::Tokens(head.reserved_tokens);
  record.status = head.status;
  record.dialect = static_cast<Dialect>(head.dialect);
  record.endpoint = static_cast<Endpoint>(head.endpoint);
  record.usage.source = static_cast<UsageSource>(head.usage_source);
  record.ending = static_cast<RecordEnding>(head.ending);
  record.streamed = head.streamed != 0;
  record.attempt_count = head.attempts;
}

bool take_raw(ByteReader& reader, std::size_t pairs, RawUsage& raw) {
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    RawPair pair{};
    if (!reader.take(pair) || pair.field <= before || pair.field >= kRawFieldCount) return false;
    before = pair.field;
    raw.set(static_cast<RawField>(pair.field), pair.count);
  }
  return true;
}

bool take_attempt(ByteReader& reader, RecordedAttempt& attempt) {
  AttemptHead head{};
  if (!reader.take(head) || head.zero != 0 || head.provider_bytes > kRecordProviderBytesMax) {
    return false;
  }
  attempt.begun_nanos = head.begun_nanos;
  attempt.duration_nanos = head.duration_nanos;
  attempt.cost = core::MicroUsd(head.micro_usd);
  attempt.status = head.status;
  attempt.failure = head.failure;
  return reader.text(attempt.provider, head.provider_bytes);
}

}  // namespace

std::string_view to_text(RecordEnding ending) {
  constexpr std::array<std::string_view, kLastEnding + 1> kNames = {
      "under_way", "answered",        "failed",   "broken",    "client_left",     "cut",
      "lost",      "client_too_slow", "shutdown", "no_memory", "event_too_large", "timed_out"};
  return kNames[static_cast<std::size_t>(ending)];
}

std::size_t encode_record(const UsageRecord& record, std::span<std::byte> out) {
  HEADRACE_CHECK(out.size() >= kRecordBytesMax);
  HEADRACE_CHECK(record.attempt_count <= kAttemptsMax);
  RecordHead head = head_of_begin(record);
  set_end(head, record);
  Writer writer(out.data() + sizeof head);
  for (std::size_t i = 0; i < kTexts.size(); ++i)
    writer.put((record.*kTexts[i]).data(), head.text_bytes[i]);
  return write_end(head, record, writer, out);
}

std::size_t encode_ended(std::span<const std::byte> intent, const UsageRecord& record,
                         std::span<std::byte> out) {
  HEADRACE_CHECK(out.size() >= kRecordBytesMax);
  HEADRACE_CHECK(record.attempt_count <= kAttemptsMax);
  RecordHead head{};
  if (!take_intent_head(intent, head)) return encode_record(record, out);
  set_end(head, record);
  Writer writer(out.data() + sizeof head);
  const std::byte* at = intent.data() + sizeof head;
  // Texts that stay, up to the next one that is the record's, are copied together.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const std::size_t before = head.text_bytes[i];
    if (!is_of_the_end(i, record)) {
      kept += before;
      continue;
    }
    writer.put(at, kept);
    at += kept + before;
    kept = 0;
    const std::string_view text = record.*kTexts[i];
    head.text_bytes[i] = cut_bytes(text, kTextBytesMax[i]);
    writer.put(text.data(), head.text_bytes[i]);
  }
  writer.put(at, kept);
  return write_end(head, record, writer, out);
}

std::optional<RecordId> read_record_id(std::span<const std::byte> bytes) {
  RecordHead head{};
  constexpr std::size_t kNeeded = offsetof(RecordHead, sequence) + sizeof(RecordHead::sequence);
  if (bytes.size() < kNeeded) return std::nullopt;
  std::memcpy(&head, bytes.data(), kNeeded);
  if (head.version == 0 || head.bytes != bytes.size()) return std::nullopt;
  return RecordId{.source = {.region = head.region, .epoch = head.epoch, .shard = head.shard},
                  .sequence = head.sequence};
}

bool decode_record(std::span<const std::byte> bytes, UsageRecord& into) {
  std::uint16_t version = 0;
  if (bytes.size() < sizeof version) return false;
  std::memcpy(&version, bytes.data(), sizeof version);
  ByteReader reader(bytes);
  RecordHead head{};
  if (!take_any_head(reader, version, head) || !judge(head, bytes.size())) return false;
  take_head(head, into);
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (!reader.text(into.*kTexts[i], head.text_bytes[i])) return false;
  }
  std::string_view service_tier;
  if (!reader.text(service_tier, head.text_bytes.back())) return false;
  into.usage.service_tier = ShortText(service_tier);
  if (!take_raw(reader, head.raw_pairs, into.raw)) return false;
  for (RecordedAttempt& attempt : std::span(into.attempts).first(into.attempt_count)) {
    if (!take_attempt(reader, attempt)) return false;
  }
  return reader.empty();
}

std::optional<UsageRecord> decode_record(std::span<const std::byte> bytes) {
  std::optional<UsageRecord> record(std::in_place);
  if (!decode_record(bytes, *record)) record.reset();
  return record;
}

}  // namespace headrace::policy
