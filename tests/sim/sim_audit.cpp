#include "tests/sim/sim_audit.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "net/log/audit_log.h"

namespace headrace::sim {

namespace {

using policy::Stage;

// Of a member, without quotes; empty: there is none. No text of these runs is escaped.
std::string_view member(std::string_view line, std::string_view name) {
  const std::string wanted = fmt::format("\"{}\":", name);
  const std::size_t at = line.find(wanted);
  if (at == std::string_view::npos) return {};
  std::string_view rest = line.substr(at + wanted.size());
  if (!rest.starts_with('"')) return rest.substr(0, rest.find_first_of(",}"));
  rest.remove_prefix(1);
  return rest.substr(0, rest.find('"'));
}

std::int64_t number(std::string_view line, std::string_view name) {
  const std::string_view text = member(line, name);
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// How often each stage decides about what a provider answers; upstream, route and reserve at least
// once, and once more for each further try.
struct Expected {
  Stage stage;
  std::uint32_t least;
  std::uint32_t most;
};
constexpr std::uint32_t kTriesMax = 16;
constexpr Expected kOfAnswered[] = {{Stage::identify, 1, 1},        {Stage::guard, 2, 2},
                                    {Stage::admit, 1, 1},           {Stage::cache, 1, 1},
                                    {Stage::route, 1, kTriesMax},   {Stage::reserve, 1, kTriesMax},
                                    {Stage::upstream, 1, kTriesMax}};

}  // namespace

void SimAudit::take() {
  lines_.resize(net::kAuditLinesBytesMax);
  for (net::DataPlaneShard* shard : shards_) {
    core::SpscByteConsumer& ring = shard->audit_log().ring().consumer();
    while (const auto entry = ring.front()) {
      const std::size_t bytes = net::write_audit_lines(entry->bytes, lines_);
      if (bytes == 0) world_.violation("audit: a record in the ring is none");
      take_record({lines_.data(), bytes});
      ring.drop_front();
    }
  }
}

void SimAudit::take_record(std::string_view lines) {
  const std::string id(member(lines, "request_id"));
  Told& told = told_[id];
  if (++told.times > 1) world_.violation(fmt::format("audit: {} is told of twice", id));
  after_us_ = 0;
  for (std::int64_t step = 1; !lines.empty(); ++step) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    if (member(line, "request_id") != id || number(line, "step") != step ||
        (member(line, "last") == "true") != lines.empty()) {
      world_.violation(fmt::format("audit: step {} of {} is none: {}", step, id, line));
    }
    if (member(line, "decision") == "refused" && !lines.empty()) {
      world_.violation(fmt::format("audit: {} went on after it was refused: {}", id, lines));
    }
    take_line(line, told);
  }
}

void SimAudit::take_line(std::string_view line, Told& told) {
  const auto stage = std::ranges::find(policy::kStageNames, member(line, "stage"));
  if (stage == policy::kStageNames.end()) {
    world_.violation(fmt::format("audit: no such stage: {}", line));
    return;
  }
  ++told.decisions[static_cast<std::size_t>(stage - policy::kStageNames.begin())];
  const std::int64_t after_us = number(line, "after_us");
  if (after_us < after_us_) world_.violation(fmt::format("audit: earlier than before: {}", line));
  after_us_ = after_us;
}

std::string SimAudit::complaint(const Request& request) const {
  const std::string& id = request.answer_id.empty() ? request.seen_id : request.answer_id;
  if (id.empty()) return {};  // nobody knows of it
  const auto found = told_.find(id);
  const bool told = found != told_.end();
  const bool by_route =
      std::ranges::find(kAuditedModels, request.model) != std::end(kAuditedModels);
  // Its own route may have been known by then, and not be audited.
  const bool maybe = request.refused_locally && !request.model.empty();
  // What passes through has no route: where it failed its client may have left before it heard so.
  const bool unheard = request.answer_id.empty() && request.model.empty();
  if (told && !by_route && !request.refused_locally && !unheard) {
    return fmt::format("audit: request {} is told of although nobody asked for it", request.number);
  }
  if (!told && (by_route || (request.refused_locally && !maybe))) {
    return fmt::format(
        "audit: request {} ({} of {}, seen {} times, {}) is not told of", request.number,
        kCallNames[static_cast<std::size_t>(std::to_underlying(request.call))], request.model,
        request.seen, request.answer_id.empty() ? "without an answer" : "answered");
  }
  const bool answered = request.outcome == Outcome::answered && by_route;
  for (const Expected& expected : kOfAnswered) {
    if (!answered) break;
    const std::uint32_t count =
        found->second.decisions[static_cast<std::size_t>(std::to_underlying(expected.stage))];
    if (count < expected.least || count > expected.most) {
      return fmt::format("audit: {} decisions of the stage {} about request {}", count,
                         policy::name(expected.stage), request.number);
    }
  }
  return {};
}

}  // namespace headrace::sim
