// The head of an honest answer: status line, the dialect's own fields, rate limits, framing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "net/http/date.h"
#include "tools/mock/request_info.h"

namespace headrace::tools::mock {

enum class BodyEnd : std::uint8_t { length, chunked, close };

struct ReplyHead {
  int status = 200;
  std::string_view content_type = "application/json";
  BodyEnd body_end = BodyEnd::length;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  std::uint64_t id = 0;  // of the provider's own request id
};

// Formats the two kinds of dates that heads hold. One per shard.
class HeadClock {
 public:
  void set(core::WallTime now) { now_ = now; }
  [[nodiscard]] core::WallTime now() const { return now_; }
  std::string_view date() { return date_.at(now_); }
  // "Sun, 06 Nov 1994 08:49:37 GMT", so many seconds from now.
  std::string_view date_after(double seconds);
  // "1994-11-06T08:49:37Z", so many seconds from now.
  [[nodiscard]] std::string rfc3339_after(double seconds) const;

 private:
  core::WallTime now_;
  net::http::DateCache date_;
  net::http::DateCache later_;
};

void put_reply_head(std::string& out, const ReplyHead& head, const RequestInfo& info,
                    HeadClock& clock);
void put_interim_head(std::string& out, int status);

}  // namespace headrace::tools::mock
