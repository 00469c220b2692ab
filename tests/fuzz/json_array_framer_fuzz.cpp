// Gemini's stream as one JSON array: whatever the slices, the same elements come out, every byte
// goes on in order, and an element of ours behind any whole one leaves JSON where there was JSON.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/dialect/cut_event.h"
#include "policy/dialect/json_array_framer.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_json.h"
#include "tests/fuzz/slices.h"
#include "tests/fuzz/stream_relay.h"

namespace headrace::fuzz {
namespace {

using namespace policy;

struct Framed {
  std::vector<std::string> elements;
  std::string open;
  bool closed = false;
  friend bool operator==(const Framed&, const Framed&) = default;
};

Framed framed(std::string_view text, std::size_t slice_bytes) {
  JsonArrayFramer framer;
  Framed all;
  in_slices(text, slice_bytes, [&](std::string_view slice) {
    take_tokens(framer, slice, [&](const SseToken& token) {
      if (token.kind == SseToken::Kind::data) {
        FUZZ_CHECK(!token.value.empty());
        all.open += token.value;
      }
      if (token.kind != SseToken::Kind::event_end) return;
      FUZZ_CHECK(framer.between_elements());
      if (framer.closed()) {
        FUZZ_CHECK(all.open.empty());
      } else {
        all.elements.push_back(all.open);
        all.open.clear();
      }
    });
  });
  FUZZ_CHECK(framer.elements() == all.elements.size());
  all.closed = framer.closed();
  return all;
}

Relayed relay_array(std::string_view text, std::size_t slice_bytes, std::uint32_t held_bytes_max) {
  return relay(text, slice_bytes, Endpoint::stream_generate_content,
               {.held_bytes_max = held_bytes_max, .form = StreamForm::json_array});
}

// What its client has when the stream is cut at its end.
std::string cut(const Relayed& relayed) {
  std::array<char, kCutEventBytesMax> room;
  const std::size_t bytes =
      write_cut_event(cut_answer_of(relayed.meter), Endpoint::stream_generate_content, room);
  return relayed.sent + std::string(room.data(), bytes);
}

bool parses(const std::string& text) {
  return reference_json(text, 128).has_value();
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  using namespace headrace::policy;
  if (size < 2) return 0;
  const std::size_t slice_bytes = 1 + data[0] % 70U;
  const std::string text{reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::size_t all = std::max<std::size_t>(text.size(), 1);
  const auto bound = static_cast<std::uint32_t>(all);

  const Framed whole = framed(text, all);
  FUZZ_CHECK(framed(text, slice_bytes) == whole);

  const Relayed sliced = relay_array(text, slice_bytes, bound);
  FUZZ_CHECK(sliced.sent + sliced.held == text);
  const Relayed tight = relay_array(text, slice_bytes, data[1] / 4U);
  FUZZ_CHECK(tight.sent + tight.held == text);
  FUZZ_CHECK(sliced.meter.forwarded_whole_events());

  // Cut anywhere: what was JSON so far is JSON with our end.
  if (!parses(text)) return 0;
  const std::string before = text.substr(0, data[1] % all);
  const Relayed part = relay_array(before, slice_bytes, bound);
  if (part.meter.end() == StreamEnd::open && framed(text, all).closed) {
    FUZZ_CHECK(parses(cut(part)));
  }
  return 0;
}
