// The first stage of an exchange: the head, judged by the connection, becomes a request.
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

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

}  // namespace headrace::net
