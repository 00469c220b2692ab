// Meters a streamed answer as it passes, and says what of each slice goes on to the client: one of
// server-sent events, or Gemini's other form, one JSON array whose elements are the events.
//
//   meter.start(endpoint, options);
//   for each slice:  meter.feed(slice);
//                    while (const auto piece = meter.next()) by piece->verdict:
//                      forward: send what is held (if anything), then piece->bytes
//                      drop:    forget what is held, and piece->bytes
//                      hold:    keep a copy of piece->bytes behind what is held
//   at the end:      meter.finish(), meter.usage() ...
//
// Events go on whole: one that is cut by the end of a slice is held until the rest is there, so
// that a stream that breaks can be ended with an error event of our own. At most
// StreamOptions::held_bytes_max are ever held; an event beyond that goes on in pieces as they come
// (and is metered none the less). Neighbouring pieces to forward are one piece, so a slice of whole
// events costs one send.
//
// Model text never reaches the meter but by its length. Usage that comes more than once is
// cumulative in every dialect: the last value counts, nothing is summed.
//
// Threads:    one meter belongs to one stream on one shard. No allocation; about 1.5 KiB.
// Lifetime:   a slice must stay until the next feed(); pieces are parts of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policy/dialect/answer_reader.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/event_pattern.h"
#include "policy/dialect/finish_reason.h"
#include "policy/dialect/json_array_framer.h"
#include "policy/dialect/sse_framer.h"
#include "policy/dialect/stream_form.h"
#include "policy/dialect/unfinished_answer.h"
#include "policy/dialect/usage.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {

struct StreamOptions {
  // The client did not ask for OpenAI's usage chunk: drop it (choices empty, usage not null).
  bool strip_usage_chunk = false;
  std::uint32_t held_bytes_max = 4096;
  StreamForm form = StreamForm::events;
};

enum class StreamEnd : std::uint8_t {
  open,  // nothing yet that says so
  // The dialect's end: [DONE], message_stop, response.completed, response.incomplete; of an array
  // its bracket.
  completed,
  failed,  // an error inside the stream
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
  // The upstream has ended the stream. Meters an event that lacks its empty line; after a clean end
  // what is held is to be forwarded as it is.
  void finish();

  // What was forwarded ends between two events, so an event of our own may follow. Where it does
  // not (an event beyond held_bytes_max was cut), an empty line must come first.
  [[nodiscard]] bool forwarded_whole_events() const { return !event_cut_; }
  [[nodiscard]] std::uint32_t held_bytes() const { return held_bytes_; }
  // Of the event whose end has not come, once next() has no more pieces of the slice.
  [[nodiscard]] std::uint64_t open_event_bytes() const {
    if (between_events()) return 0;
    return (event_begin_ == 0 ? open_bytes_ : 0) + slice_.size() - event_begin_;
  }
  [[nodiscard]] StreamForm form() const { return options_.form; }
  // Of an array: whether some element of it has gone, so that a comma must come before another one.
  [[nodiscard]] bool has_elements() const { return array_framer_.elements() != 0; }

  [[nodiscard]] StreamEnd end() const { return end_; }
  // The stream may end here without anything missing: its end was seen or, where events have no
  // type (Gemini has no end of its own, and some speak OpenAI's chat without [DONE]), a finish
  // reason.
  [[nodiscard]] bool may_end_here() const;
  [[nodiscard]] FinishReason finish_reason() const { return reader_.finish_reason; }
  // Cut, filtered or declined, the whole answer or one of its choices.
  [[nodiscard]] bool is_withheld() const { return reader_.withheld; }
  [[nodiscard]] std::uint32_t events() const { return events_; }  // with data
  // Events that hold model output, and the bytes of that output as they stand in JSON.
  [[nodiscard]] std::uint32_t output_events() const { return output_events_; }
  [[nodiscard]] std::uint64_t output_bytes() const { return output_bytes_; }
  // Of the event that a Responses stream would go on with, behind the last one that has ended.
  [[nodiscard]] std::int64_t next_sequence_number() const { return sequence_number_ + 1; }

  // Anthropic: of the content block that is open; below 0 where none is.
  [[nodiscard]] std::int64_t open_block() const { return open_block_; }
  // What an event of ours at its end has to say again.
  [[nodiscard]] const UnfinishedAnswer& unfinished() const { return unfinished_; }
  // What the provider has said so far of the output, which it need not do before its end.
  [[nodiscard]] std::int64_t output_tokens_said() const;

  [[nodiscard]] const RawUsage& raw() const { return reader_.raw; }
  // The usage so far: `provider` once the provider's last word was seen; else `estimated`, with
  // what the provider said of the input (0 where it said nothing: the caller has the better guess)
  // and the output counted from what passed; `none` when nothing passed.
  [[nodiscard]] Usage usage() const;

 private:
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(slice_.data()), slice_.size()};
  }
  [[nodiscard]] bool is_array() const { return options_.form == StreamForm::json_array; }
  [[nodiscard]] bool between_events() const {
    return is_array() ? array_framer_.between_elements() : framer_.between_events();
  }
  bool pass_like_event();
  void learn_pattern(std::string_view event);
  void read_data(std::string_view value);
  void walk(std::string_view text);
  StreamPiece::Verdict end_event();
  [[nodiscard]] bool is_last_word(bool usage_chunk) const;
  [[nodiscard]] StreamPiece piece(StreamPiece::Verdict verdict, std::uint32_t end);
  std::optional<StreamPiece> end_slice();

  SseFramer framer_;
  JsonArrayFramer array_framer_;
  JsonWalker walker_;
  AnswerReader reader_;
  UnfinishedAnswer unfinished_;
  EventPattern pattern_;
  StreamOptions options_;
  std::span<const std::byte> slice_;
  std::uint64_t output_bytes_ = 0;
  std::uint64_t open_bytes_ = 0;  // of the current event, before the slice
  std::int64_t open_block_ = -1;
  std::int64_t sequence_number_ = -1;
  std::uint32_t piece_begin_ = 0;  // in the slice: what no piece covered yet
  std::uint32_t event_begin_ = 0;  // in the slice: where the current event begins
  std::uint32_t data_begin_ = 0;   // in the slice: where the current event's first data token is
  std::uint32_t drop_end_ = 0;     // above 0: up to here a piece to drop comes next
  std::uint32_t held_bytes_ = 0;
  std::uint32_t events_ = 0;
  std::uint32_t output_events_ = 0;
  Endpoint endpoint_ = Endpoint::unknown;
  StreamEnd end_ = StreamEnd::open;
  std::uint8_t data_tokens_ = 0;  // of the current event; above 1: several, or cut by a slice
  bool last_word_ = false;        // the provider's final usage was seen
  bool event_cut_ = false;        // a part of the current event was forwarded
  bool data_line_ended_ = false;  // the current event has a data line; another may follow
  bool plain_output_ = false;     // the event that ended last said nothing but output
  bool walking_ = false;          // its data is walked as JSON
  std::uint8_t done_size_ = 0;    // bytes of [DONE] that its data began with
};

}  // namespace headrace::policy
