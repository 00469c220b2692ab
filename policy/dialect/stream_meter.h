// Meters a streamed answer as it passes, and says what of each slice goes on to the client.
//
//   meter.start(endpoint, options);
//   for each slice:  meter.feed(slice);
//                    while (auto piece = meter.next()) by piece->verdict:
//                      forward: send what is held (if anything), then piece->bytes
//                      drop:    forget what is held and piece->bytes
//                      hold:    keep a copy of piece->bytes behind what is held
//   at the end:      meter.usage(), meter.end() ...
//
// Events go on whole: one that is cut by the end of a slice is held until the rest is there, so
// that a stream that breaks can be ended with an error event of our own. At most
// StreamOptions::held_bytes_max are ever held; an event beyond that goes on in pieces as it comes
// (and is metered none the less). Neighbouring pieces to forward are one piece, so a slice of whole
// events costs one send.
//
// Threads:    one meter belongs to one stream on one shard. No allocation; about 300 bytes.
// Lifetime:   pieces are slices of what was fed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "policy/dialect/answer_reader.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/finish_reason.h"
#include "policy/dialect/sse_framer.h"
#include "policy/dialect/usage.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

struct StreamOptions {
  // The client did not ask for OpenAI's usage chunk: drop it (choices empty, usage not null).
  bool strip_usage_chunk = false;
  std::uint32_t held_bytes_max = 4096;
};

enum class StreamEnd : std::uint8_t {
  open,       // nothing yet that says so
  completed,  // the dialect's end: [DONE], message_stop, response.completed or .incomplete
  failed,     // an error event or object inside the stream
};

struct StreamPiece {
  enum class Verdict : std::uint8_t { forward, drop, hold };
  Verdict verdict = Verdict::forward;
  std::span<const std::byte> bytes;
};

class StreamMeter {
 public:
  StreamMeter() = default;
  StreamMeter(Endpoint endpoint, const StreamOptions& options) { start(endpoint, options); }

  void start(Endpoint endpoint, const StreamOptions& options);
  void feed(std::span<const std::byte> slice);
  [[nodiscard]] std::optional<StreamPiece> next();

  // What was forwarded ends between two events, so an event of our own may follow. Where it is
  // false (an oversize event was cut), one empty line must come first.
  [[nodiscard]] bool at_event_boundary() const;
  [[nodiscard]] std::uint32_t held_bytes() const { return held_bytes_; }

  [[nodiscard]] StreamEnd end() const { return end_; }
  // The stream may end here without anything missing: its end was seen, or the dialect has none
  // and a finish reason was seen (Gemini).
  [[nodiscard]] bool may_end_here() const;
  [[nodiscard]] FinishReason finish_reason() const { return reading_.finish_reason; }
  [[nodiscard]] std::uint32_t events() const { return events_; }
  [[nodiscard]] std::uint32_t output_events() const { return output_events_; }  // with model output
  [[nodiscard]] std::uint64_t output_text_bytes() const { return output_text_bytes_; }
  [[nodiscard]] bool saw_output() const { return output_events_ != 0; }

  [[nodiscard]] const RawUsage& raw() const { return reading_.raw; }
  // The usage so far: `provider` once the provider's final word was seen, else `estimated` with
  // what the provider said of the input, and the output counted from what passed. Where the input
  // is not known it is 0: the caller has the better guess.
  [[nodiscard]] Usage usage() const;

 private:
  void end_event();
  void walk(std::string_view data);

  SseFramer framer_;
  JsonWalker walker_;
  AnswerReading reading_;
  StreamOptions options_;
  const char* slice_ = nullptr;
  std::uint32_t slice_size_ = 0;
  std::uint32_t piece_begin_ = 0;
  std::uint32_t event_begin_ = 0;
  std::uint32_t held_bytes_ = 0;
  std::uint32_t events_ = 0;
  std::uint32_t output_events_ = 0;
  std::uint64_t output_text_bytes_ = 0;
  Endpoint endpoint_ = Endpoint::unknown;
  StreamEnd end_ = StreamEnd::open;
  bool event_cut_ = false;  // the current event is beyond held_bytes_max: it goes on in pieces
  bool has_data_ = false;
};

}  // namespace headrace::policy
