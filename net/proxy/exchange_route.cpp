// The route stage of an exchange: which provider is asked, and for what.
#include <array>

#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "policy/body/request_edits.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;
using policy::Verdict;

Verdict Exchange::route() {
  const policy::config::ConfigView& view = config_->view();
  if (passthrough_ != nullptr) {
    provider_ = passthrough_->provider;
    return settle_own_key() ? Verdict::go : Verdict::reply;
  }
  std::array<char, policy::kModelBytesMax> scratch;
  const std::string_view model = asked_model(scratch);
  const bool in_sandbox = caller_.tenant->mode == policy::config::TenantMode::sandbox;
  route_ = in_sandbox ? view.sandbox_route(match_.dialect) : view.find_route(match_.dialect, model);
  // A route whose providers belong to other tenants alone is not there for this key.
  target_ = route_ == nullptr ? nullptr : view.find_target(caller_, *route_);
  if (target_ == nullptr) {
    route_ = nullptr;
    reply(Reason::model_not_found, MessageId::model_unknown, "model");
    return Verdict::reply;
  }
  if (const auto rule = policy::judge_route(view, caller_, *route_);
      rule != policy::GuardRule::none) {
    refuse(rule);
    return Verdict::reply;
  }
  provider_ = target_->provider;
  if (explanation_ != nullptr) {
    explanation_->why = in_sandbox ? "sandbox" : "first of its route";
  }
  if (!settle_own_key() || !accept_stored_references()) return Verdict::reply;
  if (!edit_request(model)) {
    reply(Reason::invalid_body, MessageId::body_not_adaptable);
    return Verdict::reply;
  }
  return Verdict::go;
}

bool Exchange::accept_stored_references() {
  if (config_->view().providers()[provider_].exclusive == policy::config::Switch::on) return true;
  const policy::BodyFacts& facts = message_->facts;
  std::string_view field;
  if (facts.store.is_true) field = "store";
  if (facts.background.is_true) field = "background";
  if (facts.previous_response_id.given) field = "previous_response_id";
  if (field.empty() && !facts.stored_reference) return true;
  reply(Reason::unsupported, MessageId::stored_objects, field);
  return false;
}

bool Exchange::edit_request(std::string_view model) {
  using policy::Endpoint;
  const policy::config::ConfigView& view = config_->view();
  policy::EditList& edits = message_->edits;
  const policy::BodyFacts& facts = message_->facts;
  const std::string_view wanted = view.text(target_->model);
  // Gemini's model stands in the path (upstream_target.h).
  if (match_.dialect != policy::Dialect::gemini && !wanted.empty() && wanted != model &&
      !policy::set_model(edits, facts, wanted)) {
    return false;
  }
  const bool counts_on_demand =
      match_.endpoint == Endpoint::chat_completions || match_.endpoint == Endpoint::completions;
  if (counts_on_demand && wants_stream_ && !facts.include_usage.is_true) {
    strip_usage_ = true;
    if (!policy::set_include_usage(edits, facts)) return false;
  }
  const bool shared = view.providers()[provider_].exclusive == policy::config::Switch::off;
  if (match_.endpoint == Endpoint::responses && shared && !facts.store.given &&
      !policy::set_store_false(edits, facts)) {
    return false;
  }
  return true;
}

}  // namespace headrace::net
