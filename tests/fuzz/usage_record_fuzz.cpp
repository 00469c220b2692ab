// Encoded usage records: what is taken, and what it says, must be what a reading byte by byte says;
// and whatever is taken, and of the newest version, encodes to the same bytes again.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/record/record_codec.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using Bytes = std::span<const std::uint8_t>;

// What a record says, number by number and text by text, in their order.
struct Reading {
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> texts;
  friend bool operator==(const Reading&, const Reading&) = default;
};

// The format, as a list of what comes behind what.
class SlowReader {
 public:
  explicit SlowReader(Bytes bytes) : bytes_(bytes) {}

  std::optional<Reading> read() {
    version_ = number(2);
    const bool old = version_ == 1;
    if (!old && version_ != 2) return std::nullopt;
    if (number(2) != (old ? 264U : 272U) || number(4) != bytes_.size()) return std::nullopt;
    Reading reading;
    for (const int width : {8, 4, 4, 8, 8, 8})  // id and trace
      reading.numbers.push_back(number(width));
    for (int i = 0; i < 6 + 2 + 13 + 4; ++i) {  // times, bytes, usage, money
      const bool waited = i == 5;
      reading.numbers.push_back(old && waited ? 0 : number(8));
    }
    reading.numbers.push_back(number(2));  // status
    const std::uint64_t last[] = {2, 17, 4, 11, 1};
    for (const std::uint64_t most : last) {  // dialect, endpoint, source, ending, streamed
      reading.numbers.push_back(number(1));
      if (reading.numbers.back() > most) return std::nullopt;
    }
    const std::uint64_t pairs = number(1);
    const std::uint64_t attempts = number(1);
    if (pairs > 16 || attempts > 4) return std::nullopt;
    const std::uint64_t longest[] = {64, 128, 128, 128, 128, 128, 255, 128, 64, 128, 96, 32, 23};
    std::vector<std::uint64_t> lengths;
    for (const std::uint64_t most : longest) {
      lengths.push_back(number(1));
      if (lengths.back() > most) return std::nullopt;
    }
    if (number(1) != 0 || number(1) != 0) return std::nullopt;
    for (const std::uint64_t length : lengths)
      reading.texts.push_back(text(length));
    std::uint64_t field_before = 0;
    for (std::uint64_t i = 0; i < pairs; ++i) {
      const std::uint64_t field = number(4);
      if (field <= field_before || field > 35) return std::nullopt;
      field_before = field;
      reading.numbers.push_back(field);
      reading.numbers.push_back(number(4));
    }
    for (std::uint64_t i = 0; i < attempts; ++i) {
      for (const int width : {8, 8, 8, 2, 1})
        reading.numbers.push_back(number(width));
      const std::uint64_t length = number(1);
      if (length > 64 || number(4) != 0) return std::nullopt;
      reading.texts.push_back(text(length));
    }
    if (short_ || at_ != bytes_.size()) return std::nullopt;
    return reading;
  }
  [[nodiscard]] bool is_newest() const { return version_ == 2; }

 private:
  std::uint64_t number(int width) {
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i)
      value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  std::string text(std::uint64_t length) {
    std::string value;
    for (std::uint64_t i = 0; i < length; ++i)
      value += static_cast<char>(byte());
    return value;
  }
  std::uint8_t byte() {
    if (at_ < bytes_.size()) return bytes_[at_++];
    short_ = true;
    return 0;
  }

  Bytes bytes_;
  std::uint64_t version_ = 0;
  std::size_t at_ = 0;
  bool short_ = false;
};

Reading reading_of(const policy::UsageRecord& record) {
  Reading reading;
  const auto add = [&](auto value) {
    reading.numbers.push_back(static_cast<std::uint64_t>(value));
  };
  add(record.id.source.region);
  add(record.id.source.epoch);
  add(record.id.source.shard);
  add(record.id.sequence);
  add(record.trace[0]);
  add(record.trace[1]);
  add(record.begun_unix_nanos);
  add(record.ended_unix_nanos);
  add(record.begun_nanos);
  add(record.first_byte_nanos);
  add(record.ended_nanos);
  add(record.waited_nanos);
  add(record.bytes_in);
  add(record.bytes_out);
  const policy::Usage& usage = record.usage;
  for (const std::int64_t count :
       {usage.in_fresh, usage.in_cache_read, usage.in_cache_write_5m, usage.in_cache_write_1h,
        usage.in_audio, usage.in_image, usage.out_text, usage.out_reasoning, usage.out_audio,
        usage.out_image, usage.web_searches, usage.web_fetches, usage.audio_seconds}) {
    add(count);
  }
  add(record.cost.count());
  add(record.cost_saved.count());
  add(record.reserved_money.count());
  add(record.reserved_tokens.count());
  add(record.status);
  add(record.dialect);
  add(record.endpoint);
  add(usage.source);
  add(record.ending);
  add(record.streamed);
  for (const std::string_view text :
       {record.request_id, record.organisation, record.tenant, record.project, record.key,
        record.user, record.tags, record.route, record.provider, record.model, record.limit,
        record.price, usage.service_tier.view()}) {
    reading.texts.emplace_back(text);
  }
  for (std::size_t i = 0; i < record.raw.size(); ++i) {
    add(record.raw.pair(i).field);
    add(record.raw.pair(i).count);
  }
  for (std::size_t i = 0; i < record.attempt_count; ++i) {
    const policy::RecordedAttempt& attempt = record.attempts[i];
    add(attempt.begun_nanos);
    add(attempt.duration_nanos);
    add(attempt.cost.count());
    add(attempt.status);
    add(attempt.failure);
    reading.texts.emplace_back(attempt.provider);
  }
  return reading;
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  const std::span<const std::uint8_t> input(data, size);
  fuzz::SlowReader slow(input);
  const auto expected = slow.read();
  const auto record = policy::decode_record(std::as_bytes(input));
  FUZZ_CHECK(record.has_value() == expected.has_value());
  if (!record) return 0;
  FUZZ_CHECK(fuzz::reading_of(*record) == *expected);
  FUZZ_CHECK(policy::read_record_id(std::as_bytes(input)) == record->id);
  std::vector<std::byte> again(policy::kRecordBytesMax);
  again.resize(policy::encode_record(*record, again));
  FUZZ_CHECK(!slow.is_newest() || std::ranges::equal(again, std::as_bytes(input)));
  return 0;
}
