// Reads HTTP/1.1 messages as an unforgiving peer would: whatever the gateway writes must be plain
// and whole. Shares no code with the gateway, so that neither covers up for the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::sim {

struct Message {
  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string head;                                         // all of it, as it came
  std::string body;

  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] std::string value(std::string_view name) const;  // empty: not there
  [[nodiscard]] int status() const;
};

class MessageReader {
 public:
  enum class Side { requests, responses };
  explicit MessageReader(Side side) : side_(side) {}

  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole message. `to_head`: it answers a HEAD request.
  std::optional<Message> next(bool to_head = false);
  // The connection ended: a message that is framed by that is whole now.
  std::optional<Message> finish();

  // Not empty: what came is not HTTP.
  [[nodiscard]] const std::string& error() const { return error_; }
  // The head of the message under way is there; its body so far.
  [[nodiscard]] bool in_body() const { return phase_ != Phase::head; }
  [[nodiscard]] const Message& partial() const { return message_; }
  [[nodiscard]] bool until_close() const { return phase_ == Phase::until_close; }
  [[nodiscard]] std::string rest() const { return buffer_.substr(at_); }
  [[nodiscard]] bool nothing_begun() const {
    return phase_ == Phase::head && at_ == buffer_.size();
  }

 private:
  enum class Phase { head, length, chunk_line, chunk_data, chunk_end, trailers, until_close };

  bool read_head(bool to_head);
  bool read_line(std::string& line);
  void choose_framing(bool to_head);
  void fail(std::string what);

  Side side_;
  Phase phase_ = Phase::head;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
  bool whole_ = false;
  Message message_;
  std::string error_;
};

}  // namespace headrace::sim
