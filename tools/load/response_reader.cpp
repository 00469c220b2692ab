#include "tools/load/response_reader.h"

#include "net/http/text.h"

namespace headrace::tools::load {
namespace {

namespace http = net::http;

constexpr http::HeadLimits kLimits{
    .head_bytes_max = 128 * 1024, .line_bytes_max = 64 * 1024, .fields_max = http::kFieldsMax};
constexpr std::string_view kEventStream = "text/event-stream";

}  // namespace

void ResponseReader::expect(http::Method request_method) {
  method_ = request_method;
  state_ = State::head;
  untouched_ = true;
  status_ = 0;
  scan_ = {};
  partial_head_.clear();
  error_ = http::ParseError::none;
}

ResponsePart ResponseReader::feed(std::span<const std::byte>& input) {
  data_ = {};
  if (state_ == State::head) return feed_head(input);
  if (state_ == State::bad) return ResponsePart::bad;
  if (state_ == State::complete) return ResponsePart::complete;
  const http::ChunkStep step = decoder_.next(input);
  input = input.subspan(step.consumed);
  switch (step.status) {
    case http::ChunkStatus::data:
      data_ = step.data;
      return ResponsePart::data;
    case http::ChunkStatus::need_more:
      return ResponsePart::need_more;
    case http::ChunkStatus::done:
      state_ = State::complete;
      return ResponsePart::complete;
    case http::ChunkStatus::bad:
      break;
  }
  error_ = step.error;
  state_ = State::bad;
  return ResponsePart::bad;
}

ResponsePart ResponseReader::feed_head(std::span<const std::byte>& input) {
  for (;;) {
    if (!input.empty()) untouched_ = false;
    const std::size_t before = partial_head_.size();
    std::string_view bytes = http::as_text(input);
    if (before > 0) {
      partial_head_.append(bytes);
      bytes = partial_head_;
    }
    const auto result = http::parse_response_head(bytes, kLimits, method_, head_, scan_);
    if (result.status == http::HeadStatus::incomplete) {
      if (before == 0) partial_head_.assign(bytes);
      input = {};
      return ResponsePart::need_more;
    }
    if (result.status == http::HeadStatus::bad) {
      error_ = result.error;
      state_ = State::bad;
      return ResponsePart::bad;
    }
    input = input.subspan(result.consumed - before);
    scan_ = {};
    if (head_.interim()) {
      partial_head_.clear();
      continue;
    }
    break;
  }
  status_ = head_.status;
  keep_alive_ = head_.keep_alive;
  const std::string_view type = head_.fields.value(http::FieldId::content_type);
  event_stream_ = http::equals_ignoring_case(type.substr(0, kEventStream.size()), kEventStream);
  decoder_ = http::BodyDecoder(head_.framing, head_.content_length);
  state_ = State::body;
  return ResponsePart::head;
}

bool ResponseReader::end_of_stream() {
  const bool complete =
      state_ == State::body && decoder_.framing() == http::BodyFraming::until_close;
  if (complete) state_ = State::complete;
  return complete;
}

}  // namespace headrace::tools::load
