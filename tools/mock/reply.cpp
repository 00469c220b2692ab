#include "tools/mock/reply.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/hash.h"
#include "net/http/chunk_writer.h"
#include "tools/mock/chance.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

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

}  // namespace headrace::tools::mock
