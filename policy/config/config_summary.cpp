#include "policy/config/config_summary.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "policy/config/config_remarks.h"

namespace headrace::policy::config {
namespace {

// After so many the rest is counted only.
constexpr std::size_t kNamesMax = 8;

std::string count_of(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

// A line of parts, of which those are left out that count nothing.
class Line {
 public:
  Line& add(std::size_t count, std::string_view one) {
    if (count > 0) add(count_of(count, one));
    return *this;
  }
  Line& add(std::string_view part) {
    text_.append(text_.empty() ? "  " : ", ").append(part);
    return *this;
  }
  [[nodiscard]] std::string text() const { return text_.empty() ? text_ : text_ + "\n"; }

 private:
  std::string text_;
};

std::string listeners(const ConfigView& config) {
  Line line;
  line.add(count_of(config.listeners().size(), "listener"));
  const auto secured = std::ranges::count(config.listeners(), Switch::on,
                                          [](const Listener& row) { return row.tls; });
  if (secured > 0) line.add(fmt::format("{} with TLS", secured));
  const std::string_view admin = config.text(config.settings().admin.address);
  if (!admin.empty()) line.add(fmt::format("admin pages on {}", admin));
  return line.text();
}

std::string providers(const ConfigView& config) {
  std::string names;
  std::size_t keys = 0;
  std::size_t named = 0;
  for (const Provider& provider : config.providers()) {
    keys += config.keys(provider).size();
    if (++named > kNamesMax) continue;
    names.append(named == 1 ? "" : ", ").append(config.text(provider.name));
  }
  if (named > kNamesMax) names += fmt::format(" and {} more", named - kNamesMax);
  Line line;
  line.add(count_of(named, "provider") + (named == 0 ? "" : " (" + names + ")"));
  return line.add(keys, "provider key").text();
}

std::string routes(const ConfigView& config) {
  std::size_t models = 0;
  std::size_t targets = 0;
  for (const Route& route : config.routes()) {
    models += config.models(route).size();
    targets += config.targets(route).size();
  }
  return Line()
      .add(count_of(config.routes().size(), "route"))
      .add(models, "model name")
      .add(targets, "target")
      .add(config.passthrough().size(), "passthrough rule")
      .text();
}

std::string callers(const ConfigView& config) {
  const ScopeView& scopes = config.scopes();
  return Line()
      .add(count_of(scopes.keys().size(), "API key"))
      .add(scopes.organisations().size(), "organisation")
      .add(scopes.tenants().size(), "tenant")
      .add(scopes.projects().size(), "project")
      .add(scopes.users().size(), "user")
      .add(config.tokens().issuers().size(), "token issuer")
      .add(config.access().roles().size(), "role")
      .add(config.access().policy_sets().size(), "policy set")
      .text();
}

std::string quota(const ConfigView& config) {
  return Line()
      .add(config.quota().all_rules().size(), "limit")
      .add(config.quota().plans().size(), "plan")
      .add(config.quota().prices().size(), "price")
      .text();
}

std::string journal(const ConfigView& config) {
  const std::string_view directory = config.text(config.settings().journal.directory);
  if (directory.empty()) return "  no journal: no usage records are kept\n";
  return fmt::format("  a journal of usage records in {}\n", directory);
}

}  // namespace

std::string config_summary(const ConfigView& config) {
  return listeners(config) + providers(config) + routes(config) + callers(config) + quota(config) +
         journal(config);
}

std::string checked_config_text(std::string_view path, const ConfigView& config,
                                std::uint64_t now_unix_s) {
  std::string text = fmt::format("{}: the config is good\n{}", path, config_summary(config));
  for (const std::string& remark : config_remarks(config, now_unix_s))
    text += fmt::format("remark: {}\n", remark);
  return text;
}

}  // namespace headrace::policy::config
