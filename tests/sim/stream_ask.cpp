#include "tests/sim/stream_ask.h"

#include <fmt/format.h>

#include "tests/sim/dice.h"

namespace headrace::sim {

namespace {

constexpr std::uint32_t kChoicesMax = 4;

std::string target_of(StreamWire wire) {
  switch (wire) {
    case StreamWire::completions:
      return "/v1/completions";
    case StreamWire::responses:
      return "/v1/responses";
    case StreamWire::messages:
      return "/v1/messages";
    case StreamWire::gemini_events:
      return "/v1beta/models/gemini-sim:streamGenerateContent?alt=sse";
    case StreamWire::gemini_array:
      return "/v1beta/models/gemini-sim:streamGenerateContent";
    default:
      return "/v1/chat/completions";
  }
}

std::string body_of(const StreamAsk& ask) {
  const std::uint32_t choices = ask.script.plan.choices;
  const std::string_view usage =
      ask.usage_wanted ? R"("stream_options":{"include_usage":true},)" : "";
  switch (ask.script.plan.wire) {
    case StreamWire::completions:
      return fmt::format(
          R"({{"model":"gpt-sim","stream":true,"n":{},"max_tokens":{},{}"prompt":"hi"}})", choices,
          ask.output_cap, usage);
    case StreamWire::responses:
      return fmt::format(
          R"({{"model":"gpt-sim","stream":true,"max_output_tokens":{},"input":"hi"}})",
          ask.output_cap);
    case StreamWire::messages:
      return fmt::format(R"({{"model":"claude-sim","stream":true,"max_tokens":{},"messages":)"
                         R"([{{"role":"user","content":"hi"}}]}})",
                         ask.output_cap);
    case StreamWire::gemini_events:
    case StreamWire::gemini_array:
      return fmt::format(R"({{"contents":[{{"parts":[{{"text":"hi"}}]}}],"generationConfig":)"
                         R"({{"maxOutputTokens":{},"candidateCount":{}}}}})",
                         ask.output_cap, choices);
    default:
      return fmt::format(R"({{"model":"gpt-sim","stream":true,"n":{},"max_tokens":{},{})"
                         R"("messages":[{{"role":"user","content":"hi"}}]}})",
                         choices, ask.output_cap, usage);
  }
}

}  // namespace

StreamAsk some_stream_ask(std::uint32_t number) {
  StreamAsk ask;
  StreamPlan plan;
  plan.wire = static_cast<StreamWire>(dice().below(kStreamWires));
  plan.number = number;
  const bool alone = plan.wire == StreamWire::responses || plan.wire == StreamWire::messages;
  if (!alone) plan.choices = 1 + static_cast<std::uint32_t>(dice().below(kChoicesMax));
  plan.large_texts = dice().one_in(4);
  plan.tells_as_it_goes = dice().one_in(3);
  plan.tells_first = dice().one_in(2);
  plan.ends_with_each = !alone && dice().one_in(8);
  ask.output_cap = 16 + static_cast<std::uint32_t>(dice().below(24));
  const auto most = static_cast<std::uint32_t>(ask.output_cap * plan.choices);
  const std::uint64_t length = dice().below(8);
  if (length == 0 && !alone) {
    // To about where it must be cut, or already is over.
    plan.texts = most + most / 4 + 60 + static_cast<std::uint32_t>(dice().below(8));
  } else if (length < 4) {
    // Far beyond where it must be cut.
    plan.texts = 2 * most + 400;
    plan.tokens_a_text = 1 + static_cast<std::uint32_t>(dice().below(2));
  } else {
    plan.texts = 1 + static_cast<std::uint32_t>(dice().below(most - 1));
  }
  ask.usage_wanted = dice().one_in(2);
  ask.breaks = dice().one_in(5);
  ask.script = write_stream(plan);
  for (const ScriptedEvent& event : ask.script.events)
    ask.answer += event.bytes;
  return ask;
}

std::string request_of(const StreamAsk& ask, std::string_view key) {
  const std::string body = body_of(ask);
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {}\r\nX-Request-Id: {}{}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      target_of(ask.script.plan.wire), key, kStreamMark, ask.script.plan.number, body.size(), body);
}

}  // namespace headrace::sim
