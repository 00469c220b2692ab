// The guard stage of an exchange: may this caller ask for that? The endpoint is judged with the
// head, before a body is waited for; the model when the body says which.
#include <array>

#include "core/event_log.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;
using policy::Verdict;

// --- by the head ---------------------------------------------------------------------------------

void Exchange::refuse(policy::GuardRule rule, std::string_view param) {
  const policy::GuardRuleRow& row = policy::row(rule);
  rule_ = row.name;
  reply(row.reason, row.message, param);
}

bool Exchange::accept_caller(const http::RequestHead& head) {
  enter(policy::Stage::guard);
  if (downstream_->listener().link().serves_nobody) {
    keep_alive_ = false;
    reply(Reason::draining, MessageId::listener_gone);
    return false;
  }
  const PeerAddress& peer = downstream_->peer();
  const core::SocketAddress address = peer.known() ? peer.address() : core::SocketAddress();
  const policy::HeadFacts facts{.method = head.method_text,
                                .path = head.path(),
                                .endpoint = request_.match.endpoint,
                                .now_unix_s = wall_seconds(),
                                .address = peer.known() ? &address : nullptr,
                                .listener_ip_set = downstream_->listener().link().ip_set};
  if (!accept_address(facts)) return false;
  const policy::GuardRule rule = policy::judge_head(config_->view(), policy_set_, caller_, facts);
  if (rule != policy::GuardRule::none) {
    refuse(rule);
    return false;
  }
  decide(policy::Stage::guard, policy::Decided::passed, "caller");
  note_key_use();
  return true;
}

bool Exchange::accept_address(const policy::HeadFacts& facts) {
  const policy::GuardRule rule = policy::judge_address(config_->view(), caller_, facts);
  if (rule == policy::GuardRule::none) return true;
  if (config_->view().settings().development.ignore_ip_lists == policy::config::Switch::on) {
    HEADRACE_EVENT(warning,
                   "development.ignore_ip_lists: a request is let in that `{}` would refuse",
                   policy::row(rule).name);
    return true;
  }
  refuse(rule);
  return false;
}

// What the route that was found allows of a request that came whole.
bool Exchange::accept_size() {
  const std::uint64_t bytes_max = route_->body_bytes_max;
  if (bytes_max != 0 && message_->body_bytes > bytes_max) {
    reply(Reason::body_too_large, {MessageId::body_too_large, bytes_max});
    return false;
  }
  const policy::BodyFacts& facts = message_->facts;
  if (route_->json_depth_max == 0 || facts.depth <= route_->json_depth_max) return true;
  reply(Reason::invalid_body, {MessageId::body_too_deep, "", std::uint64_t{facts.deepest_at}});
  return false;
}

bool Exchange::accept_endpoint(const http::RequestHead& head) {
  using enum policy::EndpointKind;
  if ((request_.match.kind == metered || request_.match.kind == models) &&
      !request_.match.method_allowed) {
    reply(Reason::method_not_allowed, MessageId::method_not_taken);
    return false;
  }
  if (request_.match.kind == metered) return true;
  if (request_.match.kind == models) {
    answer_models();
    return false;
  }
  passthrough_ = config_->view().find_passthrough(caller_, head.method_text, head.path());
  if (passthrough_ == nullptr) {
    reply(Reason::path_not_found, MessageId::endpoint_unknown);
    return false;
  }
  // What passes through goes where its rule says, never into a sandbox.
  if (caller_.rights->passthrough == policy::config::Switch::off ||
      caller_.tenant->mode == policy::config::TenantMode::sandbox) {
    reply(Reason::permission_denied, MessageId::endpoint_denied);
    return false;
  }
  const bool exclusive =
      config_->view().provider(*passthrough_).exclusive == policy::config::Switch::on;
  if (request_.match.kind == stored_object && !exclusive) {
    reply(Reason::path_not_found, MessageId::stored_objects);
    return false;
  }
  return true;
}

// --- by the body ---------------------------------------------------------------------------------

Verdict Exchange::guard() {
  if (passthrough_ != nullptr) return Verdict::go;  // judged with the head
  std::array<char, policy::kModelBytesMax> scratch;
  const std::string_view model = asked_model(scratch);
  if (model.empty()) {
    reply(Reason::model_missing, MessageId::model_missing, "model");
    return Verdict::reply;
  }
  request_.model.take(model);
  if (const auto rule = policy::judge_model(config_->view(), caller_, model);
      rule != policy::GuardRule::none) {
    refuse(rule, "model");
    return Verdict::reply;
  }
  return Verdict::go;
}

}  // namespace headrace::net
