#include "policy/config/secret_text.h"

#include <gtest/gtest.h>

namespace headrace::policy::config {
namespace {

TEST(SecretText, PutsPiecesBehindWhatIsThere) {
  std::string text = "a";
  append_secret(text, {"", "bc", std::string_view("\0d", 2)});
  EXPECT_EQ(text, std::string("abc\0d", 5));
  append_secret(text, {text, text});
  EXPECT_EQ(text, std::string("abc\0dabc\0dabc\0d", 15)) << "a piece may be the text itself";
}

}  // namespace
}  // namespace headrace::policy::config
