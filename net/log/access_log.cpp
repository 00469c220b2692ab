#include "net/log/access_log.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

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
  AccessRecordInRing out;
  out.facts = record;
  std::size_t bytes = sizeof out;
  for (std::size_t i = 0; i < kTexts; ++i) {
    out.text_bytes[i] = static_cast<std::uint8_t>(std::min(texts[i].size(), kTextBytesMax));
    bytes += out.text_bytes[i];
  }
  const std::span<std::byte> room = reserve(bytes);
  if (room.empty()) return false;
  std::memcpy(room.data(), &out, sizeof out);
  std::byte* at = room.data() + sizeof out;
  for (std::size_t i = 0; i < kTexts; ++i) {
    if (out.text_bytes[i] == 0) continue;  // its address may be null, which memcpy must not see
    std::memcpy(at, texts[i].data(), out.text_bytes[i]);
    at += out.text_bytes[i];
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
