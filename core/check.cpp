#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace headrace::core {

void check_failed(const char* fact, const char* explanation, std::source_location where) noexcept {
  std::fprintf(stderr, "headrace: fatal: %s does not hold%s%s (%s:%u)\n", fact,
               *explanation != '\0' ? ": " : "", explanation, where.file_name(), where.line());
  std::abort();
}

}  // namespace headrace::core
