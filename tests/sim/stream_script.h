// What a provider streams in one request's answer, event by event, and what each event says: whom
// it belongs to, what a meter must count of it. Of every form that a stream can have.
//
// Threads: plain data of one run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::sim {

enum class StreamWire : std::uint8_t {
  chat,
  completions,
  responses,
  messages,
  gemini_events,
  gemini_array,
  count
};

inline constexpr std::size_t kStreamWires =
    static_cast<std::size_t>(std::to_underlying(StreamWire::count));
inline constexpr std::array<std::string_view, kStreamWires> kStreamWireNames = {
    "chat", "completions", "responses", "messages", "gemini_events", "gemini_array"};

// Anthropic's content blocks, everybody else's choices; a bit each.
using Parts = std::uint32_t;

struct SaidTokens {
  std::int64_t input = 0;
  std::int64_t output = 0;
};

struct ScriptedEvent {
  std::string bytes;               // with what stands before it and behind it
  Parts begins_or_says = 0;        // parts that are open with it
  Parts ends = 0;                  // and that end with it
  std::uint32_t output_bytes = 0;  // of the model's text
  std::optional<SaidTokens> said;  // the count so far
  bool last_word = false;          // ... and it is the final one, whatever else has come
  bool usage_alone = false;        // a chunk that clients get who have asked for it
};

// What to write.
struct StreamPlan {
  StreamWire wire = StreamWire::chat;
  std::uint32_t number = 0;
  std::uint32_t choices = 1;
  std::uint32_t texts = 1;          // events with the model's words
  bool large_texts = false;         // some of them are, beyond what is ever held back
  bool tells_as_it_goes = false;    // the count so far stands in every event,
  bool tells_first = false;         // before all else of it
  bool ends_with_each = false;      // each event says of its choice that it is the last one
  std::uint32_t tokens_a_text = 1;  // by that count
};

struct StreamScript {
  StreamPlan plan;
  std::vector<ScriptedEvent> events;

  [[nodiscard]] bool is_array() const { return plan.wire == StreamWire::gemini_array; }
  // The stream's own names, as its events give them.
  [[nodiscard]] std::string id() const;
  static constexpr std::string_view kModel = "model-of-the-stream";
  static constexpr std::int64_t kCreatedSeconds = 1'700'000'017;
  static constexpr std::int64_t kPromptTokens = 13;
};

// A whole one, to its dialect's end. Every part ends once, unless with each of its events; those
// beside the first may end early.
[[nodiscard]] StreamScript write_stream(const StreamPlan& plan);

}  // namespace headrace::sim
