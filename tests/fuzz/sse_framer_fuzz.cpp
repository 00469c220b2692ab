// Event streams: the events must be those of the standard's own algorithm, whatever the slices; a
// meter passes every byte on, but for the events that it strips.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/dialect/sse_framer.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/slices.h"
#include "tests/fuzz/stream_relay.h"

namespace headrace::fuzz {
namespace {

using namespace policy;

constexpr Endpoint kEndpoints[] = {Endpoint::chat_completions, Endpoint::messages,
                                   Endpoint::responses, Endpoint::stream_generate_content};

struct Event {
  std::string name;
  std::vector<std::string> data;
  friend bool operator==(const Event&, const Event&) = default;
};

// The standard's algorithm, line by line over the whole text. Events without fields are kept.
std::vector<Event> reference_events(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<Event> events;
  Event event;
  std::string line;
  const auto end_line = [&] {
    if (line.empty()) {
      events.push_back(event);
      event = {};
      return;
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string field = line.substr(0, colon);
    std::string value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.erase(0, 1);
    if (field == "data") event.data.push_back(value);
    if (field == "event") event.name += value;
    line.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n' && text[i] != '\r') {
      line.push_back(text[i]);
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    end_line();
  }
  return events;
}

std::vector<Event> framed_events(std::string_view text, std::size_t slice_bytes) {
  SseFramer framer;
  std::vector<Event> events;
  Event event;
  bool line_open = false;
  in_slices(text, slice_bytes, [&](std::string_view slice) {
    take_tokens(framer, slice, [&](const SseToken& token) {
      if (token.kind == SseToken::Kind::event) event.name += token.value;
      if (token.kind == SseToken::Kind::data) {
        if (!line_open) event.data.emplace_back();
        event.data.back() += token.value;
        line_open = !token.line_end;
      }
      if (token.kind == SseToken::Kind::event_end) {
        events.push_back(event);
        event = {};
      }
    });
  });
  return events;
}

// To the stream's end.
Relayed relay_events(std::string_view text, std::size_t slice_bytes, Endpoint endpoint, bool strip,
                     std::uint32_t held_bytes_max) {
  Relayed relayed = relay(text, slice_bytes, endpoint,
                          {.strip_usage_chunk = strip, .held_bytes_max = held_bytes_max});
  relayed.meter.finish();
  return relayed;
}

// Events that a reader would be given.
std::vector<Event> events_with_data(const std::string& text) {
  std::vector<Event> events = reference_events(text);
  std::erase_if(events, [](const Event& event) { return event.data.empty(); });
  return events;
}

void check_same(const StreamMeter& one, const StreamMeter& other) {
  FUZZ_CHECK(one.end() == other.end());
  FUZZ_CHECK(one.events() == other.events());
  FUZZ_CHECK(one.output_events() == other.output_events());
  FUZZ_CHECK(one.output_bytes() == other.output_bytes());
  FUZZ_CHECK(one.finish_reason() == other.finish_reason());
  FUZZ_CHECK(one.raw().size() == other.raw().size());
  FUZZ_CHECK(one.usage().source == other.usage().source);
  FUZZ_CHECK(one.usage().out_total() == other.usage().out_total());
  FUZZ_CHECK(one.usage().in_total() == other.usage().in_total());
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  if (size < 2) return 0;
  const Endpoint endpoint = kEndpoints[data[0] % std::size(kEndpoints)];
  const std::size_t slice_bytes = 1 + data[1] % 70U;
  const std::string text{reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::size_t all = std::max<std::size_t>(text.size(), 1);
  const auto bound = static_cast<std::uint32_t>(all);

  const std::vector<Event> expected = reference_events(text);
  FUZZ_CHECK(framed_events(text, all) == expected);
  FUZZ_CHECK(framed_events(text, slice_bytes) == expected);

  // Nothing stripped: every byte goes on, in order.
  const Relayed whole = relay_events(text, all, endpoint, false, bound);
  FUZZ_CHECK(whole.sent + whole.held == text);
  const Relayed tight = relay_events(text, slice_bytes, endpoint, false, data[1] / 4U);
  FUZZ_CHECK(tight.sent + tight.held == text);

  const Relayed stripped = relay_events(text, all, endpoint, true, bound);
  const Relayed sliced = relay_events(text, slice_bytes, endpoint, true, bound);
  FUZZ_CHECK(events_with_data(stripped.sent + stripped.held) ==
             events_with_data(sliced.sent + sliced.held));
  check_same(whole.meter, stripped.meter);
  // A key in escapes that a slice cuts may be too long to be kept.
  if (text.find('\\') == std::string::npos) check_same(stripped.meter, sliced.meter);
  return 0;
}
