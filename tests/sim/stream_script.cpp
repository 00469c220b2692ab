#include "tests/sim/stream_script.h"

#include <bit>

#include <fmt/format.h>

#include "tests/sim/dice.h"

namespace headrace::sim {

namespace {

constexpr std::size_t kLargeTextBytes = 6'000;
constexpr std::int64_t kLargeTextTokens = 1'400;

class Writer {
 public:
  explicit Writer(const StreamPlan& plan) : script_{.plan = plan, .events = {}} {}

  StreamScript write() {
    const StreamPlan& plan = script_.plan;
    open_ = (Parts{1} << plan.choices) - 1;
    begin();
    for (std::uint32_t i = 0; i < plan.texts; ++i) {
      const std::uint32_t part = some_open_part();
      add_text(part);
      // The first one goes on to the end.
      if (part != 0 && dice().one_in(12)) end_part(part);
    }
    end();
    return std::move(script_);
  }

 private:
  using enum StreamWire;

  [[nodiscard]] StreamWire wire() const { return script_.plan.wire; }
  [[nodiscard]] bool is_gemini() const { return wire() == gemini_events || wire() == gemini_array; }

  std::uint32_t some_open_part() {
    const auto open = static_cast<std::uint64_t>(std::popcount(open_));
    std::uint32_t part = 0;
    for (std::uint64_t skip = dice().below(open) + 1; skip > 0; ++part)
      skip -= open_ >> part & 1U;
    return part - 1;
  }

  // --- the frame of an event
  // -----------------------------------------------------------------------

  ScriptedEvent& add(std::string_view name, std::string_view json) {
    ScriptedEvent event;
    if (wire() == gemini_array) {
      event.bytes = fmt::format("{}{}", script_.events.empty() ? "[" : ",\r\n", json);
    } else {
      if (!name.empty()) event.bytes = fmt::format("event: {}\n", name);
      event.bytes += fmt::format("data: {}\n\n", json);
    }
    script_.events.push_back(std::move(event));
    return script_.events.back();
  }

  [[nodiscard]] std::string openai_names() const {
    return fmt::format(R"("id":"{}","object":"{}","created":{},"model":"{}")", script_.id(),
                       wire() == chat ? "chat.completion.chunk" : "text_completion",
                       StreamScript::kCreatedSeconds, StreamScript::kModel);
  }

  [[nodiscard]] std::string openai_usage() const {
    return fmt::format(R"("usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                       StreamScript::kPromptTokens, tokens_, StreamScript::kPromptTokens + tokens_);
  }

  [[nodiscard]] std::string gemini_rest() const {
    return fmt::format(R"("usageMetadata":{{"promptTokenCount":{},"candidatesTokenCount":{},)"
                       R"("totalTokenCount":{}}},"modelVersion":"{}","responseId":"{}")",
                       StreamScript::kPromptTokens, tokens_, StreamScript::kPromptTokens + tokens_,
                       StreamScript::kModel, script_.id());
  }

  void note_usage(ScriptedEvent& event, bool last_word = false) const {
    event.said = SaidTokens{.input = StreamScript::kPromptTokens, .output = tokens_};
    event.last_word = last_word;
  }

  // --- what is said ----------------------------------------------------------------------------

  void begin() {
    if (wire() == responses) {
      add("response.created",
          fmt::format(R"({{"type":"response.created","sequence_number":{},"response":{{"id":"{}",)"
                      R"("created_at":{},"model":"{}","status":"in_progress"}}}})",
                      sequence_++, script_.id(), StreamScript::kCreatedSeconds,
                      StreamScript::kModel));
    } else if (wire() == messages) {
      tokens_ = 1;
      note_usage(add(
          "message_start",
          fmt::format(R"({{"type":"message_start","message":{{"id":"{}","model":"{}","usage":)"
                      R"({{"input_tokens":{},"output_tokens":{}}}}}}})",
                      script_.id(), StreamScript::kModel, StreamScript::kPromptTokens, tokens_)));
      open_ = 0;
      open_block(0);
    }
  }

  void open_block(std::uint32_t block) {
    add("content_block_start",
        fmt::format(R"({{"type":"content_block_start","index":{},"content_block":)"
                    R"({{"type":"text","text":""}}}})",
                    block))
        .begins_or_says = Parts{1} << block;
    block_ = block;
    open_ = Parts{1} << block;
  }

  void close_block() {
    add("content_block_stop", fmt::format(R"({{"type":"content_block_stop","index":{}}})", block_))
        .ends = Parts{1} << block_;
    open_ = 0;
  }

  void add_text(std::uint32_t part) {
    constexpr std::uint32_t kBlocksMax = 6;
    if (wire() == messages && dice().one_in(30) && block_ + 1 < kBlocksMax) {
      close_block();
      open_block(block_ + 1);
      part = block_;
    }
    std::string text = fmt::format("R{}.{}.{} ", script_.plan.number, part, texts_++);
    text.append(script_.plan.large_texts && dice().one_in(10)
                    ? kLargeTextBytes
                    : static_cast<std::size_t>(dice().below(60)),
                'x');
    const bool large = text.size() > kLargeTextBytes;
    tokens_ += large ? kLargeTextTokens : std::int64_t{script_.plan.tokens_a_text};
    ScriptedEvent& event = add_words(part, text, script_.plan.ends_with_each);
    event.output_bytes = static_cast<std::uint32_t>(text.size());
    if (script_.plan.ends_with_each) event.ends = Parts{1} << part;
  }

  void end_part(std::uint32_t part) {
    if (wire() == messages || wire() == responses) return;
    add_words(part, {}, true).ends = Parts{1} << part;
    open_ &= ~(Parts{1} << part);
  }

  ScriptedEvent& add_words(std::uint32_t part, std::string_view text, bool ends) {
    ScriptedEvent& event = add(name_of_words(), words(part, text, ends));
    event.begins_or_says = Parts{1} << part;
    const bool counts = script_.plan.tells_as_it_goes && (is_openai_chunk() || is_gemini());
    if (counts) note_usage(event);
    return event;
  }

  [[nodiscard]] bool is_openai_chunk() const { return wire() == chat || wire() == completions; }

  [[nodiscard]] std::string_view name_of_words() const {
    if (wire() == responses) return "response.output_text.delta";
    return wire() == messages ? "content_block_delta" : "";
  }

  // OpenAI pads chunks so; here large ones, so that much of an event may follow its count.
  [[nodiscard]] std::string in_order(std::string_view words, std::string_view usage) const {
    const auto& [first, second] =
        script_.plan.tells_first ? std::pair{usage, words} : std::pair{words, usage};
    const std::string padding(words.size() < kLargeTextBytes ? 0 : kLargeTextBytes, 'p');
    return fmt::format(R"({{{},{},"obfuscation":"{}"}})", first, second, padding);
  }

  std::string words(std::uint32_t part, std::string_view text, bool ends) {
    const bool counts = script_.plan.tells_as_it_goes;
    switch (wire()) {
      case chat:
      case completions: {
        const std::string said = wire() == completions ? fmt::format(R"("text":"{}")", text)
                                 : text.empty()
                                     ? std::string(R"("delta":{})")
                                     : fmt::format(R"("delta":{{"content":"{}"}})", text);
        return in_order(fmt::format(R"({},"choices":[{{"index":{},{},"finish_reason":{}}}])",
                                    openai_names(), part, said, ends ? R"("stop")" : "null"),
                        counts ? openai_usage() : R"("usage":null)");
      }
      case responses:
        return fmt::format(R"({{"type":"response.output_text.delta","sequence_number":{},)"
                           R"("delta":"{}"}})",
                           sequence_++, text);
      case messages:
        return fmt::format(R"({{"type":"content_block_delta","index":{},"delta":)"
                           R"({{"type":"text_delta","text":"{}"}}}})",
                           part, text);
      default:
        break;
    }
    std::string content = ends ? R"("finishReason":"STOP")" : "";
    if (!text.empty()) {
      content += fmt::format(R"({}"content":{{"role":"model","parts":[{{"text":"{}"}}]}})",
                             ends ? "," : "", text);
    }
    const std::string rest = counts ? gemini_rest()
                                    : fmt::format(R"("modelVersion":"{}","responseId":"{}")",
                                                  StreamScript::kModel, script_.id());
    return in_order(fmt::format(R"("candidates":[{{{},"index":{}}}])", content, part), rest);
  }

  // --- its end
  // -------------------------------------------------------------------------------------

  void end() {
    for (std::uint32_t part = 1; part < script_.plan.choices; ++part) {
      if ((open_ >> part & 1U) != 0) end_part(part);
    }
    switch (wire()) {
      case chat:
      case completions: {
        end_part(0);
        ScriptedEvent& usage =
            add("", fmt::format(R"({{{},"choices":[],{}}})", openai_names(), openai_usage()));
        note_usage(usage, true);
        usage.usage_alone = true;
        add("", "[DONE]");
        return;
      }
      case responses: {
        ScriptedEvent& last =
            add("response.completed",
                fmt::format(R"({{"type":"response.completed","sequence_number":{},"response":)"
                            R"({{"id":"{}","status":"completed","usage":{{"input_tokens":{},)"
                            R"("output_tokens":{},"total_tokens":{}}}}}}})",
                            sequence_, script_.id(), StreamScript::kPromptTokens, tokens_,
                            StreamScript::kPromptTokens + tokens_));
        last.begins_or_says = last.ends = 1;
        note_usage(last, true);
        return;
      }
      case messages:
        close_block();
        note_usage(
            add("message_delta", fmt::format(R"({{"type":"message_delta","delta":{{"stop_reason":)"
                                             R"("end_turn"}},"usage":{{"output_tokens":{}}}}})",
                                             tokens_)),
            true);
        add("message_stop", R"({"type":"message_stop"})");
        return;
      default:
        script_.plan.tells_as_it_goes = true;
        end_part(0);
        script_.events.back().last_word = true;
        if (wire() == gemini_array) script_.events.emplace_back().bytes = "\n]\n";
        return;
    }
  }

  StreamScript script_;
  Parts open_ = 1;
  std::uint32_t block_ = 0;
  std::uint32_t texts_ = 0;
  std::int64_t tokens_ = 0;
  std::int64_t sequence_ = 0;
};

}  // namespace

std::string StreamScript::id() const {
  return fmt::format("R{}.", plan.number);
}

StreamScript write_stream(const StreamPlan& plan) {
  return Writer(plan).write();
}

}  // namespace headrace::sim
