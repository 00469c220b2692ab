// What an answer cost, in one normal form for all dialects.
//
// The counts do not overlap: their sums are what was read and what was written, whatever a dialect
// includes in what (OpenAI and Gemini count cached tokens inside the prompt, Anthropic beside it;
// Gemini counts thoughts beside the candidates, the others inside). All are tokens unless the name
// says otherwise.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/dialect/endpoint.h"
#include "policy/dialect/raw_usage.h"
#include "policy/dialect/short_text.h"

namespace headrace::policy {

enum class UsageSource : std::uint8_t {
  none,       // nothing was used, or nothing is known
  provider,   // the provider's final word
  estimated,  // counted by the gateway, wholly or in part
  partial,    // cut short by the gateway's own death; set by recovery
  cache,      // answered from the cache
};
[[nodiscard]] std::string_view to_text(UsageSource source);

struct Usage {
  std::int64_t in_fresh = 0;
  std::int64_t in_cache_read = 0;
  std::int64_t in_cache_write_5m = 0;  // also where the provider does not say for how long
  std::int64_t in_cache_write_1h = 0;
  std::int64_t in_audio = 0;
  std::int64_t in_image = 0;
  std::int64_t out_text = 0;
  std::int64_t out_reasoning = 0;
  std::int64_t out_audio = 0;
  std::int64_t out_image = 0;
  std::int64_t web_searches = 0;   // calls
  std::int64_t web_fetches = 0;    // calls
  std::int64_t audio_seconds = 0;  // where audio is paid by its length
  ShortText service_tier;          // as the provider said that it served the request
  UsageSource source = UsageSource::none;

  [[nodiscard]] std::int64_t in_total() const {
    return in_fresh + in_cache_read + in_cache_write_5m + in_cache_write_1h + in_audio + in_image;
  }
  [[nodiscard]] std::int64_t out_total() const {
    return out_text + out_reasoning + out_audio + out_image;
  }
};

// The normal form of what the provider reported for an answer of this endpoint. Parts that a
// report makes larger than their whole are cut to it, so that nothing is counted twice. Where a
// count is malformed and its whole side is missing for that, the source is `estimated`.
[[nodiscard]] Usage normalise(const RawUsage& raw, Endpoint endpoint);

}  // namespace headrace::policy
