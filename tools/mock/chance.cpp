#include "tools/mock/chance.h"

#include <xxhash.h>

namespace headrace::tools::mock {

std::uint64_t hash_text(std::uint64_t seed, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

}  // namespace headrace::tools::mock
