#include "policy/messages/language_wish.h"

#include <gtest/gtest.h>

#include "tests/policy/messages/own_catalogues.h"

namespace headrace::policy {
namespace {

struct Case {
  std::string_view field;
  std::string_view chosen;         // for a tenant that speaks English
  std::string_view chosen_french;  // for one that speaks French
};

// RFC 9110 section 12.5.4, RFC 4647 section 3.4.
TEST(LanguageWish, ChoosesByQualityAndWildcard) {
  const OwnCatalogues own;
  const Case cases[] = {
      {"", "en", "fr"},
      {"de", "de", "de"},
      {"DE", "de", "de"},
      {"de-CH", "de", "de"},
      {"de-Latn-CH-1996", "de", "de"},
      {"ja", "en", "fr"},
      {"ja, de", "de", "de"},
      {"da, en-gb;q=0.8, en;q=0.7", "en", "en"},
      {"fr;q=0.5, de;q=0.9, es", "es", "es"},
      {"fr;q=0.5,de;q=0.501", "de", "de"},
      {"de, fr", "de", "de"},
      {"fr, de", "fr", "fr"},
      {"de;q=0.3, de-AT;q=0.9, fr;q=0.5", "de", "de"},
      // The wildcard stands for what no other range means.
      {"*", "en", "fr"},
      {"*;q=0.5, de;q=0.4", "en", "fr"},
      {"*;q=0.5, de;q=0.6", "de", "de"},
      {"de, *", "de", "de"},
      {"*, de", "de", "de"},
      {"en;q=0.1, *", "de", "fr"},
      {"fr;q=0.1, *", "en", "en"},
      {"en;q=0.1, fr;q=0.1, de;q=0.1, *", "es", "es"},
      {"en;q=0.1, fr;q=0.2, de;q=0.1, es;q=0.1, *", "fr", "fr"},
      // Refused.
      {"de;q=0", "en", "fr"},
      {"de;q=0, de-CH", "en", "fr"},
      {"de-CH, de;q=0", "en", "fr"},
      {"de-CH;q=0, de", "de", "de"},
      {"en;q=0, *;q=0.1", "de", "fr"},
      {"fr;q=0, *", "en", "en"},
      {"*;q=0", "en", "fr"},
      {"*;q=0, de;q=0.001", "de", "de"},
      // Nothing acceptable: answered all the same.
      {"en;q=0, fr;q=0, de;q=0, es;q=0", "en", "fr"},
      // White space and empty elements.
      {" ,\t, de ;\tq=0.5\t, ", "de", "de"},
      {",,,", "en", "fr"},
      // What is not well-formed is passed over.
      {"de;q=1.001, es;q=0.1", "es", "es"},
      {"de;q=0.1234, es;q=0.1", "es", "es"},
      {"de;q=.5, es;q=0.1", "es", "es"},
      {"de;q=, es;q=0.1", "es", "es"},
      {"de;q, es;q=0.1", "es", "es"},
      {"de;, es;q=0.1", "es", "es"},
      {"de;q=2, es;q=0.1", "es", "es"},
      {"de;q=0.5;x=1, es;q=0.1", "es", "es"},
      {"de;Q=0.5, es;q=0.1", "de", "de"},
      {"de;q=1., es;q=0.1", "de", "de"},
      {"de_DE, es;q=0.1", "es", "es"},
      {"de-, es;q=0.1", "es", "es"},
      {"-de, es;q=0.1", "es", "es"},
      {"de-123456789, es;q=0.1", "es", "es"},
      {"d3, es;q=0.1", "es", "es"},
      {"*-CH, es;q=0.1", "es", "es"},
      {"\xff, es;q=0.1", "es", "es"},
  };
  for (const Case& one : cases) {
    const LanguageWish wish(own.all(), one.field);
    EXPECT_EQ(own.all().tag(wish.choose(own.all(), Language::english)), one.chosen) << one.field;
    EXPECT_EQ(own.all().tag(wish.choose(own.all(), own.language("fr"))), one.chosen_french)
        << one.field;
  }
}

TEST(LanguageWish, ReadsSoManyRangesAndNoMore) {
  const OwnCatalogues own;
  for (const bool within : {true, false}) {
    std::string field;
    for (std::size_t i = 1; i < LanguageWish::kRangesMax + (within ? 0 : 1); ++i)
      field += "ja,";
    const LanguageWish wish(own.all(), field + "de");
    EXPECT_EQ(own.all().tag(wish.choose(own.all(), Language::english)), within ? "de" : "en");
  }
}

TEST(LanguageWish, TakesANamedLanguageForCertain) {
  const OwnCatalogues own;
  for (const std::string_view tag : {"de", "DE", "de-CH"}) {
    const auto wish = LanguageWish::named(own.all(), tag);
    ASSERT_TRUE(wish) << tag;
    EXPECT_EQ(wish->choose(own.all(), own.language("fr")), own.language("de"));
  }
  for (const std::string_view tag : {"", "*", "ja", "de;q=1", "de,fr", "de%2D", "-", "de "}) {
    EXPECT_FALSE(LanguageWish::named(own.all(), tag)) << tag;
  }
  EXPECT_EQ(LanguageWish().choose(own.all(), own.language("es")), own.language("es"));
}

}  // namespace
}  // namespace headrace::policy
