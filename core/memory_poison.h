// Tells the address sanitizer which parts of a pool nobody may touch, so that a use after giving
// back is found as it would be on the heap. Does nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define HEADRACE_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEADRACE_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(HEADRACE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

namespace headrace::core {

inline void poison_memory([[maybe_unused]] const void* address,
                          [[maybe_unused]] std::size_t bytes) {
#if defined(HEADRACE_ADDRESS_SANITIZER)
  __asan_poison_memory_region(address, bytes);
#endif
}

inline void unpoison_memory([[maybe_unused]] const void* address,
                            [[maybe_unused]] std::size_t bytes) {
#if defined(HEADRACE_ADDRESS_SANITIZER)
  __asan_unpoison_memory_region(address, bytes);
#endif
}

}  // namespace headrace::core
