#include "policy/quota/limits_page.h"

#include <chrono>

#include "policy/config/quota_names.h"
#include "policy/json/json_writer.h"

namespace headrace::policy {
namespace {

constexpr std::size_t kNameBytes = 64;

void write_limit(JsonWriter& writer, QuotaPage page, const LimitStatus& status,
                 const config::ConfigView& config) {
  const config::LimitRule& rule = *status.rule;
  const core::LimitReading& reading = status.reading;
  writer.raw(R"({"name":)").string(config.text(rule.name), kNameBytes);
  writer.raw(R"(,"scope":)").string(to_text(status.scope));
  writer.raw(R"(,"measure":)").string(config::to_text(rule.measure));
  if (rule.measure != config::LimitMeasure::concurrent) {
    writer.raw(R"(,"per":)").string(config::to_text(rule.period));
  }
  if (rule.of_a_model == config::Switch::on) {
    // As the config has it: a star at its end stands for anything.
    writer.raw(R"(,"model":")").text(config.text(rule.model));
    writer.raw(rule.exact_model == config::Switch::on ? "\"" : "*\"");
  }
  writer.raw(R"(,"limit":)").number(reading.limit);
  if (page == QuotaPage::usage) {
    writer.raw(R"(,"used":)").number(reading.limit - reading.remaining + reading.debt);
  } else {
    writer.raw(R"(,"remaining":)").number(reading.remaining);
    writer.raw(R"(,"full_after_ms":)");
    writer.number(std::chrono::ceil<std::chrono::milliseconds>(reading.full_after).count());
    writer.raw(R"(,"hard":)");
    writer.raw(rule.action == config::LimitAction::hard ? "true" : "false");
  }
  writer.raw("}");
}

}  // namespace

QuotaPage quota_page_of(std::string_view path) {
  if (path == "/v1/headrace/limits") return QuotaPage::limits;
  if (path == "/v1/headrace/usage") return QuotaPage::usage;
  return QuotaPage::none;
}

std::size_t write_quota_page(QuotaPage page, std::span<const LimitStatus> limits,
                             const config::ConfigView& config, std::span<char> out) {
  JsonWriter writer(out);
  writer.raw(R"({"limits":[)");
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (i > 0) writer.raw(",");
    write_limit(writer, page, limits[i], config);
  }
  writer.raw("]}");
  return writer.size();
}

}  // namespace headrace::policy
