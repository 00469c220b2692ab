// What the gateway tells by itself, to who asks: its models, a caller's limits, the operators'
// pages.
#include <array>
#include <utility>
#include <vector>

#include "net/admin/admin_pages.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/dialect/models_list.h"
#include "policy/quota/limits_page.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;

void Exchange::answer_models() {
  const policy::config::ConfigView& view = config_->view();
  const auto dialect = static_cast<policy::config::Dialect>(request_.match.dialect);
  core::BufferLease block = shard_->head_blocks.take();
  if (!block) {
    reply(Reason::overloaded, MessageId::no_memory_for_answers);
    return;
  }
  std::span<char> room(reinterpret_cast<char*>(block.data()), block.size());
  std::size_t bytes = 0;
  if (request_.match.endpoint == policy::Endpoint::model_get) {
    const std::string_view model = request_.match.model_in_path;
    const policy::config::Route* route = view.find_route(dialect, model);
    if (route == nullptr || !view.allows(caller_, model) ||
        view.find_target(caller_, *route) == nullptr) {
      reply(Reason::model_not_found, MessageId::model_unknown, "model");
      return;
    }
    bytes = policy::write_model(request_.match.dialect, model, room);
  } else {
    std::vector<std::string_view> names;
    std::size_t cursor = 0;
    while (const auto* name = view.next_model(dialect, caller_, cursor)) {
      names.push_back(view.text(name->text));
    }
    bytes = policy::write_models_list(request_.match.dialect, names, room);
    if (bytes > room.size()) {
      core::BufferLease larger = shard_->bodies.take(bytes);
      if (!larger) {
        reply(Reason::overloaded, MessageId::no_memory_for_answers);
        return;
      }
      block = std::move(larger);
      room = std::span<char>(reinterpret_cast<char*>(block.data()), block.size());
      bytes = policy::write_models_list(request_.match.dialect, names, room);
    }
  }
  reply_with(200, "application/json", {room.data(), bytes});
}

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

void Exchange::answer_admin(const http::RequestHead& head) {
  head_in_scratch_ = false;
  if (head.method != http::Method::get && head.method != http::Method::head) {
    reply_with(405, "text/plain; charset=utf-8", "The admin pages are only read.\n",
               "Allow: GET, HEAD\r\n");
    return;
  }
  const bool metrics = config_->view().settings().admin.metrics == policy::config::Switch::on;
  const AdminPage page =
      admin_page(head.path(), *shard_->fleet, config_->targets(), shard_->now(), metrics);
  reply_with(page.status, page.content_type, page.body);
}

}  // namespace headrace::net
