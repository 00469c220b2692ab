// What the audit log is told of an exchange: decisions as they fall, and all of them at its end.
#include <string_view>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/log/audit_log.h"
#include "net/proxy/exchange_report.h"
#include "net/proxy/silent_call.h"
#include "net/proxy/target_hold.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using policy::Decided;
using policy::Stage;
using policy::config::Switch;

// Of the stages in a row.
void ExchangeReport::decide_passed(Stage stage) {
  if (trail_ == nullptr) return;
  if (core::planted(core::PlantedBug::decision_unaudited) && stage == Stage::reserve) return;
  const auto rule_of_limits = [](const policy::Taken& held) -> std::string_view {
    return held.permit.empty() ? "unlimited" : "limits";
  };
  switch (stage) {
    case Stage::guard:
      return decide(stage, Decided::passed, passthrough_ != nullptr ? "passthrough" : "model");
    case Stage::admit:
      return decide(stage, Decided::passed,
                    quota_ == nullptr ? "unlimited" : rule_of_limits(quota_->admitted));
    case Stage::cache:
      return decide(stage, Decided::passed,
                    cache_said_ == CacheSaid::nothing ? "off" : to_text(cache_said_));
    case Stage::route:
      return decide(stage, Decided::passed, route_label(), why_target());
    case Stage::reserve:
      return decide(stage, Decided::passed,
                    call_.limits != nullptr ? rule_of_limits(call_.limits->taken)
                    : quota_ != nullptr     ? rule_of_limits(quota_->reserved)
                                            : "unlimited");
    default:
      return;
  }
}

// The attempt that is under way ends first: it was before this.
void ExchangeReport::decide_refused(policy::Reason reason, std::string_view limit,
                                    std::string_view why) {
  // A second call that cannot be made is no refusal of the request.
  if (trail_ == nullptr || silent_ != nullptr) return;
  end_attempt(policy::AttemptEnd::gateway_short);
  const std::string_view rule = !rule_.empty() ? rule_ : limit;
  decide(judging_, Decided::refused, rule.empty() ? policy::row(reason).code : rule, why);
}

std::string_view ExchangeReport::why_target() const {
  if (passthrough_ != nullptr) return {};
  if (route_->sandbox == Switch::on) return "sandbox";
  return tries_.count > 0 ? "tried again" : "first of its route";
}

// Is what was decided about this request written to the audit log?
bool ExchangeReport::is_audited() const {
  if (trail_ == nullptr) return false;
  if (route_ != nullptr) return route_->audit == Switch::on;
  const bool refused =
      answer_.local && status_ >= 400 && !core::planted(core::PlantedBug::refusal_unaudited);
  if (refused && config_->view().settings().audit.refusals == Switch::on) return true;
  const policy::config::Route* route = recorded_route();
  return route != nullptr && route->audit == Switch::on;
}

void ExchangeReport::write_audit() {
  const policy::config::ConfigView& view = config_->view();
  AuditRecord record;
  record.ended_at = shard_->io->wall_now();
  record.peer = downstream_->peer();
  record.shard = shard_->number;
  record.beyond = static_cast<std::uint32_t>(trail_->beyond());
  record.status = status_;
  record.method = request_.method;
  record.endpoint = request_.match.endpoint;
  record.request_id = request_.id.text();
  record.path = request_.path.text();
  if (caller_.known()) record.tenant = view.text(caller_.tenant->name);
  if (caller_.key != nullptr) record.key = view.scopes().name(*caller_.key);
  record.user = request_.user.text();
  record.model = request_.model.text();
  record.route = route_label();
  if (tries_.requests_sent > 0)
    record.provider = config_->snapshot().providers()[call_.provider].name;
  record.decisions = trail_->decisions();
  if (core::planted(core::PlantedBug::audited_twice)) (void)shard_->audit_log->write(record);
  if (!shard_->audit_log->write(record)) shard_->counters.add(ShardCount::audit_dropped);
}

}  // namespace headrace::net
