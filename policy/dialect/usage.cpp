#include "policy/dialect/usage.h"

#include <algorithm>

namespace headrace::policy {
namespace {

// A whole that parts are taken from; what is left over is the part without a name.
class Whole {
 public:
  explicit Whole(std::int64_t count) : rest_(count) {}
  std::int64_t take(std::int64_t count) {
    const std::int64_t taken = std::min(count, rest_);
    rest_ -= taken;
    return taken;
  }
  [[nodiscard]] std::int64_t rest() const { return rest_; }

 private:
  std::int64_t rest_;
};

// Cached is inside the prompt, reasoning inside the completion; rejected predictions are billed as
// completion and stay in it.
Usage from_openai(const RawUsage& raw, RawField input, RawField output) {
  using enum RawField;
  Usage usage;
  Whole in(raw.get(input));
  usage.in_cache_read = in.take(raw.get(prompt_cached));
  usage.in_cache_write_5m = in.take(raw.get(prompt_cache_write));
  usage.in_audio = in.take(raw.get(prompt_audio));
  usage.in_image = in.take(raw.get(prompt_image));
  usage.in_fresh = in.rest();
  Whole out(raw.get(output));
  usage.out_reasoning = out.take(raw.get(completion_reasoning));
  usage.out_audio = out.take(raw.get(completion_audio));
  usage.out_image = out.take(raw.get(completion_image));
  usage.out_text = out.rest();
  return usage;
}

// Cache reads and writes stand beside the input; thinking is inside the output.
Usage from_anthropic(const RawUsage& raw) {
  using enum RawField;
  Usage usage;
  usage.in_fresh = raw.get(input_tokens);
  usage.in_cache_read = raw.get(cache_read_input);
  const std::int64_t short_lived = raw.get(cache_creation_5m);
  const std::int64_t long_lived = raw.get(cache_creation_1h);
  const std::int64_t written = std::max(raw.get(cache_creation_input), short_lived + long_lived);
  usage.in_cache_write_1h = long_lived;
  usage.in_cache_write_5m = written - long_lived;
  Whole out(raw.get(output_tokens));
  usage.out_reasoning = out.take(raw.get(thinking));
  usage.out_text = out.rest();
  usage.web_searches = raw.get(web_search_requests);
  usage.web_fetches = raw.get(web_fetch_requests);
  return usage;
}

// Cached is inside the prompt, tool results beside it; thoughts stand beside the candidates.
Usage from_gemini(const RawUsage& raw) {
  using enum RawField;
  const auto fresh = [&raw](RawField all, RawField cached) {
    return std::max<std::int64_t>(raw.get(all) - raw.get(cached), 0);
  };
  Usage usage;
  Whole in(raw.get(prompt_token_count));
  usage.in_cache_read = in.take(raw.get(cached_content_token_count));
  usage.in_audio = in.take(fresh(prompt_audio_detail, cached_audio_detail));
  usage.in_image = in.take(fresh(prompt_image_detail, cached_image_detail));
  usage.in_fresh = in.rest() + raw.get(tool_use_prompt_token_count);
  Whole out(raw.get(candidates_token_count));
  usage.out_audio = out.take(raw.get(candidates_audio_detail));
  usage.out_image = out.take(raw.get(candidates_image_detail));
  usage.out_text = out.rest();
  usage.out_reasoning = raw.get(thoughts_token_count);
  return usage;
}

Usage by_endpoint(const RawUsage& raw, Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::responses:
      return from_openai(raw, RawField::input_tokens, RawField::output_tokens);
    case Endpoint::messages:
      return from_anthropic(raw);
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
    case Endpoint::embed_content:
    case Endpoint::batch_embed_contents:
      return from_gemini(raw);
    default:
      return from_openai(raw, RawField::prompt_tokens, RawField::completion_tokens);
  }
}

}  // namespace

std::string_view to_text(UsageSource source) {
  switch (source) {
    case UsageSource::none:
      return "none";
    case UsageSource::provider:
      return "provider";
    case UsageSource::estimated:
      return "estimated";
    case UsageSource::partial:
      return "partial";
    case UsageSource::cache:
      return "cache";
  }
  return "";
}

Usage normalise(const RawUsage& raw, Endpoint endpoint) {
  Usage usage = by_endpoint(raw, endpoint);
  // Counts that nobody can believe are no counts: 0 would be taken for one.
  const bool amiss =
      raw.malformed() && (usage.in_total() == 0 || (generates(endpoint) && usage.out_total() == 0));
  usage.source = raw.empty() ? UsageSource::none
                 : amiss     ? UsageSource::estimated
                             : UsageSource::provider;
  return usage;
}

}  // namespace headrace::policy
