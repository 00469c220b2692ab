// The usage record of an exchange: as it is intended before the first byte goes upstream, kept up
// to date while the answer comes, and written at its end.
#include <algorithm>

#include "core/planted_bug.h"
#include "net/cache/cache_session.h"
#include "net/journal/record_keeper.h"
#include "net/proxy/exchange_account.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/price/cost.h"
#include "policy/record/request_context.h"
#include "policy/record/request_tags.h"

namespace headrace::net {

using policy::RecordEnding;
using policy::UsageRecord;
using policy::UsageSource;

namespace {

std::int64_t nanos(core::Instant at) {
  return at == core::Instant{} ? 0 : at.time_since_epoch().count();
}

// What is known of a JSON answer that broke off: at most a token for so many of its bytes.
constexpr std::int64_t kBytesPerToken = 4;

}  // namespace

UsageRecord ExchangeAccount::intended_record(std::span<char> tags,
                                             const policy::PriceVersionText& price) {
  const policy::config::ConfigView& view = config_->view();
  const policy::config::ScopeView& scopes = view.scopes();
  const http::FieldTable& fields = request_head().fields;
  UsageRecord record;
  record.request_id = request_.id.text();
  if (caller_.known()) {
    record.tenant = view.text(caller_.tenant->name);
    if (const auto* organisation = scopes.organisation(*caller_.tenant)) {
      record.organisation = view.text(organisation->name);
    }
  }
  if (caller_.project != nullptr) record.project = view.text(caller_.project->name);
  if (caller_.user != nullptr) record.user = view.text(caller_.user->name);
  if (caller_.key != nullptr) record.key = scopes.name(*caller_.key);
  const http::Field* tagged = fields.find("x-headrace-tags");
  const bool asks_body = view.settings().journal.body_tags == policy::config::Switch::on;
  record.tags = policy::write_tags({.field = tagged == nullptr ? std::string_view() : tagged->value,
                                    .facts = asks_body ? &message_->facts : nullptr,
                                    .body = message_->body()},
                                   tags);
  if (const auto trace = policy::parse_trace_id(fields.value(http::FieldId::traceparent))) {
    record.trace = *trace;
  }
  record.route = route_label();
  // An answer from the cache has none.
  if (call_.target != nullptr || passthrough_ != nullptr) {
    record.provider = config_->snapshot().providers()[call_.provider].name;
  }
  record.model = request_.model.text();
  record.dialect = request_.match.dialect;
  record.endpoint = request_.match.endpoint;
  record.begun_nanos = nanos(request_.begun_at);
  record.begun_unix_nanos =
      shard_->io->wall_now().unix_nanos - (shard_->now() - request_.begun_at).count();
  record.bytes_in = bytes_in_;
  record.price = price.view();
  record.waited_nanos = wait_.so_far.count();
  intend_cost(record);
  return record;
}

// What a hit has saved: counted for nobody, and told.
void ExchangeAccount::record_hit(UsageRecord& record, policy::PriceVersionText& version) const {
  record.usage = cache_->note.usage;
  record.usage.source = UsageSource::cache;
  const auto* route = recorded_route();
  const auto* target = route == nullptr ? nullptr : config_->view().find_target(caller_, *route);
  if (target == nullptr) return;
  const auto* price = prices().of(*target, request_.model.text());
  if (price == nullptr) return;
  version = policy::PriceVersionText(price->version);
  record.price = version.view();
  record.cost_saved = policy::cost_of(cache_->note.usage, price->rates);
}

// What it may cost: reserved, and as it stands before anything has come.
void ExchangeAccount::intend_cost(UsageRecord& intent) {
  if (passthrough_ != nullptr) {
    intent.cost = core::MicroUsd(static_cast<std::int64_t>(passthrough_->request_micro_usd));
  }
  if (is_free()) return;
  if (text_counted_ && call_.target != nullptr) {
    input_estimate_ = likely_prompt_tokens();
    intent.usage.in_fresh = input_estimate_;
    intent.usage.source = UsageSource::estimated;
  }
  if (call_.price != nullptr) {
    intent.cost = policy::cost_of(intent.usage, call_.price->rates);
  }
  if (quota_ == nullptr) return;
  intent.reserved_money = reserved_money().value_or(core::MicroUsd(0));
  const core::Permit& permit = quota_->reserved.permit;
  for (std::size_t i = 0; i < permit.size(); ++i) {
    if (quota_->reserved.measures[i] != policy::config::LimitMeasure::tokens) continue;
    intent.reserved_tokens = std::max(intent.reserved_tokens, core::Tokens(permit.reserved(i)));
  }
}

// Of all limits on money the most; nothing: there is none.
std::optional<core::MicroUsd> ExchangeAccount::reserved_money() const {
  std::optional<core::MicroUsd> most;
  if (quota_ == nullptr) return most;
  const core::Permit& permit = quota_->reserved.permit;
  for (std::size_t i = 0; i < permit.size(); ++i) {
    if (quota_->reserved.measures[i] != policy::config::LimitMeasure::micro_usd) continue;
    const core::MicroUsd reserved(permit.reserved(i));
    if (!most || reserved > *most) most = reserved;
  }
  return most;
}

void ExchangeAccount::note_attempt() {
  if (ticket_.entry == nullptr) return;
  policy::ShardRecords::begin_attempt(ticket_, config_->snapshot().providers()[call_.provider].name,
                                      nanos(shard_->now()));
  call_.open = true;
}

void ExchangeAccount::note_attempt_end(UpstreamCall& call, UpstreamFailure failure) {
  if (ticket_.entry == nullptr || !call.open) return;
  call.open = false;
  const policy::Attempt& made = tries_.made[call.entry];
  policy::ShardRecords::end_attempt(ticket_, call.entry, nanos(shard_->now()), made.status,
                                    static_cast<std::uint8_t>(failure),
                                    core::MicroUsd(static_cast<std::int64_t>(made.cost_micro_usd)));
}

void ExchangeAccount::note_first_byte() {
  if (ticket_.entry != nullptr) {
    ticket_.entry->first_byte_nanos.store(nanos(answer_.first_byte_at), std::memory_order_relaxed);
  }
}

// Once for each buffer, which holds an event at least.
void ExchangeAccount::note_progress() {
  if (ticket_.entry == nullptr) return;
  core::InFlightEntry& entry = *ticket_.entry;
  entry.bytes.store(answer_.body.bytes(), std::memory_order_relaxed);
  if (answer_.body.meter().stream() == nullptr) return;
  policy::Usage usage = answer_.body.meter().usage();
  if (usage.in_total() == 0) usage.in_fresh = input_estimate_;
  if (call_.price != nullptr) {
    entry.micro_usd.store(policy::cost_of(usage, call_.price->rates).count(),
                          std::memory_order_relaxed);
  }
  entry.streaming.store(1, std::memory_order_relaxed);
  entry.input_tokens.store(usage.in_total(), std::memory_order_relaxed);
  entry.output_tokens.store(usage.out_total(), std::memory_order_relaxed);
}

// What was used, as far as anybody can know. The bodies of errors are nobody's output.
policy::Usage ExchangeAccount::usage_of_record() const {
  policy::Usage usage = usage_;
  if (usage.source != UsageSource::none || !answer_.body.meter().active() || !answer_.cut)
    return usage;
  usage.out_text =
      (static_cast<std::int64_t>(answer_.body.bytes()) + kBytesPerToken - 1) / kBytesPerToken;
  usage.source = UsageSource::estimated;
  return usage;
}

policy::RecordEnding ExchangeAccount::ending() const {
  if (ended_early_ != RecordEnding::under_way) return ended_early_;
  if (answer_.local && status_ >= 400) return RecordEnding::failed;
  return answer_.cut || failure_ != UpstreamFailure::none ? RecordEnding::broken
                                                          : RecordEnding::answered;
}

void ExchangeAccount::write_usage_record() {
  RecordKeeper* keeper = shard_->record_keeper;
  if (keeper == nullptr) return;
  if (ticket_.entry == nullptr) {
    count_refusal();
    return;
  }
  UsageRecord record;
  policy::ShardRecords::take_attempts(ticket_, record);
  if (tries_.requests_sent > 0)
    record.provider = config_->snapshot().providers()[call_.provider].name;
  record.ended_nanos = nanos(shard_->now());
  record.ended_unix_nanos = shard_->io->wall_now().unix_nanos;
  record.first_byte_nanos = nanos(answer_.first_byte_at);
  record.waited_nanos = wait_.so_far.count();
  record.bytes_in = bytes_in_;
  record.bytes_out = answer_.body_bytes();
  record.status = status_;
  record.ending = ending();
  record.streamed = answer_.streaming;
  record.usage = usage_of_record();
  record.raw = answer_.body.meter().raw();
  record.cost = cost_;
  policy::PriceVersionText version(call_.price == nullptr ? 0 : call_.price->version);
  record.price = version.view();
  record.limit = limit_;
  if (cache_said_ == CacheSaid::hit) record_hit(record, version);
  if (core::planted(core::PlantedBug::record_lost)) return keeper->records().drop(ticket_);
  if (!keeper->records().settle(ticket_, record)) shard_->counters.add(ShardCount::records_lost);
  keeper->settled();
}

// Of a request that was never admitted.
void ExchangeAccount::count_refusal() {
  if (!answer_.local || status_ < 400) return;
  const policy::config::ConfigView& view = config_->view();
  const std::uint64_t key = caller_.key == nullptr ? 0 : view.index_of(*caller_.key) + 1U;
  const std::uint64_t tenant = caller_.known() ? view.scopes().index_of(*caller_.tenant) + 1U : 0U;
  // Exact for any two callers and reasons of a config, and for the configs of a minute.
  const std::uint64_t number = config_->number() << 56U |
                               static_cast<std::uint64_t>(reason_) << 48U |
                               (key != 0 ? key : tenant | std::uint64_t{1} << 47U);
  shard_->record_keeper->records().refusals().add(
      number, caller_.known() ? view.text(caller_.tenant->name) : std::string_view(),
      caller_.key != nullptr ? view.scopes().name(*caller_.key) : std::string_view(),
      policy::row(reason_).code, shard_->io->wall_now().unix_nanos);
}

}  // namespace headrace::net
