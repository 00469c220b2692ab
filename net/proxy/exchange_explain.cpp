// What an answer tells besides what was asked: who gave it, and to those who may debug how it was
// decided.
#include <array>

#include "net/proxy/exchange_report.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/price/cost.h"

namespace headrace::net {

using policy::MessageId;
using policy::config::Switch;

void ExchangeReport::write_told_fields(http::HeadWriter& writer) {
  const policy::config::ConfigView& view = config_->view();
  const policy::config::AnswerSettings& told = view.settings().answers;
  if (tries_.requests_sent == 0 && !answer_.early) cost_told_ = core::MicroUsd(0);
  if (told.provider == Switch::on && tries_.requests_sent > 0) {
    writer.field("X-Headrace-Provider", config_->snapshot().providers()[call_.provider].name);
  }
  if (told.route == Switch::on && route_ != nullptr) {
    writer.field("X-Headrace-Route", route_label());
  }
  if (told.attempts == Switch::on) {
    writer.field("X-Headrace-Attempts", std::uint64_t{tries_.requests_sent});
  }
  if (told.cost == Switch::on && cost_told_) {
    writer.field("X-Headrace-Cost", static_cast<std::uint64_t>(cost_told_->count()));
  }
  if (explanation_ != nullptr) write_explained(writer);
}

// What the answer's fields can say of its use and cost: only what is known before its body is
// passed on.
void ExchangeReport::note_use(const http::ResponseHead& head, std::span<const std::byte> body) {
  if (head.status != 200) return;
  const bool whole =
      head.framing == http::BodyFraming::length && body.size() >= head.content_length;
  if (whole) answer_.body.meter_ahead(body.first(static_cast<std::size_t>(head.content_length)));
  const bool wanted = config_->view().settings().answers.cost == Switch::on;
  if (!wanted && explanation_ == nullptr) return;
  if (passthrough_ != nullptr) {
    cost_told_ = core::MicroUsd(static_cast<std::int64_t>(passthrough_->request_micro_usd));
    return;
  }
  const policy::Usage usage = answer_.body.meter().usage();
  const policy::config::Price* price = policy::price_in_tier(
      config_->view().quota(), call_.price, call_.tier_prices, usage.service_tier.view());
  if (usage.source != policy::UsageSource::provider || price == nullptr) return;
  cost_told_ = policy::cost_of(usage, price->rates);
}

void ExchangeReport::write_explained(http::HeadWriter& writer) {
  const policy::config::ConfigView& view = config_->view();
  const policy::Catalogues catalogues = view.catalogues();
  policy::Explanation& explained = *explanation_;
  explained.attempts = tries_.requests_sent;
  explained.cache = to_text(cache_said_);
  explained.waited = wait_.so_far;
  if (call_.price != nullptr) explained.price_version = call_.price->version;
  explained.cost = cost_told_;
  explained.reserved = reserved_money();
  if (tries_.requests_sent > 0)
    explained.provider = config_->snapshot().providers()[call_.provider].name;
  if (call_.target != nullptr) {
    const std::string_view own = view.text(call_.target->model);
    explained.model = own.empty() ? request_.model.text() : own;
  }
  const auto what = [&]() -> policy::Message {
    if (cache_said_ == CacheSaid::hit) return MessageId::served_from_cache;
    if (answer_.local && status_ >= 400) return policy::row(reason_).title;
    if (tries_.requests_sent <= 1) return {MessageId::served_by, explained.provider};
    return {MessageId::served_after, std::uint64_t{tries_.requests_sent}, explained.provider};
  };
  std::array<char, 256> said;
  std::array<char, policy::kExplanationBytesMax> text;
  writer.field("X-Headrace-Explain",
               policy::write_explanation(explained, catalogues.write(language(), what(), said),
                                         shard_->io->clock_now(), text));
}

}  // namespace headrace::net
