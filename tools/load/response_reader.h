// Reads responses from a connection's bytes, by the gateway's own parser.
//
// Pure: bytes in, one thing at a time out.
// Lifetime: one per connection; views hold until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "net/http/body_decoder.h"
#include "net/http/response_head.h"

namespace headrace::tools::load {

enum class ResponsePart : std::uint8_t {
  need_more,
  head,      // status() and so on hold; interim heads are not told
  data,      // data(): body bytes
  complete,  // the response has ended
  bad,       // error() says why
};

class ResponseReader {
 public:
  // `scratch` is shared by all readers of a thread.
  explicit ResponseReader(net::http::ResponseHead& scratch) : head_(scratch) {}

  // Before each response.
  void expect(net::http::Method request_method);
  // Takes bytes from the front of `input`.
  ResponsePart feed(std::span<const std::byte>& input);
  // The connection has ended. Whether the response ended with it as its framing says.
  bool end_of_stream();

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool event_stream() const { return event_stream_; }
  [[nodiscard]] std::span<const std::byte> data() const { return data_; }
  [[nodiscard]] net::http::ParseError error() const { return error_; }
  // Nothing of the response has come yet.
  [[nodiscard]] bool untouched() const { return untouched_; }

 private:
  enum class State : std::uint8_t { head, body, complete, bad };
  ResponsePart feed_head(std::span<const std::byte>& input);

  net::http::ResponseHead& head_;
  net::http::HeadScan scan_;
  net::http::BodyDecoder decoder_;
  net::http::Method method_ = net::http::Method::get;
  net::http::ParseError error_ = net::http::ParseError::none;
  State state_ = State::head;
  bool untouched_ = true;
  bool keep_alive_ = true;
  bool event_stream_ = false;
  int status_ = 0;
  std::string partial_head_;
  std::span<const std::byte> data_;
};

}  // namespace headrace::tools::load
