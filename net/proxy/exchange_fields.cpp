// The fields of an answer's head: the provider's that go on, and our own.
#include <array>
#include <charconv>

#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/cors.h"
#include "net/http/forwarding.h"
#include "net/http/text.h"
#include "net/proxy/cache_head.h"
#include "net/proxy/exchange_report.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/quota/limit_status.h"

namespace headrace::net {

using http::BodyFraming;
using http::FieldId;

void ExchangeReport::write_answer_head(const http::ResponseHead& head, http::HeadWriter& writer) {
  writer.status_line(head.status);
  http::FieldSet withheld = http::kResponseFieldsWithheld;
  if (passthrough_ == nullptr) {
    withheld.insert(FieldId::cache_control);
    // Whoever follows it shows the gateway's key to somebody who has no business with it.
    withheld.insert(FieldId::location);
    writer.lines(kNotForSharedCaches);
  }
  const bool own_cors = downstream_->listener().link().cors.any();
  // The gateway has tried as often as it makes sense.
  const bool tried_enough =
      tries_.count > 1 && !may_try_again() && policy::row(policy::end_of_status(head.status)).retry;
  for (const http::Field& field : head.fields) {
    if (!http::forwards(field, withheld)) continue;
    if (tried_enough && http::equals_ignoring_case(field.name, "x-should-retry")) continue;
    // The account is the gateway's, unless a key of the client's own was shown; its clients have
    // limits of their own.
    if (field.id == FieldId::other && !brings_own_key_ && policy::tells_of_the_account(field.name))
      continue;
    if ((own_cors && http::is_cors_field(field.name)) || http::is_own_field(field.name)) continue;
    writer.forward(field);
  }
  if (tried_enough) writer.lines("x-should-retry: false\r\n");
  if (!head.fields.has(FieldId::date)) {
    writer.field(FieldId::date, shard_->date.at(shard_->io->wall_now()));
  }
  write_own_fields(writer);
  if (answer_.body.framing() == BodyFraming::length ||
      (answer_.body.framing() == BodyFraming::none && head.has_content_length)) {
    writer.field(FieldId::content_length, head.content_length);
  } else if (answer_.body.framing() == BodyFraming::chunked) {
    writer.lines("Transfer-Encoding: chunked\r\n");
  }
  writer.end();
}

void ExchangeReport::write_own_fields(http::HeadWriter& writer) {
  if (downstream_->ends_with_this()) keep_alive_ = false;
  writer.field(FieldId::x_request_id, request_.id.text());
  if (cache_said_ != CacheSaid::nothing) {
    constexpr std::array<std::string_view, 4> kLines = {"", "X-Cache: BYPASS\r\n",
                                                        "X-Cache: MISS\r\n", "X-Cache: HIT\r\n"};
    writer.lines(kLines[static_cast<std::size_t>(cache_said_)]);
  }
  write_told_fields(writer);
  if (!request_.cors_origin.empty()) http::write_allowed_origin(request_.cors_origin, writer);
  if (config_->http().via == policy::config::Switch::on) writer.lines("Via: 1.1 headrace\r\n");
  if (quota_ != nullptr || answer_.local) write_quota_fields(writer);
  if (!keep_alive_) {
    writer.lines("Connection: close\r\n");
  } else if (request_.http_1_0) {
    writer.lines("Connection: keep-alive\r\n");
  }
}

void ExchangeReport::write_quota_fields(http::HeadWriter& writer) {
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

}  // namespace headrace::net
