// An Io that takes little memory, for tests that make many.
#pragma once

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "core/io.h"

namespace headrace::core {

inline std::unique_ptr<Io> small_io() {
  IoOptions options;
  options.submission_entries = 8;
  options.completion_entries = 64;
  options.small_buffers = 2;
  options.small_buffer_bytes = 1024;
  options.bulk_buffers = 2;
  options.bulk_buffer_bytes = 4096;
  auto io = Io::create(options);
  EXPECT_TRUE(io) << io.error();
  return io ? std::move(*io) : nullptr;
}

}  // namespace headrace::core
