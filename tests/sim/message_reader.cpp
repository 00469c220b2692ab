#include "tests/sim/message_reader.h"

#include <algorithm>
#include <charconv>

namespace headrace::sim {

std::size_t Message::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [&](const auto& field) { return field.first == name; }));
}

std::string Message::value(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? std::string() : found->second;
}

int Message::status() const {
  int status = 0;
  if (start_line.size() >= 12) std::from_chars(&start_line[9], &start_line[12], status);
  return status;
}

void MessageReader::fail(std::string what) {
  if (error_.empty()) error_ = std::move(what);
}

bool MessageReader::read_line(std::string& line) {
  const std::size_t end = buffer_.find('\n', at_);
  if (end == std::string::npos) return false;
  if (end == at_ || buffer_[end - 1] != '\r') {
    fail("a line does not end in CRLF");
    return false;
  }
  line = buffer_.substr(at_, end - 1 - at_);
  at_ = end + 1;
  return true;
}

bool MessageReader::read_head(bool to_head) {
  const std::size_t end = buffer_.find("\r\n\r\n", at_);
  if (end == std::string::npos) return false;
  message_ = {};
  message_.head = buffer_.substr(at_, end + 4 - at_);
  std::string line;
  if (!read_line(message_.start_line)) return false;
  while (read_line(line) && !line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      fail("a field without a name: " + line);
      return false;
    }
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    std::size_t begin = colon + 1;
    while (begin < line.size() && line[begin] == ' ')
      ++begin;
    message_.fields.emplace_back(std::move(name), line.substr(begin));
  }
  if (side_ == Side::responses ? !message_.start_line.starts_with("HTTP/1.1 ")
                               : !message_.start_line.ends_with(" HTTP/1.1")) {
    fail("not a start line: " + message_.start_line);
    return false;
  }
  choose_framing(to_head);
  return error_.empty();
}

void MessageReader::choose_framing(bool to_head) {
  const std::size_t lengths = message_.count("content-length");
  const std::size_t codings = message_.count("transfer-encoding");
  if (lengths + codings > 1) fail("framed more than once");
  const int status = side_ == Side::responses ? message_.status() : 200;
  whole_ = to_head || status < 200 || status == 204 || status == 304;
  if (whole_) return;
  if (codings == 1) {
    if (message_.value("transfer-encoding") != "chunked") fail("an unknown transfer coding");
    phase_ = Phase::chunk_line;
  } else if (lengths == 1) {
    const std::string text = message_.value("content-length");
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), left_);
    if (failed != std::errc() || end != text.data() + text.size()) fail("not a length: " + text);
    phase_ = Phase::length;
  } else if (side_ == Side::requests) {
    whole_ = true;
  } else {
    phase_ = Phase::until_close;
  }
}

std::optional<Message> MessageReader::next(bool to_head) {
  while (error_.empty()) {
    if (phase_ == Phase::head) {
      if (!read_head(to_head)) return std::nullopt;
    }
    std::string line;
    switch (phase_) {
      case Phase::head:
        break;
      case Phase::length:
      case Phase::chunk_data:
      case Phase::until_close: {
        std::size_t take = buffer_.size() - at_;
        if (phase_ != Phase::until_close) take = std::min(take, left_);
        message_.body.append(buffer_, at_, take);
        at_ += take;
        if (phase_ == Phase::until_close) return std::nullopt;
        left_ -= take;
        if (left_ > 0) return std::nullopt;
        if (phase_ == Phase::length) {
          whole_ = true;
        } else {
          phase_ = Phase::chunk_end;
        }
        break;
      }
      case Phase::chunk_line: {
        if (!read_line(line)) return std::nullopt;
        const auto [end, failed] =
            std::from_chars(line.data(), line.data() + line.size(), left_, 16);
        if (failed != std::errc() || end != line.data() + line.size()) {
          fail("not a chunk size: " + line);
        }
        phase_ = left_ == 0 ? Phase::trailers : Phase::chunk_data;
        break;
      }
      case Phase::chunk_end:
        if (!read_line(line)) return std::nullopt;
        if (!line.empty()) fail("bytes behind a chunk: " + line);
        phase_ = Phase::chunk_line;
        break;
      case Phase::trailers:
        if (!read_line(line)) return std::nullopt;
        if (!line.empty()) fail("a trailer: " + line);
        whole_ = true;
        break;
    }
    if (whole_) {
      whole_ = false;
      phase_ = Phase::head;
      buffer_.erase(0, at_);
      at_ = 0;
      return std::move(message_);
    }
  }
  return std::nullopt;
}

std::optional<Message> MessageReader::finish() {
  if (phase_ != Phase::until_close || !error_.empty()) return std::nullopt;
  phase_ = Phase::head;
  return std::move(message_);
}

}  // namespace headrace::sim
