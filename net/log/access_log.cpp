#include "net/log/access_log.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "core/copy_short.h"

namespace headrace::net {

namespace {

constexpr std::size_t kTexts = AccessRecordInRing::kTexts;
constexpr std::size_t kTextBytesMax = 255;
constexpr std::uint32_t kAccessRecordKind = 1;

static_assert(std::is_trivially_copyable_v<AccessRecordInRing>);

std::array<std::string_view*, kTexts> texts_of(AccessRecord& record) {
  return {&record.request_id, &record.path, &record.model, &record.key,   &record.tenant,
          &record.provider,   &record.code, &record.user,  &record.tries, &record.limit};
}

}  // namespace

bool AccessLog::write(const AccessRecord& record) {
  const std::array<std::string_view, kTexts> texts = {
      record.request_id, record.path, record.model, record.key,   record.tenant,
      record.provider,   record.code, record.user,  record.tries, record.limit};
  std::array<std::uint8_t, kTexts> text_bytes;
  std::size_t bytes = sizeof(AccessRecordInRing);
  for (std::size_t i = 0; i < kTexts; ++i) {
    text_bytes[i] = static_cast<std::uint8_t>(std::min(texts[i].size(), kTextBytesMax));
    bytes += text_bytes[i];
  }
  const std::span<std::byte> room = reserve(bytes);
  if (room.empty()) return false;
  const AccessFacts& facts = record;
  std::memcpy(room.data() + offsetof(AccessRecordInRing, facts), &facts, sizeof facts);
  std::memcpy(room.data() + offsetof(AccessRecordInRing, text_bytes), text_bytes.data(), kTexts);
  std::byte* at = room.data() + sizeof(AccessRecordInRing);
  for (std::size_t i = 0; i < kTexts; ++i) {
    core::copy_short(at, texts[i].data(), text_bytes[i]);
    at += text_bytes[i];
  }
  commit(kAccessRecordKind, bytes);
  return true;
}

bool read_access_record(std::span<const std::byte> bytes, AccessRecord& record) {
  AccessRecordInRing in;
  if (bytes.size() < sizeof in) return false;
  std::memcpy(&in, bytes.data(), sizeof in);
  static_cast<AccessFacts&>(record) = in.facts;
  const char* at = reinterpret_cast<const char*>(bytes.data()) + sizeof in;
  std::size_t left = bytes.size() - sizeof in;
  const auto texts = texts_of(record);
  for (std::size_t i = 0; i < kTexts; ++i) {
    if (in.text_bytes[i] > left) return false;
    *texts[i] = {at, in.text_bytes[i]};
    at += in.text_bytes[i];
    left -= in.text_bytes[i];
  }
  return true;
}

}  // namespace headrace::net
