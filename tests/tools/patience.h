// How long a test of a whole program waits for what must come. It only ends a test that hangs.
#pragma once

namespace headrace::tools::test {

inline constexpr int kPatienceMs = 60'000;

}  // namespace headrace::tools::test
