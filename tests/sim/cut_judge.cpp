#include "tests/sim/cut_judge.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

namespace headrace::sim {

namespace {

using policy::RecordEnding;
using policy::UsageSource;

// What may pass after a stream has gone beyond its cap: what came with the same bytes, and the rest
// of a large event.
constexpr std::size_t kBytesBeyondMax = 4'096 + 16'384;

}  // namespace

std::string CutJudge::judge() {
  // Who leaves at once may never have been admitted.
  const bool unheard = ask_.outcome == StreamOutcome::left && !ask_.asked && ask_.records == 0;
  if (ask_.records != 1 && !unheard) return fmt::format("it has {} records", ask_.records);
  switch (ask_.outcome) {
    case StreamOutcome::whole:
      return judge_whole();
    case StreamOutcome::lost:
      return judge_broken();
    case StreamOutcome::failed:
      return ask_.ending == RecordEnding::failed ? "" : "a failure has another record";
    case StreamOutcome::left:
      return judge_left();
    case StreamOutcome::open:
      break;
  }
  return "it never ended";
}

std::string CutJudge::judge_whole() {
  const CameStream came = came_of(ask_.script, ask_.usage_wanted, ask_.body);
  if (came.events == ask_.script.events.size() && came.rest.empty()) {
    ++run_.answered[index()];
    return judge_uncut(came.events);
  }
  ++run_.cut[index()];
  if (ask_.ending != RecordEnding::cut) return "what was cut has another record";
  if (ask_.source != UsageSource::estimated && !metered(ask_.script, came.events).said_is_final) {
    return "what was cut is not said to be estimated";
  }
  count_cut(came.events);
  for (const std::string& complaint :
       {complaint_of_moment(came.events, true), complaint_of_tokens(came.events),
        complaint_of_cut(ask_.script, ask_.usage_wanted, ask_.body, ask_.charged)}) {
    if (!complaint.empty()) return complaint;
  }
  return {};
}

std::string CutJudge::judge_uncut(std::size_t events) const {
  if (ask_.ending == RecordEnding::answered) {
    const std::string late = complaint_of_moment(events, false);
    return late.empty() ? complaint_of_tokens(events) : late;
  }
  // Where every choice has ended the provider's last words, but for its count, are those of a cut,
  // too.
  const std::size_t uncounted = events - std::min<std::size_t>(events, 2);
  if (ask_.ending != RecordEnding::cut || !is_over(uncounted)) {
    return "what was answered has another record";
  }
  return complaint_of_tokens(uncounted);
}

std::string CutJudge::judge_broken() {
  ++run_.broken[index()];
  if (!ask_.breaks) return "it was broken off, and not by its provider";
  if (ask_.ending != RecordEnding::broken) return "what broke off has another record";
  const CameStream came = came_of(ask_.script, ask_.usage_wanted, ask_.body);
  const std::string complaint = complaint_of_tokens(came.events);
  return complaint.empty() ? complaint_of_break(ask_.script, ask_.usage_wanted, ask_.body)
                           : complaint;
}

// Nobody has seen how far it came; but no more can be charged than was said.
std::string CutJudge::judge_left() const {
  // It left at its leave: nobody here is too slow, and the gateway has all that it needs.
  const bool left = ask_.records == 0 || ask_.ending == RecordEnding::client_left ||
                    ask_.ending == RecordEnding::answered || ask_.ending == RecordEnding::failed ||
                    ask_.ending == RecordEnding::broken || ask_.ending == RecordEnding::cut;
  if (!left) return fmt::format("who left has a record of {}", policy::to_text(ask_.ending));
  MeteredStream sum;
  std::size_t bytes = 0;
  std::int64_t most = 0;
  for (const ScriptedEvent& event : ask_.script.events) {
    bytes += event.bytes.size();
    const bool whole = bytes <= ask_.said_bytes;
    whole ? sum.add(event, wire_) : sum.add_part_of(event);
    most = std::max(most, sum.output());
    if (!whole) break;
  }
  if (ask_.charged.output <= most) return {};
  return fmt::format("{} tokens are charged, {} were said", ask_.charged.output, most);
}

std::string CutJudge::complaint_of_moment(std::size_t events, bool cut) const {
  if (cut && !is_over(events)) {
    return fmt::format("it is cut behind {} events, within its cap", events);
  }
  const std::size_t beyond = bytes_beyond_cap(ask_.script, events, ask_.output_max());
  if (beyond <= kBytesBeyondMax) return {};
  return fmt::format("it goes on for {} bytes beyond its cap", beyond);
}

std::array<MeteredStream, 3> CutJudge::metered_behind(std::size_t events) const {
  std::array<MeteredStream, 3> all;
  all.fill(metered(ask_.script, events));
  if (events == ask_.script.events.size()) return all;
  const ScriptedEvent& next = ask_.script.events[events];
  all[1].add_part_of(next);
  if (next.usage_alone && !ask_.usage_wanted) all[2].add(next, wire_);
  return all;
}

bool CutJudge::is_over(std::size_t events) const {
  return std::ranges::any_of(metered_behind(events), [this](const MeteredStream& came) {
    return came.is_over(ask_.output_max());
  });
}

std::string CutJudge::complaint_of_tokens(std::size_t events) const {
  const auto all = metered_behind(events);
  const bool right = std::ranges::any_of(all, [this](const MeteredStream& came) {
    const bool input_right = came.said ? ask_.charged.input == came.said->input
                                       : came.texts == 0 || ask_.charged.input > 0;
    return input_right && ask_.charged.output == came.output();
  });
  if (right) return {};
  return fmt::format("{} and {} tokens are charged, {} or {} came", ask_.charged.input,
                     ask_.charged.output, all[0].output(), all[1].output());
}

void CutJudge::count_cut(std::size_t events) {
  const MeteredStream came = metered(ask_.script, events);
  if (ask_.script.plan.choices > 1) {
    run_.choices_cut += static_cast<std::uint64_t>(std::popcount(came.open));
    run_.choices_kept += static_cast<std::uint64_t>(std::popcount(came.ended));
  }
  if (came.has_begun() && came.open == 0) ++run_.cut_at_end;
  if (came.said && came.ended == 0 && came.said->output > ask_.output_max()) ++run_.cut_by_word;
  if (events > 0 && ask_.script.events[events - 1].bytes.size() > kHeldBytesMax) {
    ++run_.cut_at_large;
  }
}

std::size_t CutJudge::index() const {
  return static_cast<std::size_t>(std::to_underlying(wire_));
}

}  // namespace headrace::sim
