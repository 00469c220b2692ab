#include "policy/cache/cache_choice.h"

namespace headrace::policy {
namespace {

bool depends_on_the_provider(const BodyFacts& facts) {
  return facts.store.is_true || facts.background.is_true || facts.previous_response_id.given ||
         facts.names_stored();
}

}  // namespace

bool is_deterministic(Endpoint endpoint, const BodyFacts& facts) {
  switch (endpoint) {
    case Endpoint::embeddings:
    case Endpoint::moderations:
    case Endpoint::responses_input_tokens:
    case Endpoint::count_tokens:
    case Endpoint::gemini_count_tokens:
    case Endpoint::embed_content:
    case Endpoint::batch_embed_contents:
      return true;
    default:
      return facts.temperature_zero || facts.seed_given;
  }
}

CacheUse choose_cache_use(const config::RouteCache& route, const CacheWish& wish, Endpoint endpoint,
                          const BodyFacts& facts, std::size_t body_bytes) {
  if (route.mode == config::CacheMode::off) return CacheUse::none;
  if (wish.refuses() || body_bytes > kCachedRequestBytesMax) return CacheUse::bypass;
  if (route.mode == config::CacheMode::asked && !wish.asks()) return CacheUse::bypass;
  if (depends_on_the_provider(facts)) return CacheUse::bypass;
  if (route.deterministic_only == config::Switch::on && !is_deterministic(endpoint, facts)) {
    return CacheUse::bypass;
  }
  return wish.refreshes() ? CacheUse::refresh : CacheUse::look_up;
}

}  // namespace headrace::policy
