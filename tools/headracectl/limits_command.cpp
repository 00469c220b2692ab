#include "tools/headracectl/limits_command.h"

#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/limits/shard_limits.h"
#include "core/terminal_text.h"
#include "policy/config/quota_names.h"
#include "tools/headracectl/complaint.h"
#include "tools/headracectl/limit_roll.h"
#include "tools/headracectl/node_region.h"

namespace headrace::tools::ctl {

using policy::config::ScopeKind;

namespace {

constexpr std::string_view kRow =
    "{:12}  {:20}  {:24}  {:13}  {:8}  {:20}  {:>16}  {:>16}  {:>16}\n";

struct Whose {
  ScopeKind kind;
  std::string name;
};

std::optional<Whose> whose(const LimitsCommand& command) {
  if (!command.route.empty()) return Whose{ScopeKind::route, command.route};
  if (!command.provider.empty()) return Whose{ScopeKind::provider, command.provider};
  if (!command.key.empty()) return Whose{ScopeKind::key, command.key};
  if (!command.user.empty()) return Whose{ScopeKind::user, command.user};
  if (!command.project.empty()) return Whose{ScopeKind::project, command.project};
  if (!command.tenant.empty()) return Whose{ScopeKind::tenant, command.tenant};
  if (!command.organisation.empty()) return Whose{ScopeKind::organisation, command.organisation};
  return std::nullopt;
}

class LimitsOfANode {
 public:
  LimitsOfANode(const LimitsCommand& command, const NodeRegion& node,
                const policy::config::ConfigView& view)
      : command_(command),
        view_(view),
        now_(node.now()),
        // It takes nothing, so that no place of a shard is touched.
        limits_(node.limits(), 0, 0),
        roll_(view, now_) {}

  int run() {
    roll_.add_all();
    if (!command_.user.empty() && !command_.tenant.empty() &&
        !roll_.add_user(command_.tenant, command_.user)) {
      return complain("there is no tenant " + command_.tenant);
    }
    if (command_.output == Output::table) {
      fmt::print(kRow, "SCOPE", "NAME", "LIMIT", "MEASURE", "PER", "MODEL", "VALUE", "USED",
                 "LEFT");
    }
    std::size_t found = 0;
    for (const RolledLimit& rolled : roll_.limits()) {
      if (!is_asked_for(rolled)) continue;
      ++found;
      show(rolled);
      if (command_.reset) limits_.reset(rolled.limit.terms.identity);
    }
    if (found == 0 && whose(command_)) return complain("nobody of that name has such a limit");
    if (found == 0 && !command_.limit.empty()) return complain("there is no limit of that name");
    if (command_.reset) fmt::print(stderr, "{} limits begin anew\n", found);
    return EXIT_SUCCESS;
  }

 private:
  [[nodiscard]] bool is_asked_for(const RolledLimit& rolled) const {
    if (!command_.limit.empty() && view_.text(rolled.limit.rule->name) != command_.limit) {
      return false;
    }
    const auto of = whose(command_);
    if (!of) return true;
    const ScopeKind scope = rolled.limit.scope;
    const bool kind =
        scope == of->kind || (scope == ScopeKind::provider_key && of->kind == ScopeKind::provider);
    return kind && rolled.scope_name == of->name;
  }

  void show(const RolledLimit& rolled) {
    const policy::config::LimitRule& rule = *rolled.limit.rule;
    const core::LimitReading reading = limits_.read(rolled.limit.terms, now_);
    const std::int64_t used = reading.limit - reading.remaining + reading.debt;
    if (used == 0 && !reading.closed && !command_.unused && !whose(command_)) return;
    std::string model(view_.text(rule.model));
    if (rule.of_a_model == policy::config::Switch::on &&
        rule.exact_model == policy::config::Switch::off) {
      model += '*';
    }
    const bool concurrent = rule.measure == policy::config::LimitMeasure::concurrent;
    const std::string_view per = concurrent ? "" : policy::config::to_text(rule.period);
    if (command_.output == Output::json) {
      nlohmann::ordered_json json = {{"scope", policy::to_text(rolled.limit.scope)},
                                     {"name", rolled.scope_name},
                                     {"limit", view_.text(rule.name)},
                                     {"measure", policy::config::to_text(rule.measure)}};
      if (!per.empty()) json["per"] = per;
      if (!model.empty()) json["model"] = model;
      json["value"] = reading.limit;
      json["used"] = used;
      json["remaining"] = reading.remaining;
      if (reading.closed) json["closed"] = true;
      // A user's name may come from the command line, in any bytes.
      fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      return;
    }
    fmt::print(kRow, policy::to_text(rolled.limit.scope), core::terminal_line(rolled.scope_name),
               core::terminal_line(view_.text(rule.name)), policy::config::to_text(rule.measure),
               per, core::terminal_line(model), reading.limit,
               reading.closed ? "closed" : std::to_string(used), reading.remaining);
  }

  const LimitsCommand& command_;
  const policy::config::ConfigView& view_;
  core::LimitTime now_;
  core::ShardLimits limits_;
  LimitRoll roll_;
};

}  // namespace

int show_limits(const LimitsCommand& command) {
  if (command.reset && !whose(command)) {
    return complain(
        "say whose: --organisation, --tenant, --project, --user, --key, --provider or --route");
  }
  auto node = NodeRegion::open(command.region);
  if (!node) return complain(node.error());
  const auto view = node->config();
  if (!view) return complain(command.region + ": " + view.error());
  return LimitsOfANode(command, *node, *view).run();
}

}  // namespace headrace::tools::ctl
