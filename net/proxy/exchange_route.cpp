// The route stage of an exchange: which provider is asked, and for what.
#include <algorithm>
#include <array>

#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/body/request_edits.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;
using policy::Verdict;

Verdict Exchange::route() {
  const policy::config::ConfigView& view = config_->view();
  const core::Instant now = shard_->now();
  if (passthrough_ != nullptr) {
    call_.provider = passthrough_->provider;
    if (!settle_own_key()) return Verdict::reply;
    // Of bodies that are not looked through nothing is known.
    if (message_->facts.names_stored()) {
      reply(Reason::unsupported, where_stored_is_named());
      return Verdict::reply;
    }
    const auto key = config_->targets().choose_key(call_.provider, now, shard_->io->random());
    if (!key.ready && !brings_own_key_) {
      reply_unavailable(key.wait_ms);
      return Verdict::reply;
    }
    call_.hold.key = key.key;
    return Verdict::go;
  }
  std::array<char, policy::kModelBytesMax> scratch;
  const std::string_view model = asked_model(scratch);
  const bool in_sandbox = caller_.tenant->mode == policy::config::TenantMode::sandbox;
  route_ = in_sandbox ? view.sandbox_route(request_.match.dialect)
                      : view.find_route(request_.match.dialect, model);
  // A route whose providers belong to other tenants alone is not there for this key.
  if (route_ == nullptr || view.find_target(caller_, *route_) == nullptr) {
    route_ = nullptr;
    reply(Reason::model_not_found, MessageId::model_unknown, "model");
    return Verdict::reply;
  }
  if (const auto rule = policy::judge_route(view, caller_, *route_);
      rule != policy::GuardRule::none) {
    refuse(rule);
    return Verdict::reply;
  }
  if (!accept_size() || !choose_target()) return Verdict::reply;
  if (explanation_ != nullptr) explanation_->why = why_target();
  return aim(model) ? Verdict::go : Verdict::reply;
}

// At the target that was chosen: its edits begin anew, as it may call the model by another name.
// False: that cannot be, and the request is answered.
bool Exchange::aim(std::string_view model) {
  if (passthrough_ != nullptr) return true;
  if (!settle_own_key()) return false;
  message_->edits.clear();
  answer_.strip_usage = false;
  if (edit_request(model)) return true;
  reply(Reason::invalid_body, MessageId::body_not_adaptable);
  return false;
}

bool Exchange::choose_target() {
  const policy::config::ConfigView& view = config_->view();
  const std::string_view stored = stored_reference();
  if (!stored.empty()) {
    const auto targets = view.targets(*route_);
    const bool served = std::ranges::any_of(targets, [&](const policy::config::Target& target) {
      const policy::config::Provider& provider = view.provider(target);
      return provider.exclusive == policy::config::Switch::on && view.may_use(caller_, provider);
    });
    if (!served) {
      if (stored == kStoredElsewhere) {
        reply(Reason::unsupported, where_stored_is_named());
      } else {
        reply(Reason::unsupported, MessageId::stored_objects, stored);
      }
      return false;
    }
  }
  const TargetAnswer answer =
      config_->targets().choose(*route_, target_question(), shard_->now(), shard_->io->random());
  if (answer.target == nullptr) {
    reply_unavailable(answer.wait_ms);
    return false;
  }
  take_as_target(answer);
  return true;
}

policy::Message Exchange::where_stored_is_named() const {
  const policy::BodyFacts& facts = message_->facts;
  if (facts.stored_reference) return {MessageId::stored_named, facts.stored_reference.offset};
  return {MessageId::stored_too_deep, facts.too_deep_to_see.offset};
}

void Exchange::take_as_target(const TargetAnswer& answer) {
  call_.target = answer.target;
  call_.provider = call_.target->provider;
  call_.hold.key = answer.key;
}

bool Exchange::edit_request(std::string_view model) {
  using policy::Endpoint;
  const policy::config::ConfigView& view = config_->view();
  policy::EditList& edits = message_->edits;
  const policy::BodyFacts& facts = message_->facts;
  const std::string_view wanted = view.text(call_.target->model);
  // Gemini's model stands in the path (upstream_target.h).
  if (request_.match.dialect != policy::Dialect::gemini && !wanted.empty() && wanted != model &&
      !policy::set_model(edits, facts, wanted)) {
    return false;
  }
  const bool counts_on_demand = request_.match.endpoint == Endpoint::chat_completions ||
                                request_.match.endpoint == Endpoint::completions;
  if (counts_on_demand && request_.wants_stream && !facts.include_usage.is_true) {
    answer_.strip_usage = true;
    if (!policy::set_include_usage(edits, facts)) return false;
  }
  const bool shared = view.providers()[call_.provider].exclusive == policy::config::Switch::off;
  if (request_.match.endpoint == Endpoint::responses && shared && !facts.store.given &&
      !policy::set_store_false(edits, facts)) {
    return false;
  }
  return true;
}

}  // namespace headrace::net
