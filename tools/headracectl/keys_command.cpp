#include "tools/headracectl/keys_command.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/config_banks.h"
#include "core/shared_region.h"
#include "core/terminal_text.h"
#include "policy/config/config_view.h"
#include "policy/config/date_text.h"
#include "tools/headracectl/complaint.h"

namespace headrace::tools::ctl {

namespace {

using Json = nlohmann::ordered_json;
using policy::config::ApiKey;
using policy::config::ConfigView;
using policy::config::Rights;
using policy::config::Switch;

constexpr std::string_view kRow = "{:20}  {:10}  {:16}  {:16}  {:16}  {:9}  {}\n";

class KeyList {
 public:
  KeyList(const ConfigView& view, const core::LastUseTable& uses, Output output)
      : view_(view), uses_(uses), output_(output) {}

  void print() const {
    if (output_ == Output::table) {
      fmt::print(kRow, "KEY", "PREFIX", "TENANT", "PROJECT", "USER", "STATE", "LAST USED");
    }
    for (const ApiKey& key : view_.keys())
      fmt::print("{}", output_ == Output::json ? json(key) : row(key));
  }

 private:
  [[nodiscard]] std::string_view project(const ApiKey& key) const {
    const auto* project = view_.scopes().project(key);
    return project == nullptr ? std::string_view() : view_.text(project->name);
  }
  [[nodiscard]] std::string_view user(const ApiKey& key) const {
    const auto* user = view_.scopes().user(key);
    return user == nullptr ? std::string_view() : view_.text(user->name);
  }
  [[nodiscard]] std::string_view tenant(const ApiKey& key) const {
    return view_.text(view_.tenant(key).name);
  }
  [[nodiscard]] std::string row(const ApiKey& key) const {
    const std::uint64_t used = uses_.last_use(key.identity);
    const Rights& rights = view_.scopes().rights(key);
    return fmt::format(kRow, core::terminal_cell(view_.scopes().name(key)),
                       core::terminal_cell(view_.scopes().prefix(key)),
                       core::terminal_cell(tenant(key)), core::terminal_cell(project(key)),
                       core::terminal_cell(user(key)),
                       rights.suspended == Switch::on ? "suspended" : "-",
                       used == 0 ? "-" : policy::config::date_text(used));
  }
  [[nodiscard]] std::string json(const ApiKey& key) const {
    const Rights& rights = view_.scopes().rights(key);
    const std::uint64_t used = uses_.last_use(key.identity);
    Json line = {{"key", view_.scopes().name(key)}};
    if (!view_.scopes().prefix(key).empty()) line["prefix"] = view_.scopes().prefix(key);
    line["tenant"] = tenant(key);
    if (!project(key).empty()) line["project"] = project(key);
    if (!user(key).empty()) line["user"] = user(key);
    if (rights.suspended == Switch::on) line["suspended"] = true;
    if (rights.expires_at_s != 0) {
      line["expires_at"] = policy::config::date_text(rights.expires_at_s);
    }
    line["last_used"] = used == 0 ? Json() : Json(policy::config::date_text(used));
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }

  const ConfigView& view_;
  const core::LastUseTable& uses_;
  Output output_;
};

}  // namespace

int show_keys(const KeysCommand& command) {
  auto region = core::SharedRegion::open_existing(command.region);
  if (!region) return complain(region.error());
  const auto current = core::ConfigBanks(*region).current();
  if (!current)
    return complain("there is no config in this region: no data plane has served from it");
  // A copy: the data plane may write another one over it meanwhile.
  const std::vector<std::byte> base(current->base.begin(), current->base.end());
  const auto view = ConfigView::open(base);
  if (!view) return complain(view.error());
  const core::LastUseTable uses = region->last_uses();
  KeyList(*view, uses, command.output).print();
  return EXIT_SUCCESS;
}

}  // namespace headrace::tools::ctl
