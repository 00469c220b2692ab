#include "net/proxy/exchange_story.h"

#include "core/check.h"
#include "net/cache/cache_session.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/query.h"
#include "net/proxy/upstream_target.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using http::BodyFraming;
using http::FieldId;
using policy::config::Switch;

namespace {

// What OpenAI takes where a request for a moderation names no model.
constexpr std::string_view kUsualModeration = "omni-moderation-latest";

}  // namespace

ExchangeStory::ExchangeStory(ShardContext& shard, DownstreamConnection& downstream)
    : shard_(&shard),
      downstream_(&downstream),
      config_(shard.config),
      policy_set_(config_->view().access().policy_set(downstream.listener().link().policy_set)),
      answer_(shard) {
  request_.begun_at = shard.now();
  if (shard.audit_log != nullptr) trail_ = shard.decision_trails.make();
}

// --- noted with the head -------------------------------------------------------------------------

void ExchangeStory::note_request(const http::RequestHead& head) {
  count_request();
  request_.method = head.method;
  request_.http_1_0 = head.version == http::Version::http_1_0;
  keep_alive_ = head.keep_alive;
  request_.path.take(head.path());
  const std::string_view offered = head.fields.value(FieldId::x_request_id);
  if (RequestId::sane(offered)) {
    request_.id.take(offered);
  } else {
    request_.id.make(shard_->io->random(), shard_->io->random());
  }
  body_complete_ = head.framing == BodyFraming::none ||
                   (head.framing == BodyFraming::length && head.content_length == 0);
}

void ExchangeStory::count_request() {
  if (!is_operators()) shard_->counters.add(ShardCount::requests);
  shard_->counters.gauges.requests_in_flight.add(1);
}

// What the gateway's own watchers ask for is none of what they watch.
bool ExchangeStory::is_operators() const {
  return downstream_->listener().link().role == ListenerRole::admin;
}

// Paths that several dialects have (lists of models, files), and those that nobody knows, belong to
// the dialect that the client shows that it speaks.
void ExchangeStory::heed_dialect(const http::RequestHead& head) {
  if (head.fields.has(FieldId::x_goog_api_key) ||
      head.fields.find("x-goog-api-client") != nullptr ||
      (head.target.has_query && http::find_parameter(head.query(), "key"))) {
    request_.match.dialect = policy::Dialect::gemini;
  } else if (head.fields.find("anthropic-version") != nullptr &&
             request_.match.dialect != policy::Dialect::gemini) {
    request_.match.dialect = policy::Dialect::anthropic;
  }
}

// With the head: afterwards that is gone. Usually nothing is asked for, and nothing done.
void ExchangeStory::note_language(const http::RequestHead& head) {
  if (head.target.has_query) {
    if (const auto asked = http::find_parameter(head.query(), kLanguageParameter)) {
      if (const auto wish = policy::LanguageWish::named(config_->view().catalogues(), *asked)) {
        request_.language = *wish;
        return;
      }
    }
  }
  if (const std::string_view ranges = head.fields.value(FieldId::accept_language);
      !ranges.empty()) {
    request_.language = policy::LanguageWish(config_->view().catalogues(), ranges);
  }
}

void ExchangeStory::note_debug(const http::RequestHead& head) {
  const policy::config::AnswerSettings& told = config_->view().settings().answers;
  if (told.debug == Switch::off) return;
  const http::Field* token = head.fields.find("x-headrace-debug");
  if (token == nullptr) return;
  const policy::config::Sha256 digest = policy::config::key_digest(token->value);
  if (!policy::config::equal_in_constant_time(digest, told.debug_token)) return;
  explanation_ = shard_->explanations.make(request_.begun_at);
}

// --- asked again and again -----------------------------------------------------------------------

http::RequestHead& ExchangeStory::request_head() {
  if (!head_in_scratch_) {
    http::HeadScan scan;
    const http::HeadResult again = http::parse_request_head(
        {reinterpret_cast<const char*>(message_->lease.data()), message_->head_bytes},
        http::HeadLimits{.head_bytes_max = http::kHeadBytesMax,
                         .line_bytes_max = http::kHeadBytesMax,
                         .fields_max = http::kFieldsMax},
        shard_->request_head, scan);
    HEADRACE_CHECK(again.status == http::HeadStatus::complete,
                   "a head was judged twice differently");
  }
  return shard_->request_head;
}

policy::Language ExchangeStory::language() const {
  const policy::Language fallback =
      caller_.known() ? policy::language_of(*caller_.tenant) : policy::Language::english;
  return request_.language.choose(config_->view().catalogues(), fallback);
}

std::uint64_t ExchangeStory::wall_seconds() const {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  return static_cast<std::uint64_t>(shard_->io->wall_now().unix_nanos / kNanosPerSecond);
}

std::string_view ExchangeStory::asked_model(std::span<char, policy::kModelBytesMax> scratch) {
  if (request_.match.dialect == policy::Dialect::gemini) {
    const http::RequestHead& head = request_head();
    return policy::match_endpoint(head.method_text, head.path(), false).model_in_path;
  }
  const std::string_view named = policy::model_name(message_->facts, message_->body(), scratch);
  if (!named.empty() || request_.match.endpoint != policy::Endpoint::moderations) return named;
  const bool is_served =
      config_->view().find_route(policy::config::Dialect::openai, kUsualModeration) != nullptr;
  return is_served ? kUsualModeration : named;
}

std::string_view ExchangeStory::limited_model(std::span<char, policy::kModelBytesMax> scratch) {
  return passthrough_ != nullptr ? std::string_view() : asked_model(scratch);
}

std::string_view ExchangeStory::stored_reference() const {
  const policy::BodyFacts& facts = message_->facts;
  if (facts.previous_response_id.given) return "previous_response_id";
  if (facts.background.is_true) return "background";
  if (facts.store.is_true) return "store";
  // What is kept for a key of the client's own is the client's.
  return facts.names_stored() && !brings_own_key_ ? kStoredElsewhere : std::string_view();
}

bool ExchangeStory::served_from_cache() const {
  return cache_ != nullptr && cache_->state == CacheSession::State::answered;
}

// The cache answers before a route was taken.
const policy::config::Route* ExchangeStory::recorded_route() const {
  if (route_ != nullptr || passthrough_ != nullptr || request_.model.text().empty()) return route_;
  return config_->view().find_route(request_.match.dialect, request_.model.text());
}

// By its name, else by the first model that leads there.
std::string_view ExchangeStory::route_label() const {
  const policy::config::ConfigView& view = config_->view();
  if (passthrough_ != nullptr) return view.text(passthrough_->path);
  const policy::config::Route* route = recorded_route();
  if (route == nullptr) return {};
  if (!view.text(route->name).empty()) return view.text(route->name);
  const auto models = view.models(*route);
  return models.empty() ? "sandbox" : view.written(models.front());
}

// --- how it ended --------------------------------------------------------------------------------

void ExchangeStory::note_early_end(policy::RecordEnding ending) {
  if (ended_early_ == policy::RecordEnding::under_way) ended_early_ = ending;
}

// --- how it was decided --------------------------------------------------------------------------

void ExchangeStory::enter(policy::Stage stage) {
  judging_ = stage;
  if (explanation_ != nullptr) explanation_->enter(stage, shard_->io->clock_now());
}

void ExchangeStory::decide(policy::Stage stage, policy::Decided decided, std::string_view rule,
                           std::string_view why) {
  if (trail_ == nullptr) return;
  trail_->add({.rule = rule,
               .why = why,
               .after = shard_->now() - request_.begun_at,
               .stage = stage,
               .decided = decided});
}

}  // namespace headrace::net
