#include "policy/cache/request_fingerprint.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/hash128_stream.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kUnheededHeaders[] = {
    "accept-encoding",
    "baggage",
    "cache-control",
    "dnt",
    "idempotency-key",
    "origin",
    "pragma",
    "priority",
    "referer",
    "tracestate",
    "user-agent",
    "x-app",
    "x-client-request-id",
};
constexpr std::string_view kUnheededHeaderBeginnings[] = {
    "x-headrace-", "x-stainless-", "sec-fetch-", "sec-ch-", "x-b3-", "x-datadog-",
};

bool same(std::string_view name, std::string_view lower_name) {
  return std::ranges::equal(name, lower_name,
                            [](char a, char b) { return core::to_lower(a) == b; });
}

// What stands before the head in the hash: fixed in size, so that nothing can be shifted.
struct Prologue {
  std::uint64_t head_bytes;
  std::uint64_t scope_bytes;
  std::uint64_t endpoint;
};
struct Epilogue {
  std::array<std::uint32_t, UnheededFields::kMax> places{};  // in what is left of the body
  std::uint32_t count = 0;
};

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

UnheededFields unheeded_fields(Endpoint endpoint, const BodyFacts& facts) {
  UnheededFields fields;
  const auto add = [&](ByteRange range) {
    if (range) fields.ranges[fields.count++] = range;
  };
  switch (endpoint) {
    case Endpoint::chat_completions:
      add(facts.user.value);
      add(facts.metadata.value);
      add(facts.safety_identifier);
      add(facts.prompt_cache_key);
      break;
    case Endpoint::completions:
    case Endpoint::embeddings:
    case Endpoint::messages:  // metadata.user_id
      add(facts.user.value);
      break;
    // Responses repeats user, metadata and the like in its answer. The others have none.
    default:
      break;
  }
  std::ranges::sort(fields.ranges.begin(),
                    fields.ranges.begin() + static_cast<std::ptrdiff_t>(fields.count), {},
                    &ByteRange::offset);
  return fields;
}

bool is_unheeded_header(std::string_view name) {
  if (name.size() < 3) return false;
  const char first = core::to_lower(name.front());
  for (const std::string_view beginning : kUnheededHeaderBeginnings) {
    if (beginning.front() == first && same(name.substr(0, beginning.size()), beginning)) {
      return true;
    }
  }
  return std::ranges::any_of(kUnheededHeaders, [&](std::string_view known) {
    return known.size() == name.size() && known.front() == first && same(name, known);
  });
}

core::CacheKey RequestFingerprint::key(std::string_view scope, Endpoint endpoint,
                                       std::string_view head, std::span<const std::byte> body,
                                       const UnheededFields& unheeded) {
  core::Hash128Stream hash(seed_);
  tag_.begin();
  std::uint64_t length = 0;
  const auto add = [&](std::span<const std::byte> bytes) {
    hash.add(bytes);
    tag_.add(bytes);
    length += bytes.size();
  };
  add(bytes_of(Prologue{head.size(), scope.size(), static_cast<std::uint64_t>(endpoint)}));
  add(std::as_bytes(std::span(scope)));
  add(std::as_bytes(std::span(head)));
  Epilogue epilogue;
  std::size_t at = 0;
  std::uint32_t left_out = 0;
  for (const ByteRange range : unheeded.all()) {
    add(body.subspan(at, range.offset - at));
    epilogue.places[epilogue.count++] = range.offset - left_out;
    left_out += range.length;
    at = range.end();
  }
  add(body.subspan(at));
  add(bytes_of(epilogue));
  return {.hash = hash.hash(), .tag = tag_.end(), .length = length, .scope = scope};
}

}  // namespace headrace::policy
