// What an exchange tells its client of limits, and how it ends a stream that has used up what was
// reserved for it.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "net/edge/downstream_connection.h"
#include "net/http/chunk_writer.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/dialect/cut_event.h"
#include "policy/quota/limits_page.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;

namespace {

// Output is counted by its events and bytes until the provider says how much it was: a cut comes
// only where that is surely above what the request was let.
constexpr std::int64_t kSlackTokens = 64;
// More than any text's tokens have on the average; those of English have four or five.
constexpr std::uint64_t kBytesOfATokenMax = 32;
// With an empty line before it and the body's end behind it.
static_assert(policy::kCutEventBytesMax + 16 <= kHeadBlockBytes);

}  // namespace

void Exchange::write_quota_fields(http::HeadWriter& writer) {
  policy::NearestLimits nearest = quota_ == nullptr ? nearest_limits() : quota_->nearest;
  nearest.spend(used_so_far());
  std::array<char, policy::kRateFieldsBytesMax> room;
  writer.lines(policy::write_rate_fields(nearest, request_.match.dialect, config_->view(),
                                         shard_->io->wall_now(), room));
  if (quota_ == nullptr || quota_->warned_of == nullptr) return;
  std::array<char, 8> percent;
  const auto end = std::to_chars(percent.begin(), percent.end(), quota_->warned_percent);
  writer.field("X-Headrace-Warning", {config_->view().text(quota_->warned_of->name), " ",
                                      std::string_view(percent.data(), end.ptr), "%"});
}

// What this request has used for certain when its answer's head is written: by the provider's word,
// where it came with the head; else its prompt.
policy::Consumption Exchange::used_so_far() {
  if (answer_.local || status_ >= 400 || call_.target == nullptr) return {};
  const policy::Usage usage = answer_.body.meter().usage();
  if (usage.source == policy::UsageSource::provider) {
    return {.input = usage.in_total(), .output = usage.out_total()};
  }
  if (!text_counted_) return {};
  return {.input = likely_prompt_tokens()};
}

// Of a request that was answered before it took anything.
policy::NearestLimits Exchange::nearest_limits() {
  policy::NearestLimits nearest;
  if (!shard_->limits || !caller_.known()) return nearest;
  policy::LimitChain& chain = shard_->limit_chain;
  for (const auto stage : {policy::QuotaStage::admit, policy::QuotaStage::reserve}) {
    chain.clear();
    const policy::ChainQuestion ask = question(stage, {});
    policy::chain_limits(ask, caller_, chain);
    for (const policy::ChainedLimit& limit : chain.limits())
      nearest.consider(limit, shard_->limits->read(limit.terms, ask.now));
  }
  return nearest;
}

// --- a client asks for its limits ----------------------------------------------------------------

void Exchange::answer_quota_page(policy::QuotaPage page) {
  if (request_.method != http::Method::get && request_.method != http::Method::head) {
    request_.match.allow = "GET, HEAD";
    reply(Reason::method_not_allowed, MessageId::method_not_taken);
    return;
  }
  policy::LimitListing listing;
  std::array<policy::LimitStatus, policy::kLimitsOfACallerMax> limits;
  if (shard_->limits) {
    const policy::ChainQuestion ask = question(policy::QuotaStage::admit, {});
    policy::list_limits(ask, caller_, listing);
    for (std::size_t i = 0; i < listing.size(); ++i) {
      const policy::ChainedLimit& limit = listing[i];
      limits[i] = {limit.rule, limit.scope, shard_->limits->read(limit.terms, ask.now)};
    }
  }
  const auto listed = std::span(limits).first(listing.size());
  core::BufferLease block =
      shard_->bodies.take(policy::write_quota_page(page, listed, config_->view(), {}));
  if (!block) {
    reply(Reason::overloaded, MessageId::no_memory_for_answers);
    return;
  }
  const std::span<char> room(reinterpret_cast<char*>(block.data()), block.size());
  const std::size_t bytes = policy::write_quota_page(page, listed, config_->view(), room);
  reply_with(200, "application/json", {room.data(), bytes});
}

// --- a stream that is too long -------------------------------------------------------------------

// The provider was told where to end, and goes on.
bool Exchange::output_used_up() {
  if (quota_ != nullptr && quota_->output_max != 0 &&
      quota_->limits_of_config != shard_->config->number()) {
    look_at_limits_again();
  }
  const std::int64_t most = output_max();
  if (most == 0) return false;
  const policy::StreamMeter* stream = answer_.body.meter().stream();
  if (stream == nullptr || stream->end() != policy::StreamEnd::open) return false;
  const auto counted = static_cast<std::int64_t>(
      std::max<std::uint64_t>(stream->output_events(), stream->output_bytes() / kBytesOfATokenMax));
  if (counted > most + most / 4 + kSlackTokens) return true;
  return stream->finish_reason() == policy::FinishReason::none &&
         stream->output_tokens_said() > most;
}

// Another config holds since it began: limits that were lowered beneath what this request holds of
// them let it go on for what they still bear.
void Exchange::look_at_limits_again() {
  const ShardConfig& before = *config_;
  ShardConfig& now = *shard_->config;
  quota_->limits_of_config = now.number();
  const auto caller = now.view().scopes().find_again(caller_, before.view().scopes());
  if (!caller) return;
  const std::string_view model = request_.model.text();
  policy::LimitChain& chain = shard_->limit_chain;
  chain.clear();
  const core::LimitTime time = shard_->limit_time();
  policy::chain_limits({.config = &now.view(),
                        .windows = &now.calendar_windows(),
                        .stage = policy::QuotaStage::reserve,
                        .model = model,
                        .now = time},
                       *caller, chain);
  policy::ChainAmounts debts{};
  for (std::size_t i = 0; i < chain.size(); ++i)
    debts[i] = shard_->limits->read(chain[i].terms, time).debt;
  policy::ReserveQuestion ask;
  ask.input = quota_->input_max;
  if (call_.price != nullptr) ask.rates = call_.price->rates;
  const auto borne = policy::output_still_borne(quota_->reserved, chain,
                                                std::span(debts).first(chain.size()), ask);
  if (!borne || borne->output >= quota_->output_max) return;
  // 0 would say that it has no bound.
  quota_->output_max = std::max<std::int64_t>(borne->output, 1);
  const std::uint64_t decided = chain[borne->decided].terms.identity;
  chain.clear();
  policy::chain_limits(question(policy::QuotaStage::reserve, model), caller_, chain);
  const auto own =
      std::ranges::find(chain.limits(), decided,
                        [](const policy::ChainedLimit& limit) { return limit.terms.identity; });
  if (own != chain.limits().end()) quota_->capped_by = own->rule;
}

// Ends the answer as the provider would have at its cap; the upstream is cancelled.
void Exchange::cut_answer() {
  shard_->counters.add(ShardCount::answers_cut);
  cut_by_limit_ = true;
  if (quota_->capped_by != nullptr) limit_ = config_->view().text(quota_->capped_by->name);
  decide(policy::Stage::relay, policy::Decided::refused, "output_used_up");
  keep_nothing(core::FlightEnd::failed);
  if (detached_) {
    end_detached();
    return;
  }
  const policy::StreamMeter& stream = *answer_.body.meter().stream();
  const policy::Usage usage = usage_charged();
  std::array<char, 2 * policy::kMessageTextBytesMax> why;
  std::array<char, policy::kCutEventBytesMax> text;
  // The stream's own names; where it has not given them, the request's.
  const policy::UnfinishedAnswer& own = stream.unfinished();
  const policy::CutAnswer cut{
      .model = own.model().empty() ? request_.model.text() : own.model(),
      .id = own.id().empty() ? request_.id.text() : own.id(),
      .message =
          config_->view().catalogues().write(language(), MessageId::title_budget_exhausted, why),
      .created_seconds = own.created_seconds() != 0
                             ? own.created_seconds()
                             : shard_->io->wall_now().unix_nanos / 1'000'000'000,
      .input_tokens = usage.in_total(),
      .output_tokens = usage.out_total(),
      .sequence_number = stream.next_sequence_number(),
      .open_block = stream.open_block(),
      .choices = own.choices(),
      .open_choices = own.open_choices(),
      .include_usage = !answer_.strip_usage,
      .form = stream.form(),
      .has_elements = stream.has_elements()};
  const std::size_t bytes = policy::write_cut_event(cut, request_.match.endpoint, text);
  if (!answer_.body.say_event({text.data(), bytes})) {
    answer_broken(UpstreamFailure::no_memory);
    return;
  }
  answer_.cut = !answer_.body.say_end();
  answer_.ended = true;
  end_attempt(end_of_answer());
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  abandon_upstream();
  pump_answer();
}

}  // namespace headrace::net
