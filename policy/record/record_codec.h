// Usage records as bytes: in the record ring, in the in-flight table, in segments of the journal.
//
//   0    RecordHead (272 bytes): version, lengths, id, times, usage, money; little-endian
//   272  texts, one behind the other, in the order of UsageRecord
//        raw usage: (field, count), 8 bytes each
//        attempts: AttemptHead (32 bytes) and the provider's name, each
//
// One record has one encoding: what decodes encodes again to the same bytes. Texts that are longer
// than they may be are cut: names of the config never are, what comes from outside (tags, a user's
// name) may be. Records of older versions decode too, and encode as the newest.
//
// Strict: a version, enum, length or reserved byte that is not exactly as written here is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "policy/record/usage_record.h"

namespace headrace::policy {

inline constexpr std::uint16_t kRecordVersion = 2;

// The longest of each text.
inline constexpr std::size_t kRecordNameBytesMax = 128;  // organisation to user, route, model
inline constexpr std::size_t kRecordIdBytesMax = 64;     // request id
inline constexpr std::size_t kRecordTagBytesMax = 255;
inline constexpr std::size_t kRecordProviderBytesMax = 64;
inline constexpr std::size_t kRecordLimitBytesMax = 96;
inline constexpr std::size_t kRecordPriceBytesMax = 32;

// The longest record, and the longest without raw usage and attempts (an intent).
inline constexpr std::size_t kIntentBytesMax = 1720;
inline constexpr std::size_t kRecordBytesMax = 2240;

// Writes the record; returns its length. `out` has room for kRecordBytesMax.
[[nodiscard]] std::size_t encode_record(const UsageRecord& record, std::span<std::byte> out);

// The record that an intent becomes: whose it is and what was asked as it stands in the intent;
// from `record` its id, when and how it ended, what was used and paid, and who answered, where that
// is said. Where the intent is none, because shared memory was overwritten, all is `record`'s.
[[nodiscard]] std::size_t encode_ended(std::span<const std::byte> intent, const UsageRecord& record,
                                       std::span<std::byte> out);

// Whose record it is, of whatever version. Nothing: it is none.
[[nodiscard]] std::optional<RecordId> read_record_id(std::span<const std::byte> bytes);

// The record's texts lie in `bytes`, which hold it and nothing else. Nothing: it is not one.
[[nodiscard]] std::optional<UsageRecord> decode_record(std::span<const std::byte> bytes);
// The same into a record that has nothing yet. False: it is not one, and `into` is of no use.
[[nodiscard]] bool decode_record(std::span<const std::byte> bytes, UsageRecord& into);

}  // namespace headrace::policy
