// Feeds the same bytes to a head parser whole, in every two pieces, and one byte at a time, and
// holds all of them to one verdict and one reading.
//
// One byte at a time, the bytes that a scan has passed are overwritten before the next call: a
// parser that looked at them again would answer otherwise. So linear work is shown without a clock.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/check.h"
#include "net/http/request_head.h"
#include "net/http/response_head.h"

namespace headrace::net::http::test {

struct Reading {
  HeadStatus status = HeadStatus::incomplete;
  ParseError error = ParseError::none;
  std::size_t consumed = 0;
  std::string head;  // all that was understood, when complete

  friend bool operator==(const Reading&, const Reading&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  const char* const names[] = {"complete", "incomplete", "bad"};
  return out << names[static_cast<int>(reading.status)] << " error "
             << static_cast<int>(reading.error) << " (" << describe(reading.error).message
             << ") consumed " << reading.consumed << "\n"
             << reading.head;
}

inline std::string describe_fields(const FieldTable& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += std::to_string(static_cast<int>(field.id)) + (field.named_by_connection ? "!" : " ");
    text.append(field.name).append(" = [").append(field.value).append("]\n");
  }
  return text;
}

inline std::string describe_head(const RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.target.text).append(" path ").append(head.path());
  text.append(" query ").append(head.query()).append(" host ").append(head.host);
  for (const int number :
       {static_cast<int>(head.method), static_cast<int>(head.version),
        static_cast<int>(head.framing), int{head.keep_alive}, int{head.expect_continue},
        int{head.wants_upgrade}, static_cast<int>(head.target.form), int{head.target.has_query}}) {
    text += " " + std::to_string(number);
  }
  return text + " length " + std::to_string(head.content_length) + "\n" +
         describe_fields(head.fields);
}

inline std::string describe_head(const ResponseHead& head) {
  std::string text = std::to_string(head.status) + " " + std::string(head.reason);
  for (const int number : {static_cast<int>(head.version), static_cast<int>(head.framing),
                           int{head.keep_alive}, int{head.has_content_length}}) {
    text += " " + std::to_string(number);
  }
  return text + " length " + std::to_string(head.content_length) + "\n" +
         describe_fields(head.fields);
}

// Bytes in memory of exactly their size, so that the address sanitizer sees what reads beyond.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text)
      : size_(bounded(text.size())), bytes_(std::make_unique<char[]>(size_)) {
    if (size_ > 0) std::memcpy(bytes_.get(), text.data(), size_);
  }
  [[nodiscard]] std::string_view text() const { return {bytes_.get(), size_}; }
  void overwrite(std::size_t from, std::size_t to) {
    HEADRACE_CHECK(to <= size_);
    if (from < to) std::memset(bytes_.get() + from, 0, to - from);
  }

 private:
  static constexpr std::size_t kBytesMax = std::size_t{1} << 30U;
  // A size that a compiler which sees through everything knows to be no wrapped difference.
  static std::size_t bounded(std::size_t bytes) {
    HEADRACE_CHECK(bytes <= kBytesMax);
    return bytes;
  }

  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

struct RequestFeeder {
  using Head = RequestHead;
  static constexpr std::size_t kAlwaysLookedAt = 0;
  HeadResult parse(std::string_view bytes, Head& head, HeadScan& scan) const {
    return parse_request_head(bytes, limits, head, scan);
  }
  HeadLimits limits;
};

struct ResponseFeeder {
  using Head = ResponseHead;
  static constexpr std::size_t kAlwaysLookedAt = 5;  // "HTTP/"
  HeadResult parse(std::string_view bytes, Head& head, HeadScan& scan) const {
    return parse_response_head(bytes, limits, method, head, scan);
  }
  HeadLimits limits;
  Method method = Method::post;
};

template <class Head>
Reading reading_of(const HeadResult& result, const Head& head) {
  Reading reading{result.status, result.error, result.consumed, {}};
  if (result.status == HeadStatus::complete) reading.head = describe_head(head);
  return reading;
}

template <class Feeder>
Reading feed_whole(const Feeder& feeder, std::string_view text) {
  const ExactBytes bytes(text);
  auto head = std::make_unique<typename Feeder::Head>();
  HeadScan scan;
  const HeadResult result = feeder.parse(bytes.text(), *head, scan);
  return reading_of(result, *head);
}

template <class Feeder>
Reading feed_in_two(const Feeder& feeder, std::string_view text, std::size_t cut) {
  const ExactBytes first(text.substr(0, cut));
  const ExactBytes both(text);
  auto head = std::make_unique<typename Feeder::Head>();
  HeadScan scan;
  HeadResult result = feeder.parse(first.text(), *head, scan);
  if (result.status == HeadStatus::incomplete) result = feeder.parse(both.text(), *head, scan);
  return reading_of(result, *head);
}

template <class Feeder>
Reading feed_byte_by_byte(const Feeder& feeder, std::string_view text) {
  auto head = std::make_unique<typename Feeder::Head>();
  HeadScan scan;
  HeadResult result;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const ExactBytes bytes(text.substr(0, size));
    ExactBytes overwritten(bytes.text());
    overwritten.overwrite(Feeder::kAlwaysLookedAt, scan.scanned_bytes);
    HeadScan scan_of_overwritten = scan;
    const HeadResult blind = feeder.parse(overwritten.text(), *head, scan_of_overwritten);
    result = feeder.parse(bytes.text(), *head, scan);
    if (result.status != HeadStatus::incomplete) return reading_of(result, *head);
    EXPECT_EQ(blind.status, HeadStatus::incomplete)
        << "bytes before " << scan.scanned_bytes << " were looked at again at " << size;
  }
  return reading_of(result, *head);
}

// The one verdict that all ways of feeding agree on.
template <class Feeder>
Reading feed(const Feeder& feeder, std::string_view text) {
  constexpr std::size_t kEveryCutUpTo = 600;
  const Reading whole = feed_whole(feeder, text);
  EXPECT_EQ(feed_byte_by_byte(feeder, text), whole) << "one byte at a time:\n" << text;
  for (std::size_t cut = 0; cut < text.size() && text.size() <= kEveryCutUpTo; ++cut) {
    const Reading in_two = feed_in_two(feeder, text, cut);
    EXPECT_EQ(in_two, whole) << "cut at " << cut << ":\n" << text;
    if (in_two != whole) break;
  }
  return whole;
}

}  // namespace headrace::net::http::test
