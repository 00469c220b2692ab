#include "tools/mock/request_reader.h"

#include <algorithm>

#include "net/http/text.h"
#include "tools/mock/request_facts.h"

namespace headrace::tools::mock {
namespace {

namespace http = net::http;

// A provider takes larger heads than a gateway does.
constexpr http::HeadLimits kLimits{
    .head_bytes_max = 128 * 1024, .line_bytes_max = 64 * 1024, .fields_max = http::kFieldsMax};

}  // namespace

ReadOutcome RequestReader::feed(std::span<std::byte>& input, bool padded) {
  switch (state_) {
    case State::head:
      return feed_head(input);
    case State::body:
      return feed_body(input, padded);
    case State::bad:
      input = {};
      return ReadOutcome::bad;
  }
  return ReadOutcome::bad;
}

ReadOutcome RequestReader::feed_head(std::span<std::byte>& input) {
  if (fresh_) {
    fresh_ = false;
    scan_ = {};
    partial_head_.clear();
    collected_.clear();
    body_ = {};
    body_bytes_ = 0;
  }
  const std::size_t before = partial_head_.size();
  std::string_view bytes = http::as_text(input);
  if (before > 0) {
    partial_head_.append(bytes);
    bytes = partial_head_;
  }
  const http::HeadResult result = http::parse_request_head(bytes, kLimits, head_, scan_);
  switch (result.status) {
    case http::HeadStatus::incomplete:
      if (before == 0) partial_head_.assign(bytes);
      input = {};
      return ReadOutcome::need_more;
    case http::HeadStatus::bad:
      return fail(result.error);
    case http::HeadStatus::complete:
      break;
  }
  head_text_ = bytes.substr(0, result.consumed);
  input = input.subspan(result.consumed - before);
  whole_ = false;
  kept_bytes_max_ = 0;
  decoder_ = http::BodyDecoder(head_.framing, head_.content_length);
  state_ = State::body;
  return ReadOutcome::head;
}

void RequestReader::want_body(bool whole, std::size_t kept_bytes_max) {
  whole_ = whole;
  kept_bytes_max_ = kept_bytes_max;
}

ReadOutcome RequestReader::feed_body(std::span<std::byte>& input, bool padded) {
  for (;;) {
    const http::ChunkStep step = decoder_.next(input);
    input = input.subspan(step.consumed);
    if (whole_ && body_bytes_ + step.data.size() + decoder_.remaining() > kWholeBodyBytesMax) {
      return fail(http::ParseError::content_length_invalid);
    }
    switch (step.status) {
      case http::ChunkStatus::data:
        if (body_bytes_ == 0 && padded && decoder_.complete()) {  // all of it: stays where it is
          body_bytes_ = step.data.size();
          body_ = http::as_text(step.data);
          state_ = State::head;
          fresh_ = true;
          return ReadOutcome::request;
        }
        keep(step.data);
        break;
      case http::ChunkStatus::need_more:
        return ReadOutcome::need_more;
      case http::ChunkStatus::done:
        return complete();
      case http::ChunkStatus::bad:
        return fail(step.error);
    }
  }
}

void RequestReader::keep(std::span<const std::byte> bytes) {
  body_bytes_ += bytes.size();
  const std::size_t room =
      whole_ ? bytes.size() : kept_bytes_max_ - std::min(kept_bytes_max_, collected_.size());
  if (whole_ && collected_.empty() && decoder_.remaining() > 0) {
    collected_.reserve(bytes.size() + decoder_.remaining() + RequestFactsReader::kPadding);
  }
  collected_.append(http::as_text(bytes).substr(0, room));
}

ReadOutcome RequestReader::complete() {
  if (whole_) {
    // Room behind the text, without making it part of the text.
    collected_.reserve(collected_.size() + RequestFactsReader::kPadding);
    body_ = collected_;
  }
  state_ = State::head;
  fresh_ = true;
  return ReadOutcome::request;
}

std::string_view RequestReader::kept_body() const {
  const std::string_view text = body_.empty() ? std::string_view(collected_) : body_;
  return text.substr(0, kept_bytes_max_);
}

ReadOutcome RequestReader::fail(http::ParseError error) {
  state_ = State::bad;
  error_ = error;
  return ReadOutcome::bad;
}

}  // namespace headrace::tools::mock
