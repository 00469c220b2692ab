#include "policy/cache/request_fingerprint.h"

#include <algorithm>
#include <cstring>

#include "core/ascii.h"
#include "core/check.h"
#include "core/hash.h"

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

// What stands before scope and head in what is hashed: fixed in size, so that nothing can be
// shifted.
struct Prologue {
  std::uint64_t head_bytes = 0;
  std::uint64_t scope_bytes = 0;
  std::uint64_t endpoint = 0;
  std::array<std::uint32_t, UnheededFields::kMax> left_out{};  // places in what is left of the body
  std::uint64_t left_out_count = 0;
};
static_assert(sizeof(Prologue) <= kFingerprintPrologueBytes);

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
  // Nearly always two letters tell.
  const char first = core::to_lower(name[0]);
  const char third = core::to_lower(name[2]);
  for (const std::string_view beginning : kUnheededHeaderBeginnings) {
    if (beginning[0] == first && beginning[2] == third &&
        same(name.substr(0, beginning.size()), beginning)) {
      return true;
    }
  }
  return std::ranges::any_of(kUnheededHeaders, [&](std::string_view known) {
    return known.size() == name.size() && known[0] == first && same(name, known);
  });
}

core::CacheKey RequestFingerprint::key(std::string_view scope, Endpoint endpoint,
                                       std::string_view head, std::span<const std::byte> body,
                                       const UnheededFields& unheeded) {
  HEADRACE_CHECK(scope.size() <= core::kCacheScopeBytesMax);
  HEADRACE_CHECK(head.size() <= kFingerprintHeadBytesMax);
  Prologue prologue{.head_bytes = head.size(),
                    .scope_bytes = scope.size(),
                    .endpoint = static_cast<std::uint64_t>(endpoint),
                    .left_out_count = unheeded.count};
  std::uint32_t left_out = 0;
  for (std::size_t i = 0; i < unheeded.count; ++i) {
    prologue.left_out[i] = unheeded.ranges[i].offset - left_out;
    left_out += unheeded.ranges[i].length;
  }
  // One run of whole blocks: pieces that break blocks cost as much again.
  std::size_t bytes = 0;
  const auto put = [&](const void* from, std::size_t size) {
    std::memcpy(before_body_.data() + bytes, from, size);
    bytes += size;
  };
  put(&prologue, sizeof prologue);
  put(scope.data(), scope.size());
  put(head.data(), head.size());
  constexpr std::array<std::byte, core::KeyedTag::kBlockBytes> kZeros{};
  put(kZeros.data(), (kZeros.size() - bytes % kZeros.size()) % kZeros.size());

  tag_.begin();
  tag_.add(std::span(before_body_).first(bytes));
  std::size_t at = 0;
  for (const ByteRange range : unheeded.all()) {
    tag_.add(body.subspan(at, range.offset - at));
    at = range.end();
  }
  tag_.add(body.subspan(at));
  const core::KeyedTag::Tag tag = tag_.end();
  return {.hash = core::hash128(std::as_bytes(std::span(tag)), seed_),
          .tag = tag,
          .length = bytes + body.size() - left_out,
          .scope = scope};
}

}  // namespace headrace::policy
