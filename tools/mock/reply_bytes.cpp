// Of a Reply: its bytes, and what happens at a certain one of them.
#include <algorithm>

#include "core/check.h"
#include "net/http/chunk_writer.h"
#include "tools/event_stamp/event_stamp.h"
#include "tools/mock/chance.h"
#include "tools/mock/hostile.h"
#include "tools/mock/put.h"
#include "tools/mock/reply.h"

namespace headrace::tools::mock {
namespace {

// Events that need not wait for each other are sent together up to this many bytes.
constexpr std::size_t kEventBytesPerStep = 32 * 1024;
// Smaller bodies are copied behind their head and sent as one piece.
constexpr std::size_t kCopiedBodyBytesMax = 16 * 1024;
constexpr std::uint64_t kOpaqueBytesPerStep = 1024 * 1024;
// A drip of many bytes a second falls in tenths of a second.
constexpr std::uint64_t kDripsPerSecond = 10;

// What opaque answers and extra bytes are made of.
std::string_view opaque_bytes() {
  static const std::string bytes = [] {
    std::string made;
    made.reserve(kOpaqueBytesPerStep);
    for (std::uint64_t i = 0; made.size() < kOpaqueBytesPerStep; ++i) {
      put(made, Hex{mixed(i)});
    }
    return made;
  }();
  return bytes;
}

core::Duration nanos(double count) {
  return core::Duration(static_cast<std::int64_t>(count));
}

}  // namespace

Step Reply::next() {
  if (held_at_ < held_.size()) return limit({});
  HEADRACE_CHECK(phase_ != Phase::done, "an answer was asked for more after its end");
  Step step = generate();
  generated_ += step.bytes.size() + step.more.size();
  if (limited_) return limit(step);
  handed_out_ = generated_;
  return step;
}

Step Reply::generate() {
  Step step;
  out_.clear();
  if (phase_ == Phase::start) {
    generate_start(step);
  } else if (kind_ == Kind::opaque) {
    generate_opaque(step);
  } else {
    step.wait = next_wait_;
    generate_events();
    step.stamped = behaviour_->stamp && !limited_;
  }
  step.bytes = out_;
  if (phase_ == Phase::done) {
    step.end = keep_alive_ && !behaviour_->close_silently ? StepEnd::keep_alive : StepEnd::close;
  }
  return step;
}

void Reply::generate_start(Step& step) {
  step.wait = nanos(behaviour_->latency.sample(world_.random.next()));
  for (const int status : behaviour_->interim)
    put_interim_head(out_, status);
  keep_alive_ = info_->keep_alive && !behaviour_->close;
  if (kind_ == Kind::hostile) {
    put_hostile_answer(out_, behaviour_->hostile, R"({"hostile":true})");
    keep_alive_ = keep_alive_ && !hostile_answer(behaviour_->hostile).closes;
    place_breaks_by_byte();
    phase_ = Phase::done;
    return;
  }
  generate_head();
  head_bytes_ = out_.size();
  place_breaks_by_byte();
  phase_ = Phase::body;
  const bool bodiless = info_->head_only || status_ == 204 || status_ == 304;
  if (bodiless) {
    phase_ = Phase::done;
  } else if (kind_ == Kind::stream) {
    place_breaks_by_event();
    generate_events();
  } else if (kind_ == Kind::opaque) {
    generate_opaque(step);
  } else {
    generate_whole(step);
  }
}

void Reply::generate_head() {
  const bool length_known = kind_ != Kind::stream;
  body_end_ = choose_body_end(length_known);
  keep_alive_ = keep_alive_ && body_end_ != BodyEnd::close;
  put_reply_head(out_,
                 {.status = status_,
                  .content_type = content_type_,
                  .body_end = body_end_,
                  .content_length = kind_ == Kind::opaque ? opaque_left_ : whole_body().size(),
                  .keep_alive = keep_alive_,
                  .id = id_},
                 *info_, world_.clock);
}

BodyEnd Reply::choose_body_end(bool length_known) const {
  const BodyEnd without_length =
      behaviour_->http_1_0 || info_->http_1_0 ? BodyEnd::close : BodyEnd::chunked;
  switch (behaviour_->framing) {
    case Framing::close:
      return BodyEnd::close;
    case Framing::chunked:
      return without_length;
    default:
      return length_known ? BodyEnd::length : without_length;
  }
}

void Reply::generate_whole(Step& step) {
  const std::string_view body = whole_body();
  // An unstreamed answer takes the time that its tokens take.
  const TokenUsage told = usage(true);
  const double gaps =
      static_cast<double>(told.text + told.reasoning) / std::max(behaviour_->tokens_per_event, 1U);
  step.wait += nanos(mean_gap_nanos() * gaps);
  phase_ = Phase::done;
  if (body.size() > kCopiedBodyBytesMax && body_end_ != BodyEnd::chunked &&
      behaviour_->extra_bytes == 0) {
    step.more = body;
    return;
  }
  if (!body.empty()) put_framed(body);
  put_end();
}

// Chunks of an opaque answer are closed when the next one begins.
void Reply::generate_opaque(Step& step) {
  const bool chunked = body_end_ == BodyEnd::chunked;
  const bool first = opaque_left_ == *behaviour_->body_bytes;
  if (chunked && !first) out_.append(net::http::kChunkEnd);
  if (opaque_left_ == 0) {
    put_end();
    phase_ = Phase::done;
    return;
  }
  const std::uint64_t bytes = std::min(opaque_left_, kOpaqueBytesPerStep);
  opaque_left_ -= bytes;
  if (chunked) out_.append(net::http::ChunkSizeLine(bytes).text());
  step.more = opaque_bytes().substr(0, bytes);
  if (opaque_left_ == 0 && !chunked && behaviour_->extra_bytes == 0) phase_ = Phase::done;
}

void Reply::generate_events() {
  next_wait_ = {};
  while (out_.size() < kEventBytesPerStep) {
    event_.clear();
    if (behaviour_->stream_error && cursor_.events >= behaviour_->stream_error_at) {
      const ErrorKind kind = *behaviour_->stream_error;
      put_stream_error(event_, plan_.endpoint,
                       {.kind = kind, .status = status_of(kind, dialect_of(plan_.endpoint))},
                       cursor_.events);
      put_framed(event_);
      put_end();
      cut_ = true;
      phase_ = Phase::done;
      return;
    }
    const EventKind kind = put_next_event(event_, plan_, cursor_);
    if (kind == EventKind::end) {
      put_end();
      phase_ = Phase::done;
      return;
    }
    if (kind == EventKind::tokens && behaviour_->stamp) add_event_stamp(event_);
    put_framed(event_);
    if (limited_) place_breaks_by_event();
    if (kind != EventKind::tokens) continue;
    next_wait_ = gap();
    if (next_wait_ > core::Duration::zero()) return;
  }
}

double Reply::mean_gap_nanos() const {
  if (behaviour_->tokens_per_second <= 0) return behaviour_->gap.mean();
  return 1e9 * std::max(behaviour_->tokens_per_event, 1U) / behaviour_->tokens_per_second;
}

void Reply::stamp(std::uint64_t nanos) {
  fill_event_stamps(out_, nanos);
}

core::Duration Reply::gap() {
  if (behaviour_->tokens_per_second > 0) return nanos(mean_gap_nanos());
  return nanos(behaviour_->gap.sample(world_.random.next()));
}

void Reply::put_framed(std::string_view bytes) {
  if (body_end_ != BodyEnd::chunked) {
    out_.append(bytes);
    return;
  }
  out_.append(net::http::ChunkSizeLine(bytes.size()).text()).append(bytes);
  out_.append(net::http::kChunkEnd);
}

void Reply::put_end() {
  if (body_end_ == BodyEnd::chunked) out_.append(net::http::kLastChunk);
  for (std::uint64_t left = behaviour_->extra_bytes; left > 0;) {
    const std::uint64_t bytes = std::min(left, kOpaqueBytesPerStep);
    out_.append(opaque_bytes().substr(0, bytes));
    left -= bytes;
  }
}

// --- what happens at a certain byte ---

void Reply::place_break(std::uint64_t at, StepEnd how) {
  if (at < break_.at) break_ = {at, how};
}

void Reply::place_breaks_by_byte() {
  const Behaviour& b = *behaviour_;
  if (b.reset_in_head) place_break(*b.reset_in_head, StepEnd::reset);
  if (b.reset_at_byte) place_break(head_bytes_ + *b.reset_at_byte, StepEnd::reset);
  if (b.close_at_byte) place_break(head_bytes_ + *b.close_at_byte, StepEnd::close);
  if (b.stall_at_byte) place_break(head_bytes_ + *b.stall_at_byte, StepEnd::stall);
}

// Called when out_ ends with the event that was written last.
void Reply::place_breaks_by_event() {
  const Behaviour& b = *behaviour_;
  const std::uint64_t here = generated_ + out_.size();
  if (b.reset_at_event == cursor_.events) place_break(here, StepEnd::reset);
  if (b.close_at_event == cursor_.events) place_break(here, StepEnd::close);
  if (b.stall_at_event == cursor_.events) place_break(here, StepEnd::stall);
}

// Gives out the next piece of what is held; takes a newly generated step in first.
Step Reply::limit(Step step) {
  if (held_at_ == held_.size()) {
    held_.assign(step.bytes).append(step.more);
    held_at_ = 0;
    held_end_ = step.end;
  } else if (behaviour_->drip_bytes_per_second == 0 || handed_out_ < head_bytes_) {
    step.wait = nanos(behaviour_->split_pause_nanos);
  }
  std::uint64_t bytes = held_.size() - held_at_;
  const auto stop_at = [&](std::uint64_t place) {
    if (place > handed_out_) bytes = std::min(bytes, place - handed_out_);
  };
  if (behaviour_->split > 0) bytes = std::min(bytes, behaviour_->split);
  if (behaviour_->split_at) stop_at(*behaviour_->split_at);
  if (const std::uint64_t rate = behaviour_->drip_bytes_per_second; rate > 0) {
    stop_at(head_bytes_);
    if (handed_out_ >= head_bytes_) {
      bytes = std::min(bytes, std::max<std::uint64_t>(rate / kDripsPerSecond, 1));
      step.wait += nanos(1e9 * static_cast<double>(bytes) / static_cast<double>(rate));
    }
  }
  if (break_.at <= handed_out_) {
    bytes = 0;
  } else {
    stop_at(break_.at);
  }
  step.bytes = std::string_view(held_).substr(held_at_, bytes);
  step.more = {};
  held_at_ += bytes;
  handed_out_ += bytes;
  step.end = held_at_ == held_.size() ? held_end_ : StepEnd::go_on;
  if (handed_out_ == break_.at) {
    step.end = break_.how;
    cut_ = true;
  }
  return step;
}

}  // namespace headrace::tools::mock
