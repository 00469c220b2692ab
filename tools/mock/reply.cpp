#include "tools/mock/reply.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/hash.h"
#include "net/http/chunk_writer.h"
#include "tools/event_stamp/event_stamp.h"
#include "tools/mock/chance.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

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

bool has_limits(const Behaviour& b) {
  return b.reset_in_head || b.reset_at_byte || b.reset_at_event || b.close_at_byte ||
         b.close_at_event || b.stall_at_byte || b.stall_at_event || b.drip_bytes_per_second > 0 ||
         b.split > 0 || b.split_at;
}

bool generates(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::openai_chat:
    case Endpoint::openai_completions:
    case Endpoint::openai_responses:
    case Endpoint::anthropic_messages:
    case Endpoint::gemini_generate:
    case Endpoint::gemini_stream:
      return true;
    default:
      return false;
  }
}

bool is_embedding(Endpoint endpoint) {
  return endpoint == Endpoint::openai_embeddings || endpoint == Endpoint::gemini_embed ||
         endpoint == Endpoint::gemini_batch_embed;
}

}  // namespace

bool Reply::reads_body(const RequestInfo& info) {
  const Behaviour& behaviour = *info.behaviour;
  return takes_body(info.route.endpoint) && !behaviour.body_bytes && !behaviour.early &&
         behaviour.hostile == Hostile::none;
}

void Reply::restart(const RequestInfo& info) {
  info_ = &info;
  behaviour_ = info.behaviour.get();
  kind_ = Kind::whole;
  phase_ = Phase::start;
  status_ = behaviour_->status < 400 ? behaviour_->status : 200;
  limited_ = has_limits(*behaviour_);
  planned_ = cut_ = false;
  content_type_ = kJson;
  id_ = world_.random.next();
  cursor_.restart();
  memo_.reset();
  body_.clear();
  opaque_left_ = head_bytes_ = generated_ = handed_out_ = 0;
  next_wait_ = {};
  held_.clear();
  held_at_ = 0;
  held_end_ = StepEnd::go_on;
  break_ = {};
}

void Reply::begin(const RequestInfo& info, std::string_view body) {
  restart(info);
  if (behaviour_->reset_reused && info.number_on_connection > 1) {
    limited_ = true;
    place_break(0, StepEnd::reset);
  }
  const Dialect dialect = info.route.dialect;
  if (!is_authorized(info, world_.keys)) {
    return refuse(ErrorKind::authentication, status_of(ErrorKind::authentication, dialect));
  }
  if (behaviour_->hostile != Hostile::none) {
    kind_ = Kind::hostile;
    return;
  }
  if (fails_by_chance()) {
    const bool by_status = behaviour_->status >= 400;
    const ErrorKind kind = behaviour_->error.value_or(error_of_status(behaviour_->status));
    return refuse(kind, by_status ? behaviour_->status : status_of(kind, dialect));
  }
  if (behaviour_->body_bytes) {
    kind_ = Kind::opaque;
    opaque_left_ = *behaviour_->body_bytes;
    content_type_ = "application/octet-stream";
    return;
  }
  if (info.route.endpoint == Endpoint::unknown) {
    return refuse(ErrorKind::not_found, 404, "Unknown path: " + info.path);
  }
  if (!info.route.method_matches) {
    return refuse(ErrorKind::invalid_request, 405, "Not allowed to " + info.method + " this path.");
  }
  answer_honestly(body);
}

void Reply::begin_admin(const RequestInfo& info, int status, std::string body) {
  restart(info);
  status_ = status;
  answer_with_body(std::move(body), kJson);
}

void Reply::begin_bad_request(const RequestInfo& info, std::string_view why) {
  restart(info);
  refuse(ErrorKind::invalid_request, 400, why);
}

void Reply::answer_with_body(std::string body, std::string_view content_type) {
  kind_ = Kind::whole;
  body_ = std::move(body);
  content_type_ = content_type;
}

void Reply::refuse(ErrorKind kind, int status, std::string_view message) {
  kind_ = Kind::whole;
  status_ = status;
  body_.clear();
  switch (behaviour_->error_shape) {
    case ErrorShape::empty:
      content_type_ = "text/plain";
      return;
    case ErrorShape::text:
      put(body_, "upstream connect error or disconnect before headers\n");
      content_type_ = "text/plain";
      return;
    case ErrorShape::html:
      put(body_, "<html>\r\n<head><title>", status, "</title></head>\r\n<body><h1>", status,
          "</h1></body>\r\n</html>\r\n");
      content_type_ = "text/html";
      return;
    case ErrorShape::dialect:
      break;
  }
  std::string request_id;
  put(request_id, "req_", Hex{id_});
  put_error_body(
      body_, info_->route.dialect,
      {.kind = kind,
       .status = status,
       .message = message,
       .request_id = request_id,
       .retry_after_ms = static_cast<std::uint64_t>(behaviour_->retry_after_seconds * 1000)});
}

bool Reply::fails_by_chance() {
  if (!behaviour_->error && behaviour_->status < 400) return false;
  if (behaviour_->fail_first > 0) return info_->attempt <= behaviour_->fail_first;
  return behaviour_->error_rate >= 1 ||
         unit_interval(world_.random.next()) < behaviour_->error_rate;
}

void Reply::answer_honestly(std::string_view body) {
  const std::int64_t created = world_.fixed_unix_seconds != 0
                                   ? world_.fixed_unix_seconds
                                   : world_.clock.now().unix_nanos / 1'000'000'000;
  const MemoKey key{.body_hash = core::hash64(body, world_.provider.seed),
                    .target_hash = info_->target_hash,
                    .body_bytes = body.size(),
                    .created_unix_seconds = created,
                    .behaviour = info_->own_behaviour ? nullptr : behaviour_};
  if (find_in_memo(key)) return;
  RequestFacts facts;
  facts.model = info_->route.model;
  if (takes_body(info_->route.endpoint)) {
    auto read = world_.facts.read(info_->route, body);
    if (!read) return refuse(ErrorKind::invalid_request, 400, read.error());
    facts = *read;
  }
  plan_.created_unix_seconds = created;
  plan_answer(world_.provider, info_->route, facts, {key.body_bytes, key.body_hash}, *behaviour_,
              world_.random.next(), plan_);
  planned_ = true;
  if (plan_.stream && generates(plan_.endpoint)) {
    kind_ = Kind::stream;
    content_type_ = plan_.sse ? kEventStream : kJson;
    return;
  }
  put_answer(body_, world_.provider, plan_);
  const bool repeatable = behaviour_->answer_bytes || behaviour_->answer_tokens.is_fixed();
  if (key.behaviour == nullptr || !repeatable) return;
  auto memo = std::make_shared<MemoAnswer>();
  memo->key = key;
  memo->body = body_;
  memo->usage = plan_.usage;
  memo->endpoint = plan_.endpoint;
  world_.memo.put(std::move(memo));
}

bool Reply::find_in_memo(const MemoKey& key) {
  if (key.behaviour == nullptr) return false;
  memo_ = world_.memo.find(key);
  return memo_ != nullptr;
}

std::string_view Reply::whole_body() const {
  return memo_ != nullptr ? std::string_view(memo_->body) : std::string_view(body_);
}

TokenUsage Reply::usage(bool complete) const {
  if (memo_ == nullptr && !planned_) return {};
  const Endpoint endpoint = memo_ != nullptr ? memo_->endpoint : plan_.endpoint;
  if (!generates(endpoint) && !is_embedding(endpoint)) return {};
  TokenUsage usage = memo_ != nullptr ? memo_->usage : plan_.usage;
  if (is_embedding(endpoint)) usage.text = usage.reasoning = 0;
  if (!complete && kind_ == Kind::stream) {
    usage.text = std::min(usage.text, cursor_.output_tokens);
  } else if (!complete && handed_out_ == 0) {
    usage = {};
  }
  return usage;
}

// --- bytes ---------------------------------------------------------------------------------------

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
  }
  step.bytes = out_;
  step.stamped = kind_ == Kind::stream && behaviour_->stamp && !limited_;
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
  if (const double each = static_cast<double>(gap().count()); each > 0) {
    step.wait += nanos(each * static_cast<double>(told.text + told.reasoning) /
                       std::max(behaviour_->tokens_per_event, 1U));
  }
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

void Reply::stamp(std::uint64_t nanos) {
  fill_event_stamps(out_, nanos);
}

core::Duration Reply::gap() {
  if (behaviour_->tokens_per_second > 0) {
    return nanos(1e9 * std::max(behaviour_->tokens_per_event, 1U) / behaviour_->tokens_per_second);
  }
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

// --- what happens at a certain byte
// ---------------------------------------------------------------

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
