#include "core/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

TEST(Error, TellsItsTableRow) {
  const Error error(ErrorCode::upstream_gap_timeout);
  EXPECT_EQ(error.fault(), Fault::upstream);
  EXPECT_TRUE(error.retryable());
  EXPECT_EQ(error.name(), "upstream_gap_timeout");
  EXPECT_EQ(error.text(), "upstream_gap_timeout: the upstream's answer paused for too long");
  EXPECT_EQ(Error(ErrorCode::upstream_reset, 104).text(),
            "upstream_reset: the upstream reset the connection (104)");
  EXPECT_EQ(Error(ErrorCode::internal).name(), "internal") << "the last row";
}

TEST(Error, TheDownstreamsFaultIsNeverRetried){
#define HEADRACE_EXPECT_ROW(code, fault_of_it, retry, words)            \
  if (Error(ErrorCode::code).fault() == Fault::downstream) {            \
    EXPECT_FALSE(Error(ErrorCode::code).retryable()) << #code;          \
  }                                                                     \
  EXPECT_TRUE(Error(ErrorCode::code).name().starts_with("upstream_") == \
              (Error(ErrorCode::code).fault() == Fault::upstream))      \
      << #code;
    HEADRACE_ERRORS(HEADRACE_EXPECT_ROW)
#undef HEADRACE_EXPECT_ROW
}

TEST(Error, BlamesAnErrnoOnWhoeverCausedIt) {
  const struct {
    int error_number;
    ErrorCode upstream;
    ErrorCode downstream;
  } cases[] = {
      {ECONNREFUSED, ErrorCode::upstream_refused, ErrorCode::internal},
      {ENOENT, ErrorCode::upstream_refused, ErrorCode::internal},
      {ECONNRESET, ErrorCode::upstream_reset, ErrorCode::downstream_reset},
      {EPIPE, ErrorCode::upstream_reset, ErrorCode::downstream_reset},
      {ETIMEDOUT, ErrorCode::upstream_connect_timeout, ErrorCode::downstream_timeout},
      {EHOSTUNREACH, ErrorCode::upstream_unreachable, ErrorCode::downstream_timeout},
      {EMFILE, ErrorCode::descriptors_exhausted, ErrorCode::descriptors_exhausted},
      {ENFILE, ErrorCode::descriptors_exhausted, ErrorCode::descriptors_exhausted},
      {ENOBUFS, ErrorCode::buffers_exhausted, ErrorCode::buffers_exhausted},
      {EINVAL, ErrorCode::internal, ErrorCode::internal},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(upstream_error_from_errno(test.error_number),
              Error(test.upstream, test.error_number));
    EXPECT_EQ(downstream_error_from_errno(test.error_number),
              Error(test.downstream, test.error_number));
  }
}

}  // namespace
}  // namespace headrace::core
