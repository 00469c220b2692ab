// The bytes of the requests that one target is sent, made before the load begins.
//
// Threads: built once, read by all.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/method.h"
#include "tools/load/options.h"
#include "tools/load/target.h"

namespace headrace::tools::load {

class RequestSource {
 public:
  // Reads the body files. The error is words for the user.
  static std::expected<RequestSource, std::string> make(const Target& target,
                                                        const LoadOptions& options);

  struct Parts {
    std::string_view head;  // its last line open: a request id and the empty line follow
    std::string_view body;
  };
  [[nodiscard]] Parts request(std::uint64_t number) const {
    const Request& request = requests_[number % requests_.size()];
    return {request.head, request.body};
  }
  [[nodiscard]] bool request_ids() const { return request_ids_; }
  [[nodiscard]] net::http::Method method() const { return method_; }
  // Of one request, head included.
  [[nodiscard]] std::size_t bytes() const {
    return requests_[0].head.size() + requests_[0].body.size();
  }

 private:
  struct Request {
    std::string head;
    std::string body;
  };
  std::vector<Request> requests_;
  net::http::Method method_ = net::http::Method::post;
  bool request_ids_ = false;
};

// A request of about `bytes` bytes that the endpoint at `path` understands.
std::string generate_body(std::string_view path, const RequestOptions& options, std::uint64_t seed);

}  // namespace headrace::tools::load
