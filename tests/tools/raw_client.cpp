#include "tests/tools/raw_client.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/socket_address.h"
#include "net/http/text.h"

namespace headrace::tools::test {

std::string RawResponse::field(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (net::http::equals_ignoring_case(line.substr(0, colon), name)) {
      return std::string(net::http::trim_white_space(line.substr(colon + 1)));
    }
  }
  return {};
}

RawClient::RawClient(const std::string& address) {
  const auto parsed = core::SocketAddress::parse(address);
  if (!parsed) std::abort();
  socket_ = ::socket(parsed->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket_, parsed->native(), parsed->native_length()) != 0) std::abort();
}

RawClient::~RawClient() {
  close();
}

void RawClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void RawClient::half_close() const {
  ::shutdown(socket_, SHUT_WR);
}

void RawClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawClient::read_more(int timeout_ms) {
  if (end_ == RawEnd::closed || end_ == RawEnd::reset) return false;
  pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, timeout_ms) <= 0) {
    end_ = RawEnd::timed_out;
    return false;
  }
  char bytes[65536];
  const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count == 0) end_ = RawEnd::closed;
  if (count < 0) end_ = RawEnd::reset;
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

RawResponse RawClient::receive(int timeout_ms) {
  RawResponse response;
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(timeout_ms)) return response;
  }
  response.head = buffer_.substr(0, head_end + 4);
  buffer_.erase(0, head_end + 4);
  response.status = std::atoi(response.head.c_str() + 9);
  if (response.status < 200) {
    response.complete = true;
    return response;
  }
  if (response.field("transfer-encoding") == "chunked") {
    for (;;) {
      std::size_t line_end = 0;
      while ((line_end = buffer_.find("\r\n")) == std::string::npos) {
        if (!read_more(timeout_ms)) return response;
      }
      std::size_t size = 0;
      std::from_chars(buffer_.data(), buffer_.data() + line_end, size, 16);
      while (buffer_.size() < line_end + 2 + size + 2) {
        if (!read_more(timeout_ms)) {
          response.body += buffer_.substr(std::min(line_end + 2, buffer_.size()), size);
          return response;
        }
      }
      response.body += buffer_.substr(line_end + 2, size);
      buffer_.erase(0, line_end + 2 + size + 2);
      if (size == 0) break;
    }
    response.complete = true;
    return response;
  }
  const std::string length = response.field("content-length");
  const std::size_t wanted = length.empty() ? SIZE_MAX : std::strtoull(length.c_str(), nullptr, 10);
  while (buffer_.size() < wanted && read_more(timeout_ms)) {
  }
  response.body = buffer_.substr(0, std::min(wanted, buffer_.size()));
  buffer_.erase(0, response.body.size());
  response.complete = length.empty() ? end_ == RawEnd::closed : response.body.size() == wanted;
  return response;
}

std::string RawClient::receive_all(int timeout_ms) {
  while (read_more(timeout_ms)) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::receive_at_least(std::size_t bytes, int timeout_ms) {
  while (buffer_.size() < bytes && read_more(timeout_ms)) {
  }
  return std::exchange(buffer_, {});
}

RawResponse RawClient::get(std::string_view target) {
  send("GET " + std::string(target) + " HTTP/1.1\r\nHost: mock\r\n\r\n");
  return receive();
}

RawResponse RawClient::post(std::string_view target, std::string_view body,
                            std::string_view further_headers) {
  send("POST " + std::string(target) +
       " HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n" +
       std::string(further_headers) + "Content-Length: " + std::to_string(body.size()) +
       "\r\n\r\n" + std::string(body));
  return receive();
}

}  // namespace headrace::tools::test
