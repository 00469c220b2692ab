#include "tests/sim/stream_judging.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace headrace::sim {

namespace {

using nlohmann::json;

// A cut comes where a stream is surely beyond what it was let (docs/limits.md).
constexpr std::int64_t kSlackTokens = 64;
constexpr std::int64_t kBytesOfATokenMax = 32;
constexpr std::int64_t kBytesOfATokenUsual = 4;

const json kDone = "[DONE]";

// The data of events, each whole; nothing: they are none.
std::optional<std::vector<json>> events_in(std::string_view text) {
  std::vector<json> events;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view event = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (event.starts_with("event: ")) event.remove_prefix(std::min(event.find('\n'), end - 1) + 1);
    constexpr std::string_view kData = "data: ";
    if (!event.starts_with(kData) || event.find('\n') != std::string_view::npos) {
      return std::nullopt;
    }
    event.remove_prefix(kData.size());
    events.push_back(event == "[DONE]" ? kDone : json::parse(event, nullptr, false));
    if (events.back().is_discarded()) return std::nullopt;
  }
  return events;
}

// The elements behind the first `before` ones of a whole array.
std::optional<std::vector<json>> elements_in(std::string_view text, std::size_t before) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_array() || all.size() < before) return std::nullopt;
  return std::vector<json>(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
}

// Everything that is expected is there, and perhaps more; what is null is not there.
bool says(const json& told, const json& expected) {
  if (!expected.is_object()) return told == expected;
  return told.is_object() && std::ranges::all_of(expected.items(), [&told](const auto& member) {
           if (member.value().is_null()) return !told.contains(member.key());
           return told.contains(member.key()) && says(told[member.key()], member.value());
         });
}

std::vector<std::uint32_t> each(Parts parts) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t part = 0; parts >> part != 0; ++part) {
    if ((parts >> part & 1U) != 0) all.push_back(part);
  }
  return all;
}

std::vector<json> end_of_openai(const StreamScript& script, const MeteredStream& came,
                                bool usage_wanted, const SaidTokens& charged) {
  const bool chat = script.plan.wire == StreamWire::chat;
  json names = {{"object", chat ? "chat.completion.chunk" : "text_completion"}};
  // Where nothing of it has come they are the request's.
  if (came.has_begun()) {
    names["id"] = script.id();
    names["model"] = StreamScript::kModel;
    names["created"] = StreamScript::kCreatedSeconds;
  }
  std::vector<json> expected;
  for (const std::uint32_t part : each(came.has_begun() ? came.open : 1)) {
    json choice = {{"index", part}, {"finish_reason", "length"}};
    if (chat) {
      choice["delta"] = json::object();
    } else {
      choice["text"] = "";
    }
    expected.push_back(names);
    expected.back()["choices"] = json::array({choice});
  }
  if (usage_wanted) {
    expected.push_back(names);
    expected.back()["choices"] = json::array();
    expected.back()["usage"] = {{"prompt_tokens", charged.input},
                                {"completion_tokens", charged.output}};
  }
  expected.push_back(kDone);
  return expected;
}

std::vector<json> end_of_messages(const MeteredStream& came, const SaidTokens& charged) {
  std::vector<json> expected;
  for (const std::uint32_t block : each(came.open))
    expected.push_back({{"type", "content_block_stop"}, {"index", block}});
  expected.push_back({{"type", "message_delta"},
                      {"delta", {{"stop_reason", "max_tokens"}}},
                      {"usage", {{"output_tokens", charged.output}}}});
  expected.push_back({{"type", "message_stop"}});
  return expected;
}

std::vector<json> end_of_gemini(const StreamScript& script, const MeteredStream& came,
                                const SaidTokens& charged) {
  json candidates = json::array();
  for (const std::uint32_t part : each(came.has_begun() ? came.open : 1))
    candidates.push_back({{"finishReason", "MAX_TOKENS"}, {"index", part}});
  json end = {{"usageMetadata",
               {{"promptTokenCount", charged.input}, {"candidatesTokenCount", charged.output}}}};
  // Where all have ended nobody ends again.
  end["candidates"] = candidates.empty() ? json() : candidates;
  if (came.has_begun()) {
    end["modelVersion"] = StreamScript::kModel;
    end["responseId"] = script.id();
  }
  return {end};
}

std::vector<json> end_of_responses(const StreamScript& script, std::size_t events,
                                   const SaidTokens& charged) {
  return {{{"type", "response.failed"},
           {"sequence_number", events},
           {"response",
            {{"id", script.id()},
             {"model", StreamScript::kModel},
             {"created_at", StreamScript::kCreatedSeconds},
             {"status", "failed"},
             {"error", {{"code", "budget_exhausted"}}},
             {"usage", {{"input_tokens", charged.input}, {"output_tokens", charged.output}}}}}}};
}

std::vector<json> end_expected(const StreamScript& script, std::size_t events, bool usage_wanted,
                               const SaidTokens& charged) {
  const MeteredStream came = metered(script, events);
  switch (script.plan.wire) {
    case StreamWire::responses:
      return end_of_responses(script, events, charged);
    case StreamWire::messages:
      return end_of_messages(came, charged);
    case StreamWire::gemini_events:
    case StreamWire::gemini_array:
      return end_of_gemini(script, came, charged);
    default:
      return end_of_openai(script, came, usage_wanted, charged);
  }
}

bool is_error(const json& event) {
  return event.is_object() &&
         (event.contains("error") || event.value("type", "") == "response.failed");
}

std::string shortened(std::string_view text) {
  return std::string(text.substr(0, 600));
}

}  // namespace

CameStream came_of(const StreamScript& script, bool usage_wanted, std::string_view body) {
  CameStream came{.events = 0, .rest = body};
  for (std::size_t i = 0; i < script.events.size(); ++i) {
    const ScriptedEvent& event = script.events[i];
    if (event.usage_alone && !usage_wanted) continue;
    if (!came.rest.starts_with(event.bytes)) break;
    came.rest.remove_prefix(event.bytes.size());
    came.events = i + 1;
  }
  return came;
}

void MeteredStream::add(const ScriptedEvent& event, StreamWire wire) {
  if (event.output_bytes != 0) goes_on |= event.begins_or_says & ended;
  ended |= event.ends;
  open = ((open | event.begins_or_says) & ~ended) | goes_on;
  texts += event.output_bytes == 0 ? 0 : 1;
  bytes += event.output_bytes;
  if (!event.said) return;
  said = event.said;
  // Where events have no type, the count that comes with a reason to end is taken for the last.
  const bool typed = wire == StreamWire::responses || wire == StreamWire::messages;
  said_is_final = event.last_word || (!typed && ended != 0);
}

std::int64_t MeteredStream::output() const {
  if (said_is_final) return said->output;
  const std::int64_t counted =
      std::max(texts, (bytes + kBytesOfATokenUsual - 1) / kBytesOfATokenUsual);
  return std::max(said ? said->output : 0, counted);
}

void MeteredStream::add_part_of(const ScriptedEvent& event) {
  if (event.said) said = event.said;
}

bool MeteredStream::is_over(std::int64_t output_max) const {
  if (std::max(texts, bytes / kBytesOfATokenMax) > output_max + output_max / 4 + kSlackTokens) {
    return true;
  }
  return said && said->output > output_max && ended == 0;
}

MeteredStream metered(const StreamScript& script, std::size_t events) {
  MeteredStream sum;
  for (std::size_t i = 0; i < events; ++i)
    sum.add(script.events[i], script.plan.wire);
  return sum;
}

std::size_t bytes_beyond_cap(const StreamScript& script, std::size_t events,
                             std::int64_t output_max) {
  MeteredStream sum;
  std::size_t most = 0;
  std::size_t beyond = 0;
  bool is_over = false;
  for (std::size_t i = 0; i < events; ++i) {
    sum.add(script.events[i], script.plan.wire);
    beyond = is_over ? beyond + script.events[i].bytes.size() : 0;
    most = std::max(most, beyond);
    is_over = sum.is_over(output_max);
  }
  return most;
}

std::string complaint_of_cut(const StreamScript& script, bool usage_wanted, std::string_view body,
                             const SaidTokens& charged) {
  const CameStream came = came_of(script, usage_wanted, body);
  const auto told = script.is_array() ? elements_in(body, came.events) : events_in(came.rest);
  if (!told) return "a cut stream is not valid to its end: " + shortened(came.rest);
  const std::vector<json> expected = end_expected(script, came.events, usage_wanted, charged);
  if (!std::ranges::equal(*told, expected, says)) {
    return fmt::format("a cut stream ends with {} instead of {}", shortened(came.rest),
                       json(expected).dump());
  }
  return {};
}

std::string complaint_of_break(const StreamScript& script, bool usage_wanted,
                               std::string_view body) {
  const CameStream came = came_of(script, usage_wanted, body);
  std::string_view rest = came.rest;
  if (came.events == script.events.size() && rest.empty()) return {};
  // The beginning of a large event has gone, and cannot be taken back.
  if (came.events < script.events.size()) {
    const std::string_view next = script.events[came.events].bytes;
    const auto part =
        static_cast<std::size_t>(std::ranges::mismatch(next, rest).in1 - next.begin());
    if (part > kHeldBytesMax && part < next.size()) {
      rest.remove_prefix(part);
      if (script.is_array()) return rest.empty() ? "" : "something stands within an element";
      if (!rest.starts_with("\n\n")) return "an event that was cut is not ended";
      rest.remove_prefix(2);
    }
  }
  const auto told = script.is_array() ? elements_in(body, came.events) : events_in(rest);
  if (!told || told->size() != 1 || !is_error(told->front())) {
    return fmt::format("a broken stream does not end with an error behind {} events: {}",
                       came.events, shortened(rest));
  }
  return {};
}

}  // namespace headrace::sim
