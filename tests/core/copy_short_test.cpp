#include "core/copy_short.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

TEST(CopyShort, CopiesEveryByteAndTouchesNoOther) {
  std::string from;
  for (int i = 0; i < 200; ++i)
    from.push_back(static_cast<char>('!' + i % 90));
  for (std::size_t bytes = 0; bytes <= from.size(); ++bytes) {
    std::string to(bytes + 2, '\0');
    copy_short(to.data() + 1, from.data(), bytes);
    EXPECT_EQ(to, '\0' + from.substr(0, bytes) + '\0') << bytes;
  }
}

TEST(CopyShort, AsksForNoAddressOfNothing) {
  char to = 'x';
  copy_short(&to, nullptr, 0);
  EXPECT_EQ(to, 'x');
}

}  // namespace
}  // namespace headrace::core
