#include "tools/headracectl/record_text.h"

#include <array>
#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/terminal_text.h"
#include "net/upstream/upstream_failure.h"

namespace headrace::tools::ctl {

namespace {

using Json = nlohmann::ordered_json;

std::string failure_text(std::uint8_t failure) {
  if (failure >= static_cast<std::uint8_t>(net::UpstreamFailure::count)) return "unknown";
  return std::string(net::name(static_cast<net::UpstreamFailure>(failure)));
}

Json usage_json(const policy::Usage& usage) {
  Json json = {{"source", policy::to_text(usage.source)}};
  const std::pair<const char*, std::int64_t> counts[] = {
      {"in_fresh", usage.in_fresh},
      {"in_cache_read", usage.in_cache_read},
      {"in_cache_write_5m", usage.in_cache_write_5m},
      {"in_cache_write_1h", usage.in_cache_write_1h},
      {"in_audio", usage.in_audio},
      {"in_image", usage.in_image},
      {"out_text", usage.out_text},
      {"out_reasoning", usage.out_reasoning},
      {"out_audio", usage.out_audio},
      {"out_image", usage.out_image},
      {"web_searches", usage.web_searches},
      {"web_fetches", usage.web_fetches},
      {"audio_seconds", usage.audio_seconds},
  };
  for (const auto& [name, count] : counts) {
    if (count != 0) json[name] = count;
  }
  if (!usage.service_tier.view().empty()) json["service_tier"] = usage.service_tier.view();
  return json;
}

Json attempts_json(const policy::UsageRecord& record) {
  Json list = Json::array();
  for (std::size_t i = 0; i < record.attempt_count; ++i) {
    const policy::RecordedAttempt& attempt = record.attempts[i];
    Json json = {{"provider", attempt.provider},
                 {"status", attempt.status},
                 {"duration_us", attempt.duration_nanos / 1000},
                 {"cost_micro_usd", attempt.cost.count()}};
    if (attempt.failure != 0) json["failure"] = failure_text(attempt.failure);
    list.push_back(std::move(json));
  }
  return list;
}

Json record_json(const policy::UsageRecord& record) {
  Json json = {{"id", policy::to_text(record.id)}, {"request_id", record.request_id}};
  if (record.trace[0] != 0 || record.trace[1] != 0) {
    json["trace_id"] = fmt::format("{:016x}{:016x}", record.trace[0], record.trace[1]);
  }
  const std::pair<const char*, std::string_view> names[] = {
      {"organisation", record.organisation},
      {"tenant", record.tenant},
      {"project", record.project},
      {"key", record.key},
      {"user", record.user},
      {"tags", record.tags},
      {"route", record.route},
      {"provider", record.provider},
      {"model", record.model},
  };
  for (const auto& [name, text] : names) {
    if (!text.empty()) json[name] = text;
  }
  constexpr std::array<std::string_view, 3> kDialects = {"openai", "anthropic", "gemini"};
  json["dialect"] = kDialects[static_cast<std::size_t>(record.dialect)];
  json["endpoint"] = policy::to_text(record.endpoint);
  json["begun"] = time_text(record.begun_unix_nanos);
  if (record.ended_unix_nanos != 0) json["ended"] = time_text(record.ended_unix_nanos);
  if (record.ended_nanos != 0) {
    json["duration_us"] = (record.ended_nanos - record.begun_nanos) / 1000;
  }
  if (record.first_byte_nanos != 0) {
    json["first_byte_us"] = (record.first_byte_nanos - record.begun_nanos) / 1000;
  }
  if (record.waited_nanos != 0) json["waited_us"] = record.waited_nanos / 1000;
  json["bytes_in"] = record.bytes_in;
  json["bytes_out"] = record.bytes_out;
  json["status"] = record.status;
  json["ending"] = policy::to_text(record.ending);
  if (record.streamed) json["streamed"] = true;
  json["usage"] = usage_json(record.usage);
  for (std::size_t i = 0; i < record.raw.size(); ++i) {
    const policy::RawUsage::Pair pair = record.raw.pair(i);
    json["raw_usage"][std::string(policy::to_text(pair.field))] = pair.count;
  }
  if (!record.price.empty()) json["price"] = record.price;
  json["cost_micro_usd"] = record.cost.count();
  if (record.cost_saved.count() != 0) json["cost_saved_micro_usd"] = record.cost_saved.count();
  if (record.reserved_money.count() != 0) {
    json["reserved_micro_usd"] = record.reserved_money.count();
  }
  if (record.reserved_tokens.count() != 0) json["reserved_tokens"] = record.reserved_tokens.count();
  if (!record.limit.empty()) json["limit"] = record.limit;
  json["attempts"] = attempts_json(record);
  return json;
}

// Bytes that are no UTF-8 are replaced: a line is valid JSON whatever came in.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

constexpr std::string_view kRow =
    "{:24}  {:16}  {:16}  {:20}  {:12}  {:>6}  {:15}  {:9}  {:>8}  {:>8}  {:>10}\n";

}  // namespace

std::string time_text(std::int64_t unix_nanos) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  const auto second = static_cast<std::time_t>(unix_nanos / kNanosPerSecond);
  std::tm parts{};
  gmtime_r(&second, &parts);
  std::array<char, 32> text{};
  const std::size_t bytes = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", std::string_view(text.data(), bytes),
                     unix_nanos % kNanosPerSecond / 1'000'000);
}

std::string heading(Output output) {
  if (output == Output::json) return {};
  return fmt::format(kRow, "ENDED", "TENANT", "KEY", "MODEL", "PROVIDER", "STATUS", "ENDING",
                     "SOURCE", "IN", "OUT", "MICRO-USD");
}

std::string record_text(const policy::UsageRecord& record, Output output) {
  if (output == Output::json) return line_of(record_json(record));
  return fmt::format(kRow, record.ended_unix_nanos == 0 ? "-" : time_text(record.ended_unix_nanos),
                     core::terminal_cell(record.tenant), core::terminal_cell(record.key),
                     core::terminal_cell(record.model), core::terminal_cell(record.provider),
                     record.status, policy::to_text(record.ending),
                     policy::to_text(record.usage.source), record.usage.in_total(),
                     record.usage.out_total(), record.cost.count());
}

std::string refusals_text(const policy::RefusalMinute& minute, Output output) {
  constexpr std::int64_t kNanosPerMinute = std::int64_t{60} * 1'000'000'000;
  std::string text;
  for (const policy::RefusalCount& count : minute.counts) {
    const std::string time = time_text(minute.minute * kNanosPerMinute);
    if (output == Output::json) {
      text += line_of({{"refused", count.reason},
                       {"tenant", count.tenant},
                       {"key", count.key},
                       {"minute", time},
                       {"count", count.count}});
    } else {
      text += fmt::format("{:24}  {:16}  {:16}  refused {} times: {}\n", time,
                          core::terminal_cell(count.tenant), core::terminal_cell(count.key),
                          count.count, core::terminal_cell(count.reason));
    }
  }
  return text;
}

}  // namespace headrace::tools::ctl
