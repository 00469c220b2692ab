// Facts that we rely on, asserted in production too.
//
// HEADRACE_CHECK(fact) ends the process with the fact, the place and an optional explanation when
// the fact does not hold. It is for our own mistakes only: bytes from outside are parsed, judged
// and answered, never asserted. One fact per check, so that the message names it.
#pragma once

#include <source_location>

namespace headrace::core {

// Prints one line to standard error and aborts. Never returns, never allocates.
[[noreturn]] void check_failed(const char* fact, const char* explanation,
                               std::source_location where) noexcept;

}  // namespace headrace::core

#define HEADRACE_CHECK(fact, ...)                                                             \
  do {                                                                                        \
    if (!(fact)) [[unlikely]]                                                                 \
      ::headrace::core::check_failed(#fact, "" __VA_ARGS__, std::source_location::current()); \
  } while (false)
