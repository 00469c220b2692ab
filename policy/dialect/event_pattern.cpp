#include "policy/dialect/event_pattern.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <bit>

#include <emmintrin.h>
#endif

namespace headrace::policy {
namespace {

bool ends_run(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

// The first quote, backslash or control character in [at, end), or end.
const char* skip_run(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i stops =
        _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(bytes, control), control),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(stops));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && !ends_run(*at))
    ++at;
  return at;
}

// The quote that ends the string whose text begins at `at`; null where there is none in sight.
const char* find_quote(const char* at, const char* end) {
  for (;;) {
    at = skip_run(at, end);
    if (at == end) return nullptr;
    if (*at == '"') return at;
    // A control character cannot stand here, nor behind a backslash.
    if (*at != '\\' || end - at < 2 || static_cast<unsigned char>(at[1]) < 0x20) return nullptr;
    at += 2;
  }
}

// Passes over at least one and at most 18 digits; null where they do not stand.
const char* skip_number(const char* at, const char* end, std::int64_t& number) {
  const char* const begin = at;
  number = 0;
  for (; at != end && *at >= '0' && *at <= '9' && at - begin < 18; ++at) {
    number = number * 10 + (*at - '0');
  }
  return at == begin ? nullptr : at;
}

}  // namespace

// Finds the strings nobody wants that differ from those in the pattern so far.
void EventPattern::compare_maybes(std::string_view event, std::span<const EventHole> holes) {
  const auto is_maybe = [](const EventHole& hole) { return hole.kind == EventHole::Kind::maybe; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(holes, is_maybe));
  if (kept_size_ == 0 || count != maybe_count_) differing_ = 0;
  const bool known = kept_size_ != 0 && count == maybe_count_;
  maybe_count_ = static_cast<std::uint8_t>(count);
  if (!known) return;
  std::size_t i = 0;
  for (const EventHole& hole : holes) {
    if (!is_maybe(hole)) continue;
    const std::string_view before(kept_.data() + maybe_[i].begin, maybe_[i].size);
    const std::string_view here = event.substr(hole.begin, hole.end - hole.begin);
    if (here != before) differing_ = static_cast<std::uint16_t>(differing_ | 1U << i);
    ++i;
  }
}

void EventPattern::learn(std::string_view event, std::span<const EventHole> holes) {
  compare_maybes(event, holes);
  forget();
  std::size_t size = 0;
  std::size_t done = 0;
  const auto keep = [&](std::size_t end) {
    const std::size_t more = end - done;
    if (more > kept_.size() - size) return false;
    std::memcpy(kept_.data() + size, event.data() + done, more);
    size += more;
    done = end;
    return true;
  };
  std::size_t hole_count = 0;
  std::size_t maybe = 0;
  for (const EventHole& hole : holes) {
    if (!keep(hole.begin)) return;
    if (hole.kind == EventHole::Kind::maybe) {
      const std::size_t i = maybe++;
      if ((unsigned{differing_} >> i & 1U) == 0) {
        maybe_[i] = {static_cast<std::uint16_t>(size),
                     static_cast<std::uint16_t>(hole.end - hole.begin)};
        if (!keep(hole.end)) return;
        continue;
      }
    }
    if (hole_count == kHolesMax) return;
    kinds_[hole_count] = hole.kind == EventHole::Kind::maybe ? EventHole::Kind::text : hole.kind;
    places_[hole_count] = static_cast<std::uint16_t>(size);
    ++hole_count;
    done = hole.end;
  }
  if (!keep(event.size())) return;
  hole_count_ = static_cast<std::uint8_t>(hole_count);
  kept_size_ = static_cast<std::uint16_t>(size);
}

std::optional<EventPattern::Match> EventPattern::match(std::string_view text) const {
  if (text.size() < kept_size_ || kept_size_ == 0) return std::nullopt;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::size_t done = 0;
  const auto same = [&](std::size_t until) {
    const std::size_t size = until - done;
    if (static_cast<std::size_t>(end - at) < size ||
        std::memcmp(at, kept_.data() + done, size) != 0) {
      return false;
    }
    at += size;
    done = until;
    return true;
  };
  Match found;
  for (std::size_t i = 0; i < hole_count_; ++i) {
    if (!same(places_[i])) return std::nullopt;
    const char* const behind = kinds_[i] == EventHole::Kind::number
                                   ? skip_number(at, end, found.number)
                                   : find_quote(at, end);
    if (behind == nullptr) return std::nullopt;
    if (kinds_[i] == EventHole::Kind::output) {
      found.output_bytes += static_cast<std::uint32_t>(behind - at);
    }
    at = behind;
  }
  if (!same(kept_size_)) return std::nullopt;
  found.size = static_cast<std::size_t>(at - text.data());
  return found;
}

}  // namespace headrace::policy
