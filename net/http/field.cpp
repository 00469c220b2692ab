#include "net/http/field.h"

#include <array>
#include <cstring>

#include "net/http/text.h"

namespace headrace::net::http {

namespace {

// In the order of FieldId.
constexpr std::array<std::string_view, kFieldIds> kNames = {
    "",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Alt-Svc",
    "Api-Key",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Location",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Retry-After",
    "Retry-After-Ms",
    "Server",
    "Set-Cookie",
    "Strict-Transport-Security",
    "TE",
    "Traceparent",
    "Tracestate",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Via",
    "WWW-Authenticate",
    "X-Api-Key",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Goog-Api-Key",
    "X-Headrace-Key",
    "X-Real-IP",
    "X-Request-ID",
    "X-Should-Retry",
};

constexpr std::size_t kSlots = 128;
constexpr std::size_t kNameBytesMin = 2;   // TE
constexpr std::size_t kNameBytesMax = 25;  // Strict-Transport-Security
constexpr std::size_t kEntryBytes = 32;

// A perfect hash over the names above: the factors were found by trial, and are held to their
// promise by the static_assert below. Bit 0x20 makes both cases of a letter equal.
constexpr std::size_t slot_of(std::string_view name) {
  const auto letter = [name](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(name[at]) | 0x20U);
  };
  const std::size_t size = name.size();
  return (size * 112 + letter(0) * 47 + letter(size - 1) * 125 + letter(size * 2 / 3) * 103) %
         kSlots;
}

// Names in lower case, and beside each letter the bit that makes it lower case: so eight bytes are
// compared at a time, without regard to case for letters and exactly for all else.
struct Entry {
  std::array<char, kEntryBytes> lower{};
  std::array<char, kEntryBytes> case_bits{};
  std::uint8_t size = 0;
  FieldId id = FieldId::other;
};

struct Slots {
  std::array<Entry, kSlots> entries{};
  bool perfect = true;
};

constexpr Slots make_slots() {
  Slots slots;
  for (std::size_t i = 1; i < kFieldIds; ++i) {
    const std::string_view name = kNames[i];
    Entry& entry = slots.entries[slot_of(name)];
    if (entry.size != 0 || name.size() < kNameBytesMin || name.size() > kNameBytesMax) {
      slots.perfect = false;
    }
    entry.size = static_cast<std::uint8_t>(name.size());
    entry.id = static_cast<FieldId>(i);
    for (std::size_t at = 0; at < name.size() && at < kEntryBytes; ++at) {
      entry.lower[at] = to_lower(name[at]);
      entry.case_bits[at] = is_letter(name[at]) ? 0x20 : 0;
    }
  }
  return slots;
}

constexpr Slots kTable = make_slots();
static_assert(kTable.perfect, "two names share a slot: find other factors for slot_of()");

template <class Word>
bool same_word(std::string_view name, const Entry& entry, std::size_t at) {
  Word word;
  Word lower;
  Word case_bits;
  std::memcpy(&word, name.data() + at, sizeof(Word));
  std::memcpy(&lower, &entry.lower[at], sizeof(Word));
  std::memcpy(&case_bits, &entry.case_bits[at], sizeof(Word));
  return static_cast<Word>(word | case_bits) == lower;
}

// Word by word; the last word may overlap the one before.
template <class Word>
bool same_name(std::string_view name, const Entry& entry) {
  const std::size_t last = name.size() - sizeof(Word);
  for (std::size_t at = 0; at < last; at += sizeof(Word)) {
    if (!same_word<Word>(name, entry, at)) return false;
  }
  return same_word<Word>(name, entry, last);
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.size() < kNameBytesMin) return FieldId::other;
  const Entry& entry = kTable.entries[slot_of(name)];
  if (entry.size != name.size()) return FieldId::other;
  const bool same = name.size() >= 8   ? same_name<std::uint64_t>(name, entry)
                    : name.size() >= 4 ? same_name<std::uint32_t>(name, entry)
                                       : same_name<std::uint16_t>(name, entry);
  return same ? entry.id : FieldId::other;
}

std::string_view field_name(FieldId id) {
  return kNames[static_cast<std::size_t>(id)];
}

}  // namespace headrace::net::http
