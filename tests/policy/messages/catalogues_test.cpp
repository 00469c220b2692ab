#include "policy/messages/catalogues.h"

#include <set>

#include <gtest/gtest.h>

#include "policy/messages/built_in_catalogues.h"
#include "policy/messages/catalogue_file.h"
#include "tests/policy/messages/own_catalogues.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kLanguages[] = {"en", "de", "fr", "es"};

TEST(Messages, HaveAnEntryWithTheSamePlacesInEveryCatalogue) {
  ASSERT_EQ(built_in_catalogues().size(), std::size(kLanguages));
  EXPECT_GE(kMessageCount, 50U);
  for (std::size_t i = 0; i < std::size(kLanguages); ++i) {
    const auto file = read_catalogue(built_in_catalogues()[i]);
    ASSERT_TRUE(file) << file.error();
    EXPECT_EQ(file->language, kLanguages[i]);
    ASSERT_EQ(file->texts.size(), kMessageCount);
    for (std::size_t id = 0; id < kMessageCount; ++id) {
      const std::string_view called = name(static_cast<MessageId>(id));
      const CatalogueText& text = file->texts[id];
      const CatalogueText& english = file->english[id];
      EXPECT_FALSE(text.one.empty()) << called;
      EXPECT_EQ(places_of(text.one), places_of(english.one)) << called;
      EXPECT_EQ(text.many.empty(), row(static_cast<MessageId>(id)).counted == Counted::no)
          << called;
      EXPECT_TRUE(text.many.empty() || places_of(text.many) == places_of(english.one)) << called;
    }
  }
}

// The English of a message stands in each catalogue, so that its translator sees it.
TEST(Messages, AreTranslatedFromOneEnglish) {
  const auto english = read_catalogue(built_in_catalogues()[0]);
  ASSERT_TRUE(english) << english.error();
  for (const auto file : built_in_catalogues()) {
    const auto other = read_catalogue(file);
    ASSERT_TRUE(other) << other.error();
    std::size_t same = 0;
    for (std::size_t id = 0; id < kMessageCount; ++id) {
      const std::string_view called = name(static_cast<MessageId>(id));
      EXPECT_EQ(other->english[id].one, english->texts[id].one) << called;
      EXPECT_EQ(other->english[id].many, english->texts[id].many) << called;
      if (other->texts[id].one == english->texts[id].one) ++same;
    }
    if (other->language == "en") {
      EXPECT_EQ(same, kMessageCount);
    } else {
      EXPECT_EQ(same, 0U) << other->language << " has English words";
    }
  }
}

TEST(Messages, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t id = 0; id < kMessageCount; ++id) {
    EXPECT_TRUE(names.insert(name(static_cast<MessageId>(id))).second);
  }
}

TEST(Messages, SayNumbersInTheFormThatTheLanguageHas) {
  const OwnCatalogues own;
  struct Case {
    std::string_view language;
    std::uint64_t count;
    std::string_view text;
  };
  const Case cases[] = {
      {"en", 0, "Try again in 0 seconds."},
      {"en", 1, "Try again in 1 second."},
      {"en", 2, "Try again in 2 seconds."},
      {"de", 1, "Versuchen Sie es in 1 Sekunde noch einmal."},
      {"de", 0, "Versuchen Sie es in 0 Sekunden noch einmal."},
      {"fr", 0, "Réessayez dans 0 seconde."},
      {"fr", 1, "Réessayez dans 1 seconde."},
      {"fr", 2, "Réessayez dans 2 secondes."},
      {"es", 1, "Inténtelo de nuevo dentro de 1 segundo."},
      {"es", 18446744073709551615U, "Inténtelo de nuevo dentro de 18446744073709551615 segundos."},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(own.say(one.language, {MessageId::retry_after, one.count}), one.text);
  }
}

TEST(Messages, PutArgumentsWhereTheLanguageWantsThem) {
  const OwnCatalogues own;
  const Message limit(MessageId::limit_requests, 30U, MessageId::window_minute);
  EXPECT_EQ(own.say("en", limit), "The limit of 30 requests per minute is reached.");
  EXPECT_EQ(own.say("de", limit), "Das Limit von 30 Anfragen pro Minute ist erreicht.");
  EXPECT_EQ(own.say("fr", limit), "La limite de 30 requêtes par minute est atteinte.");
  EXPECT_EQ(own.say("es", limit), "Se ha alcanzado el límite de 30 solicitudes por minuto.");
  const Message served(MessageId::served_after, 2U, "acme {0}");
  EXPECT_EQ(own.say("en", served), "Answered by acme {0} after 2 attempts.");
  // What was not given leaves its place empty.
  EXPECT_EQ(own.say("en", MessageId::served_by), "Answered by .");
}

TEST(Messages, AreCutAtACharacter) {
  const OwnCatalogues own;
  const std::string whole = own.say("fr", MessageId::title_budget_exhausted);
  ASSERT_EQ(whole, "Le budget est épuisé");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::array<char, 64> room;
    const std::string_view cut = own.all().write(
        own.language("fr"), MessageId::title_budget_exhausted, std::span<char>(room.data(), size));
    EXPECT_LE(cut.size(), size);
    EXPECT_GE(cut.size() + 3, size);
    EXPECT_TRUE(whole.starts_with(cut));
    EXPECT_TRUE(cut.empty() || static_cast<unsigned char>(cut.back()) != 0xC3) << cut;
  }
}

TEST(Messages, FindACatalogueByItsTag) {
  const OwnCatalogues own;
  EXPECT_EQ(own.all().find("en"), Language::english);
  EXPECT_EQ(own.all().find("DE-ch-1996"), own.language("de"));
  EXPECT_FALSE(own.all().find("d"));
  EXPECT_FALSE(own.all().find("dex"));
  EXPECT_FALSE(own.all().find("ja"));
  EXPECT_FALSE(own.all().find(""));
}

}  // namespace
}  // namespace headrace::policy
