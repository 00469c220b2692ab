#include "policy/record/partial_record.h"

#include <algorithm>

#include "policy/record/record_codec.h"

namespace headrace::policy {

namespace {

RecordedAttempt attempt_of(const core::InFlightAttempt& from) {
  RecordedAttempt attempt;
  attempt.provider = {from.name.data(),
                      std::min<std::size_t>(from.name_bytes, core::kAttemptNameBytesMax)};
  attempt.begun_nanos = from.begun_nanos;
  if (from.ended_nanos != 0) attempt.duration_nanos = from.ended_nanos - from.begun_nanos;
  attempt.cost = core::MicroUsd(from.micro_usd);
  attempt.status = from.status;
  attempt.failure = from.failure;
  return attempt;
}

}  // namespace

static_assert(core::InFlightEntry::kIntentBytesMax >= kIntentBytesMax);
static_assert(core::kInFlightAttemptsMax == kAttemptsMax);

void record_attempts(const core::InFlightSight& sight, UsageRecord& into) {
  into.attempt_count = static_cast<std::uint8_t>(sight.attempts.size());
  for (std::size_t i = 0; i < sight.attempts.size(); ++i)
    into.attempts[i] = attempt_of(sight.attempts[i]);
  if (!sight.attempts.empty()) into.provider = into.attempts[sight.attempts.size() - 1].provider;
}

std::optional<UsageRecord> partial_record(std::span<const std::byte> intent,
                                          std::int64_t now_unix_nanos) {
  std::optional<UsageRecord> record = decode_record(intent);
  if (!record) return std::nullopt;
  record->usage.source = UsageSource::partial;
  record->ending = RecordEnding::lost;
  // When it ended nobody knows; it had when this was written.
  record->ended_unix_nanos = now_unix_nanos;
  return record;
}

std::optional<UsageRecord> partial_record(const core::InFlightSight& sight,
                                          std::int64_t now_unix_nanos) {
  std::optional<UsageRecord> record = partial_record(sight.intent, now_unix_nanos);
  if (!record || record->id.sequence != sight.sequence) return std::nullopt;
  if (sight.input_tokens > 0) record->usage.in_fresh = sight.input_tokens;
  record->usage.out_text = sight.output_tokens;
  record->cost = core::MicroUsd(sight.micro_usd);
  record->first_byte_nanos = sight.first_byte_nanos;
  record->bytes_out = sight.bytes;
  record->streamed = sight.streaming;
  record_attempts(sight, *record);
  return record;
}

}  // namespace headrace::policy
