// The first stage of an exchange: the head, judged by the connection, becomes a request.
#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/query.h"
#include "net/proxy/cut_text.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using http::BodyFraming;
using http::FieldId;
using policy::MessageId;
using policy::Reason;

void Exchange::begin(core::BufferLease message, std::size_t head_bytes, std::size_t bytes) {
  const http::RequestHead& head = shard_->request_head;
  note_request(head);
  note_language(head);
  note_debug(head);
  message_ = shard_->messages.make();
  if (message_ == nullptr) {
    keep_alive_ = false;
    reply(Reason::overloaded, MessageId::too_many_requests_held);
    return;
  }
  message_->lease = std::move(message);
  message_->head_bytes = head_bytes;
  std::size_t arrived = bytes - head_bytes;
  if (body_complete_ && arrived > 0) {
    // There is no body, so this is the next request, whoever answers this one.
    if (!downstream_->keep_for_later({message_->body_begin(), arrived})) keep_alive_ = false;
    arrived = 0;
  }
  if (is_operators()) {
    answer_admin(head);
    return;
  }
  if (answer_preflight(head)) {
    head_in_scratch_ = false;
    return;
  }
  request_.match = policy::match_endpoint(head.method_text, head.path(), false);
  if (request_.match.kind != policy::EndpointKind::metered) heed_dialect(head);
  enter(policy::Stage::identify);
  if (identify(head) && accept_caller(head)) {
    const policy::QuotaPage page = policy::quota_page_of(head.path());
    if (page != policy::QuotaPage::none) {
      answer_quota_page(page);
    } else if (accept_endpoint(head) && start_body(head, arrived)) {
      body_arrived();
    }
  }
  // From here on the scratch head may belong to another request.
  head_in_scratch_ = false;
  request_.match.model_in_path = {};
  request_.match.allow = {};
}

// Paths that several dialects have (lists of models, files), and those that nobody knows, belong to
// the dialect that the client shows that it speaks.
void Exchange::heed_dialect(const http::RequestHead& head) {
  if (head.fields.has(FieldId::x_goog_api_key) ||
      head.fields.find("x-goog-api-client") != nullptr ||
      (head.target.has_query && http::find_parameter(head.query(), "key"))) {
    request_.match.dialect = policy::Dialect::gemini;
  } else if (head.fields.find("anthropic-version") != nullptr &&
             request_.match.dialect != policy::Dialect::gemini) {
    request_.match.dialect = policy::Dialect::anthropic;
  }
}

// What the gateway's own watchers ask for is none of what they watch.
bool Exchange::is_operators() const {
  return downstream_->listener().link().role == ListenerRole::admin;
}

void Exchange::count_request() {
  if (!is_operators()) shard_->counters.add(ShardCount::requests);
  shard_->counters.gauges.requests_in_flight.add(1);
}

void Exchange::note_request(const http::RequestHead& head) {
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

}  // namespace headrace::net
