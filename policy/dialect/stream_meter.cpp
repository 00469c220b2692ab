#include "policy/dialect/stream_meter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace headrace::policy {
namespace {

static_assert(sizeof(StreamMeter) <= 1536);

constexpr std::string_view kDone = "[DONE]";
constexpr std::uint8_t kSeveral = 2;
// JSON text per token, for an estimate where the provider was cut off before it said: on the low
// side for English, so on the high side in tokens.
constexpr std::uint64_t kBytesPerToken = 4;

// What concerns the end of the answer is noted beside what concerns its use.
class StreamSink final : public JsonSink {
 public:
  StreamSink(AnswerReader& reader, UnfinishedAnswer& unfinished)
      : reader_(reader), unfinished_(unfinished) {}
  bool on_json(const JsonStep& step) override {
    unfinished_.note(step);
    return reader_.on_json(step);
  }

 private:
  AnswerReader& reader_;
  UnfinishedAnswer& unfinished_;
};

// Whether every event says what it is, the last one too.
bool has_typed_events(Endpoint endpoint) {
  return endpoint == Endpoint::responses || endpoint == Endpoint::messages;
}

}  // namespace

void StreamMeter::start(Endpoint endpoint, const StreamOptions& options) {
  *this = StreamMeter{};
  endpoint_ = endpoint;
  options_ = options;
}

void StreamMeter::feed(std::span<const std::byte> slice) {
  open_bytes_ = open_event_bytes();
  if (!between_events()) data_tokens_ = kSeveral;
  slice_ = slice;
  piece_begin_ = event_begin_ = drop_end_ = 0;
  if (is_array()) {
    array_framer_.feed(text());
  } else {
    framer_.feed(text());
  }
}

StreamPiece StreamMeter::piece(StreamPiece::Verdict verdict, std::uint32_t end) {
  const StreamPiece piece{verdict, slice_.subspan(piece_begin_, end - piece_begin_)};
  piece_begin_ = end;
  held_bytes_ = verdict == StreamPiece::Verdict::hold
                    ? held_bytes_ + static_cast<std::uint32_t>(piece.bytes.size())
                    : 0;
  return piece;
}

std::optional<StreamPiece> StreamMeter::next() {
  using enum StreamPiece::Verdict;
  if (drop_end_ != 0) {
    const std::uint32_t end = std::exchange(drop_end_, 0);
    return piece(drop, end);
  }
  for (;;) {
    if (pass_like_event()) continue;
    const SseToken token = is_array() ? array_framer_.next() : framer_.next();
    switch (token.kind) {
      case SseToken::Kind::data:
        data_begin_ = static_cast<std::uint32_t>(token.value.data() - text().data());
        data_tokens_ = data_tokens_ == 0 ? 1 : kSeveral;
        read_data(token.value);
        data_line_ended_ |= token.line_end;
        break;
      case SseToken::Kind::event:
      case SseToken::Kind::other:
        break;
      case SseToken::Kind::event_end: {
        const StreamPiece::Verdict verdict = end_event();
        const std::uint32_t begin = event_begin_;
        event_begin_ = static_cast<std::uint32_t>(token.end);
        if (std::exchange(data_tokens_, std::uint8_t{0}) == 1) {
          learn_pattern(text().substr(begin, event_begin_ - begin));
        }
        // A word or number of an array is over where the next slice begins with another thing.
        if (event_begin_ == 0 && held_bytes_ > 0) return piece(forward, 0);
        if (verdict != drop) break;
        if (piece_begin_ == begin) return piece(drop, event_begin_);
        drop_end_ = event_begin_;
        return piece(forward, begin);
      }
      case SseToken::Kind::more:
        return end_slice();
    }
  }
}

// Passes over an event that is like an earlier plain one.
bool StreamMeter::pass_like_event() {
  if (is_array() || !framer_.between_events()) return false;
  const auto like = pattern_.match(framer_.rest());
  if (!like) return false;
  framer_.skip_event(like->size);
  event_begin_ += static_cast<std::uint32_t>(like->size);
  ++events_;
  if (like->output_bytes != 0) ++output_events_;
  output_bytes_ += like->output_bytes;
  if (like->number >= 0) sequence_number_ = reader_.sequence_number = like->number;
  return true;
}

// After an event that lay whole in the slice, its data in one line.
void StreamMeter::learn_pattern(std::string_view event) {
  if (!plain_output_ || is_array() || reader_.too_many_holes()) return;
  if (event.front() == '\n' || event.back() != '\n') return;
  const auto data = static_cast<std::uint32_t>(text().data() + data_begin_ - event.data());
  std::array<EventHole, EventPattern::kHolesMax + EventPattern::kMaybeMax> holes;
  std::size_t count = 0;
  for (EventHole hole : reader_.holes()) {
    hole.begin += data;
    hole.end += data;
    holes[count++] = hole;
  }
  pattern_.learn(event, std::span(holes).first(count));
}

// What is left of the slice: whole events, then perhaps the beginning of another.
std::optional<StreamPiece> StreamMeter::end_slice() {
  using enum StreamPiece::Verdict;
  const auto end = static_cast<std::uint32_t>(slice_.size());
  if (piece_begin_ == end) return std::nullopt;
  const std::uint32_t open = between_events() ? 0 : end - event_begin_;
  if (open == 0 || event_cut_) return piece(forward, end);
  const std::uint32_t held = piece_begin_ == event_begin_ ? held_bytes_ : 0;
  if (open > options_.held_bytes_max - std::min(held, options_.held_bytes_max)) {
    event_cut_ = true;
    return piece(forward, end);
  }
  return piece_begin_ == event_begin_ ? piece(hold, end) : piece(forward, event_begin_);
}

void StreamMeter::walk(std::string_view text) {
  if (!walking_) {
    walking_ = true;
    reader_.begin_event();
    unfinished_.begin_event();
    walker_.start(stream_fields(endpoint_), {.tell_unwanted_strings = true});
  }
  StreamSink sink(reader_, unfinished_);
  // Data that is no JSON is passed over: the client judges it.
  static_cast<void>(walker_.walk(text, sink));
}

void StreamMeter::read_data(std::string_view value) {
  const bool another_line = std::exchange(data_line_ended_, false);
  if (walking_ || is_array()) {
    // The lines of one event are joined by line feeds.
    if (another_line) walk("\n");
    walk(value);
    return;
  }
  const std::size_t size = std::min(value.size(), kDone.size() - done_size_);
  if (value.substr(0, size) == kDone.substr(done_size_, size)) {
    done_size_ = static_cast<std::uint8_t>(done_size_ + size);
    if (done_size_ == kDone.size() || size == value.size()) return;
  }
  // It was no [DONE] after all; what looked like it is read as JSON too.
  walk(kDone.substr(0, std::exchange(done_size_, std::uint8_t{0})));
  walk(value);
}

StreamPiece::Verdict StreamMeter::end_event() {
  using enum StreamPiece::Verdict;
  const bool cut = std::exchange(event_cut_, false);
  const bool done = std::exchange(done_size_, std::uint8_t{0}) == kDone.size();
  const bool walked = std::exchange(walking_, false);
  data_line_ended_ = plain_output_ = false;
  if (done || walked) ++events_;
  if (walked) {
    // What comes of it from now on must be read, not passed over.
    if (unfinished_.end_event()) pattern_.forget();
    sequence_number_ = reader_.sequence_number;
  }
  const bool over = done || (is_array() && array_framer_.closed());
  if (over && end_ == StreamEnd::open) end_ = StreamEnd::completed;
  if (!walked || !walker_.complete()) return forward;

  if (reader_.output_bytes != 0 &&
      (endpoint_ != Endpoint::responses || reader_.event == AnswerEvent::delta)) {
    ++output_events_;
    output_bytes_ += reader_.output_bytes;
    plain_output_ = reader_.plain;
  }
  if (reader_.event == AnswerEvent::block_begin) open_block_ = reader_.sequence_number;
  if (reader_.event == AnswerEvent::block_end) open_block_ = -1;
  if (reader_.error || reader_.event == AnswerEvent::failed) {
    end_ = StreamEnd::failed;
    reader_.finish_reason = FinishReason::failed;
  } else if (reader_.event == AnswerEvent::completed && end_ == StreamEnd::open) {
    end_ = StreamEnd::completed;
  }
  if (!reader_.usage_here) return forward;
  const bool usage_chunk = reader_.choices_here && !reader_.choice_here;
  last_word_ = is_last_word(usage_chunk);
  return usage_chunk && options_.strip_usage_chunk && !cut ? drop : forward;
}

// Whether the usage of the current event is final.
bool StreamMeter::is_last_word(bool usage_chunk) const {
  switch (endpoint_) {
    case Endpoint::responses:
      return true;
    case Endpoint::messages:
      return reader_.event == AnswerEvent::last_usage;
    default:
      // By itself, or at the end of the output; some providers add the count so far to each event.
      return usage_chunk || reader_.finish_reason != FinishReason::none;
  }
}

void StreamMeter::finish() {
  if (walking_ || done_size_ == kDone.size()) static_cast<void>(end_event());
  // A whole answer where an array of them was expected.
  const bool whole = is_array() && array_framer_.no_array() && walker_.complete();
  if (whole && end_ == StreamEnd::open) end_ = StreamEnd::completed;
}

bool StreamMeter::may_end_here() const {
  return end_ != StreamEnd::open || (!has_typed_events(endpoint_) && !is_array() &&
                                     reader_.finish_reason != FinishReason::none);
}

std::int64_t StreamMeter::output_tokens_said() const {
  return reader_.raw.empty() ? 0 : normalise(reader_.raw, endpoint_).out_total();
}

Usage StreamMeter::usage() const {
  Usage usage = normalise(reader_.raw, endpoint_);
  usage.service_tier = reader_.service_tier;
  if (last_word_ && usage.source != UsageSource::estimated) return usage;
  const auto counted = static_cast<std::int64_t>(std::max<std::uint64_t>(
      output_events_, (output_bytes_ + kBytesPerToken - 1) / kBytesPerToken));
  usage.out_text += std::max<std::int64_t>(counted - usage.out_total(), 0);
  const bool anything = !reader_.raw.empty() || counted != 0;
  usage.source = anything ? UsageSource::estimated : UsageSource::none;
  return usage;
}

}  // namespace headrace::policy
