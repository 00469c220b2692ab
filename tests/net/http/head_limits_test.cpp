// Limits of heads at the limit and one beyond, and the work that a head costs however it arrives.
#include "net/http/head_limits.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/net/http/feeding.h"

namespace headrace::net::http {
namespace {

using test::feed;
using test::feed_byte_by_byte;
using test::feed_whole;
using test::Reading;
using test::RequestFeeder;
using test::ResponseFeeder;

const std::string kStart = "GET / HTTP/1.1\r\nHost: a\r\n";

std::string head_with_fields(std::size_t fields) {
  std::string text = kStart;
  for (std::size_t i = 1; i < fields; ++i)
    text += "F" + std::to_string(i) + ": v\r\n";
  return text + "\r\n";
}

std::string head_of_bytes(std::size_t bytes) {
  const std::string name = "X-Padding: ";
  return kStart + name + std::string(bytes - kStart.size() - name.size() - 4, 'p') + "\r\n\r\n";
}

TEST(HeadLimits, HeadBytesAtTheLimitPassAndOneMoreDoesNot) {
  const RequestFeeder feeder{{.head_bytes_max = 300, .line_bytes_max = 1000, .fields_max = 10}};
  EXPECT_EQ(feed(feeder, head_of_bytes(300)).status, HeadStatus::complete);
  EXPECT_EQ(feed(feeder, head_of_bytes(300) + "body").status, HeadStatus::complete);
  EXPECT_EQ(feed(feeder, head_of_bytes(301)).error, ParseError::head_too_large);
  EXPECT_EQ(feed(feeder, head_of_bytes(302)).error, ParseError::head_too_large);
  EXPECT_EQ(feed(feeder, head_of_bytes(500)).error, ParseError::head_too_large);
  EXPECT_EQ(feed(feeder, head_of_bytes(400).substr(0, 299)).status, HeadStatus::incomplete);
  EXPECT_EQ(feed(feeder, head_of_bytes(400).substr(0, 300)).error, ParseError::head_too_large);
  EXPECT_EQ(describe(ParseError::head_too_large).status, 431);
}

TEST(HeadLimits, MayBeLoweredWhileAHeadIsArriving) {
  const std::string text = head_of_bytes(400);
  HeadScan scan;
  const std::string_view part = std::string_view(text).substr(0, 350);
  ASSERT_EQ(scan_head(part, HeadKind::request, {}, scan).status, HeadStatus::incomplete);
  const HeadLimits lower{.head_bytes_max = 100, .line_bytes_max = 50, .fields_max = 1};
  EXPECT_EQ(scan_head(text, HeadKind::request, lower, scan).error, ParseError::head_too_large);
  EXPECT_DEATH(scan_head(part.substr(0, 10), HeadKind::request, {}, scan), "lost bytes");
}

TEST(HeadLimits, NoConfigurationExceedsTheCeiling) {
  const HeadLimits endless{
      .head_bytes_max = UINT32_MAX, .line_bytes_max = UINT32_MAX, .fields_max = UINT32_MAX};
  EXPECT_EQ(feed_whole(RequestFeeder{endless}, head_of_bytes(kHeadBytesMax)).status,
            HeadStatus::complete);
  EXPECT_EQ(feed_whole(RequestFeeder{endless}, head_of_bytes(kHeadBytesMax + 1)).error,
            ParseError::head_too_large);
  EXPECT_EQ(feed_whole(RequestFeeder{endless}, head_with_fields(kFieldsMax)).status,
            HeadStatus::complete);
  EXPECT_EQ(feed_whole(RequestFeeder{endless}, head_with_fields(kFieldsMax + 1)).error,
            ParseError::too_many_fields);
}

TEST(HeadLimits, LinesAtTheLimitPassAndOneMoreDoesNot) {
  const RequestFeeder feeder{{.head_bytes_max = 4000, .line_bytes_max = 50, .fields_max = 10}};
  const auto with_line = [](std::size_t bytes) {
    return kStart + "X: " + std::string(bytes - 3, 'x') + "\r\n\r\n";
  };
  const auto with_target = [](std::size_t bytes) {
    return "GET /" + std::string(bytes - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(feed(feeder, with_line(50)).status, HeadStatus::complete);
  EXPECT_EQ(feed(feeder, with_line(51)).error, ParseError::line_too_long);
  EXPECT_EQ(feed(feeder, with_line(51).substr(0, kStart.size() + 51)).error,
            ParseError::line_too_long);
  EXPECT_EQ(feed(feeder, with_line(52)).error, ParseError::line_too_long);
  EXPECT_EQ(feed(feeder, with_target(50)).status, HeadStatus::complete);
  EXPECT_EQ(feed(feeder, with_target(51)).error, ParseError::request_line_too_long);
  EXPECT_EQ(describe(ParseError::line_too_long).status, 431);
  EXPECT_EQ(describe(ParseError::request_line_too_long).status, 414);
}

TEST(HeadLimits, ALongLineIsNamedBeforeWhatIsWrongBehindItsEnd) {
  const RequestFeeder feeder{{.head_bytes_max = 4000, .line_bytes_max = 50, .fields_max = 10}};
  const std::string line = kStart + "X: " + std::string(47, 'x');
  EXPECT_EQ(feed(feeder, line + "\n").error, ParseError::bare_lf);
  EXPECT_EQ(feed(feeder, line + "\rx").error, ParseError::bare_cr);
  EXPECT_EQ(feed(feeder, line + "x\n").error, ParseError::line_too_long);
  EXPECT_EQ(feed(feeder, line + "xxxxxx\x01").error, ParseError::line_too_long);
}

TEST(HeadLimits, FieldsAtTheLimitPassAndOneMoreDoesNot) {
  const RequestFeeder feeder{{.head_bytes_max = 4000, .line_bytes_max = 50, .fields_max = 7}};
  EXPECT_EQ(feed(feeder, head_with_fields(7)).status, HeadStatus::complete);
  EXPECT_EQ(feed(feeder, head_with_fields(8)).error, ParseError::too_many_fields);
  EXPECT_EQ(feed(feeder, head_with_fields(9)).error, ParseError::too_many_fields);
  EXPECT_EQ(describe(ParseError::too_many_fields).status, 431);
  std::string answer = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 8; ++i)
    answer += "F: v\r\n";
  EXPECT_EQ(feed(ResponseFeeder{feeder.limits}, answer + "\r\n").error,
            ParseError::too_many_fields);
}

// feed_byte_by_byte() fails where bytes that were passed are looked at again.
TEST(HeadLimits, TwoThousandFieldsAreRefusedAtTheLimitAndEachByteIsReadOnce) {
  const Reading reading = feed_byte_by_byte(RequestFeeder{}, head_with_fields(2000));
  EXPECT_EQ(reading.error, ParseError::too_many_fields);
}

TEST(HeadLimits, ALargeHeadOneByteAtATimeIsReadOnce) {
  const HeadLimits wide{.head_bytes_max = 64 * 1024, .line_bytes_max = 1024, .fields_max = 128};
  std::string text = kStart;
  while (text.size() < 9'000)
    text += "X-Padding: " + std::string(900, 'p') + "\r\n";
  text += "\r\n";
  EXPECT_EQ(feed_byte_by_byte(RequestFeeder{wide}, text).status, HeadStatus::complete);
  const std::string answer = "HTTP/1.1 200 OK\r\n" + text.substr(text.find("X-Padding"));
  EXPECT_EQ(feed_byte_by_byte(ResponseFeeder{wide}, answer).status, HeadStatus::complete);
}

// The same without a fresh copy for each byte, at the size that a hostile client would choose.
TEST(HeadLimits, AScanNeverGoesBackMoreThanOneByte) {
  const HeadLimits wide{.head_bytes_max = 64 * 1024, .line_bytes_max = 1024, .fields_max = 128};
  std::string text = kStart;
  while (text.size() < 64'000)
    text += "X-Padding: " + std::string(900, 'p') + "\r\n";
  text += "\r\n";
  HeadScan scan;
  for (std::size_t size = 1; size < text.size(); ++size) {
    const std::size_t before = scan.scanned_bytes;
    ASSERT_EQ(
        scan_head(std::string_view(text).substr(0, size), HeadKind::request, wide, scan).status,
        HeadStatus::incomplete);
    ASSERT_GE(scan.scanned_bytes, before);
    ASSERT_GE(scan.scanned_bytes + 1, size);
  }
}

}  // namespace
}  // namespace headrace::net::http
