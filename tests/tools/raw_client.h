// A blocking TCP client that shows bytes as they come: for tests of servers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "tests/tools/patience.h"

namespace headrace::tools::test {

struct RawResponse {
  int status = 0;  // 0: no complete head came
  std::string head;
  std::string body;       // unframed
  bool complete = false;  // the body ended as its framing says
  [[nodiscard]] std::string field(std::string_view name) const;  // empty where there is none
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

enum class RawEnd { none, closed, reset, timed_out };

class RawClient {
 public:
  // "127.0.0.1:8080" or "unix:/path". Ends the test program where it cannot connect.
  explicit RawClient(const std::string& address);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  void send(std::string_view bytes) const;
  void half_close() const;
  void close();
  // The next response; interim ones are returned like any other.
  RawResponse receive(int timeout_ms = kPatienceMs);
  // Everything until the connection ends or nothing comes for so long.
  std::string receive_all(int timeout_ms = kPatienceMs);
  // So many bytes, or more where they came together, or fewer where no more came.
  std::string receive_at_least(std::size_t bytes, int timeout_ms = kPatienceMs);
  // How the connection ended as far as it was read.
  [[nodiscard]] RawEnd end() const { return end_; }
  // Bytes received beyond the last response.
  [[nodiscard]] const std::string& rest() const { return buffer_; }

  RawResponse get(std::string_view target);
  RawResponse post(std::string_view target, std::string_view body,
                   std::string_view further_headers = {});

 private:
  bool read_more(int timeout_ms);

  int socket_ = -1;
  RawEnd end_ = RawEnd::none;
  std::string buffer_;
};

}  // namespace headrace::tools::test
