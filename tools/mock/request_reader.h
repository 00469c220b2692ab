// Reads requests from a connection's bytes: heads by the gateway's own parser, bodies of either
// framing, put together whole where somebody wants to read them.
//
// Pure: bytes in, at most one outcome out. Where a request lies whole in the bytes given, nothing
// is copied; otherwise what has come so far is kept here.
// Lifetime: one per connection. Views hold until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "net/http/body_decoder.h"
#include "net/http/request_head.h"

namespace headrace::tools::mock {

enum class ReadOutcome : std::uint8_t {
  need_more,  // all bytes were taken
  head,       // head() and head_text() hold until the next call; call want_body() now
  request,    // the body is complete: body()
  bad,        // error() says why; nothing more can be read
};

// A longer body that is wanted whole is refused.
inline constexpr std::uint64_t kWholeBodyBytesMax = 256 * 1024 * 1024;

class RequestReader {
 public:
  // `scratch` is shared by all readers of a shard.
  explicit RequestReader(net::http::RequestHead& scratch) : head_(scratch) {}

  // Takes bytes from the front of `input`. `padded`: kBufferPadding bytes behind it may be read.
  ReadOutcome feed(std::span<std::byte>& input, bool padded);

  [[nodiscard]] const net::http::RequestHead& head() const { return head_; }
  [[nodiscard]] std::string_view head_text() const { return head_text_; }
  // Whether body() will be asked for, and how much of the body to keep at all events.
  void want_body(bool whole, std::size_t kept_bytes_max);

  // With padding behind it, as RequestFactsReader needs; empty where it was not wanted whole.
  [[nodiscard]] std::string_view body() const { return body_; }
  // The beginning of the body, whether it was wanted whole or not.
  [[nodiscard]] std::string_view kept_body() const;
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }
  [[nodiscard]] net::http::ParseError error() const { return error_; }
  [[nodiscard]] bool body_complete() const { return state_ == State::head; }

 private:
  enum class State : std::uint8_t { head, body, bad };

  ReadOutcome feed_head(std::span<std::byte>& input);
  ReadOutcome feed_body(std::span<std::byte>& input, bool padded);
  void keep(std::span<const std::byte> bytes);
  ReadOutcome complete();
  ReadOutcome fail(net::http::ParseError error);

  net::http::RequestHead& head_;
  net::http::HeadScan scan_;
  net::http::BodyDecoder decoder_;
  State state_ = State::head;
  bool whole_ = false;
  bool fresh_ = true;  // the next byte begins a request
  net::http::ParseError error_ = net::http::ParseError::none;
  std::size_t kept_bytes_max_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::string partial_head_;
  std::string collected_;  // of the body
  std::string_view head_text_;
  std::string_view body_;
};

}  // namespace headrace::tools::mock
