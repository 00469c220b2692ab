#include "policy/dialect/event_pattern.h"

#include <algorithm>
#include <cstring>

#include "policy/json/json_skip.h"

namespace headrace::policy {

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
                                   ? skip_count(at, end, found.number)
                                   : find_string_end(at, end);
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
