#include "policy/messages/catalogue_file.h"

#include <cstring>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "policy/messages/built_in_catalogues.h"

namespace headrace::policy {
namespace {

std::vector<std::byte> french() {
  const auto file = built_in_catalogues()[2];
  return {file.begin(), file.end()};
}

// The file with the first occurrence of a text replaced by one of the same length.
std::vector<std::byte> with(std::string_view text, std::string_view other) {
  auto file = french();
  std::string bytes(reinterpret_cast<const char*>(file.data()), file.size());
  const std::size_t at = bytes.find(text);
  EXPECT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.size(), other.size());
  std::memcpy(file.data() + at, other.data(), other.size());
  return file;
}

TEST(CatalogueFile, RefusesWhatIsNotWhole) {
  const auto file = french();
  ASSERT_TRUE(read_catalogue(file));
  for (std::size_t bytes = 0; bytes < file.size(); ++bytes) {
    EXPECT_FALSE(read_catalogue(std::span(file).first(bytes))) << bytes;
  }
}

TEST(CatalogueFile, SaysWhatIsWrong) {
  struct Case {
    std::string_view text;
    std::string_view other;
    std::string_view why;
  };
  const Case cases[] = {
      {"\xde\x12\x04\x95", "\xde\x12\x04\x96", "it is no MO file of revision 0"},
      {"Language: fr", "Language: FR", "its language is not two or three small letters"},
      {"charset=UTF-8", "charset=UTF-7", "it is not in UTF-8"},
      {"plural=(n > 1)", "plural=(n > 2)", "its plural forms are none that are known"},
      {"key_unknown\4", "key_unknowm\4", "nobody says a message of this name: key_unknowm"},
      {"key_expired\4", "key_revoked\4", "a message stands twice: key_revoked"},
      {"dans {0} secondes", "dans {1} secondes", "the places of a message differ: retry_after"},
      {"dans {0} secondes", "dans {00 secondes", "a brace opens no place"},
      {"dans {0} secondes", "dans {3} secondes", "a brace opens no place"},
      {"dans {0} secondes", "dans  0} secondes", "a closing brace stands alone"},
      {std::string_view("seconde.\0R", 10), "seconde. R", "the wrong number of forms: retry_after"},
      {"\xc3\xa9puis\xc3\xa9", "\xc3\xa9puis\xc3!", "a text is not UTF-8"},
  };
  for (const Case& one : cases) {
    const auto file = read_catalogue(with(one.text, one.other));
    ASSERT_FALSE(file) << one.other;
    EXPECT_TRUE(file.error().starts_with("the message catalogue is not usable: ")) << file.error();
    EXPECT_NE(file.error().find(one.why), std::string::npos) << one.other << ": " << file.error();
  }
}

TEST(CatalogueFile, ReadsNothingBeyondTheFile) {
  const auto good = french();
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    auto file = good;
    // The words that lead somewhere are in front; among them most changes.
    const std::size_t range = random() % 4 == 0 ? file.size() : 28 + 16 * (kMessageCount + 1);
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      file[random() % range] = static_cast<std::byte>(random());
    }
    const auto read = read_catalogue(file);
    EXPECT_TRUE(!read || read->texts.size() == kMessageCount);
  }
}

}  // namespace
}  // namespace headrace::policy
