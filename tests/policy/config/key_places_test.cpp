// Where keys stand: each has a row of its own, whatever their digests have in common.
#include "policy/config/key_places.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/base_blob.h"
#include "policy/config/base_builder.h"
#include "policy/config/config_view.h"
#include "policy/config/option_table.h"
#include "tests/policy/config/base_rows.h"

namespace headrace::policy::config {
namespace {

void expect_rows_of_their_own(const std::vector<Sha256>& digests) {
  const KeySeeds seeds = find_seeds(digests);
  ASSERT_EQ(seeds.by_group.size(), seeds_for(digests.size()));
  std::set<std::uint32_t> rows;
  for (const Sha256& digest : digests)
    rows.insert(key_place(digest, seeds.salt, seeds.by_group, digests.size()));
  EXPECT_EQ(rows.size(), digests.size());
  EXPECT_TRUE(rows.empty() || *rows.rbegin() == digests.size() - 1);
}

TEST(KeyPlaces, EveryRowIsUsedOnce) {
  for (const std::size_t count : {0U, 1U, 2U, 3U, 4U, 5U, 8U, 9U, 100U, 1000U, 20'000U}) {
    std::vector<Sha256> digests;
    for (std::size_t i = 0; i < count; ++i)
      digests.push_back(key_digest("key " + std::to_string(i)));
    SCOPED_TRACE(count);
    expect_rows_of_their_own(digests);
  }
}

// As somebody writes them who has no key at hand.
TEST(KeyPlaces, DigestsMayBeMostlyTheSame) {
  std::vector<Sha256> repeated;
  for (const char digit : std::string_view("0123456789abcdef"))
    repeated.push_back(parse_digest(std::string(64, digit)).value());
  expect_rows_of_their_own(repeated);
  for (std::size_t byte = 0; byte < sizeof(Sha256); ++byte) {
    std::vector<Sha256> digests(256);
    for (std::size_t value = 0; value < digests.size(); ++value)
      digests[value].bytes[byte] = static_cast<std::uint8_t>(value);
    SCOPED_TRACE(byte);
    expect_rows_of_their_own(digests);
  }
}

// Who may choose keys cannot know beforehand with what salt their digests are hashed.
TEST(KeyPlaces, EveryKeyHasAPartInTheSalt) {
  std::vector<Sha256> digests;
  for (std::size_t i = 0; i < 100; ++i)
    digests.push_back(key_digest("key " + std::to_string(i)));
  std::set<std::uint64_t> salts{find_seeds(digests).salt};
  for (Sha256& digest : digests) {
    digest.bytes[31] ^= 1;
    salts.insert(find_seeds(digests).salt);
  }
  EXPECT_EQ(salts.size(), digests.size() + 1);
}

std::vector<std::byte> base_of_three() {
  const MasterKey master_key = MasterKey::random();
  BaseBuilder builder(master_key);
  ConfigModel model;
  set_defaults(config_section(), &model);
  builder.add(model);
  for (const char* name : {"a", "b", "c"})
    builder.add_key({.digest = key_digest(name), .name = name, .prefix = {}, .tenant = "t"});
  return builder.finish();
}

TEST(KeyPlaces, KeysAreListedAsTheyWereWritten) {
  const auto base = base_of_three();
  const auto view = ConfigView::open(base);
  ASSERT_TRUE(view) << view.error();
  std::string names;
  for (const ApiKey& key : view->keys())
    names += view->scopes().name(key);
  EXPECT_EQ(names, "abc");
}

// Whoever can write a base can hide no key in it, and list none that is not there.
TEST(KeyPlaces, ABaseWhereAKeyIsNotFoundIsRefused) {
  struct Case {
    const char* what;
    void (*change)(const BaseRows&);
  };
  for (const Case& one : {
           Case{"another digest",
                [](const BaseRows& rows) {
                  std::swap(rows.row<ApiKey>(TableKind::keys, 0),
                            rows.row<ApiKey>(TableKind::keys, 1));
                }},
           Case{"the same key twice",
                [](const BaseRows& rows) {
                  rows.row<ApiKey>(TableKind::keys, 0) = rows.row<ApiKey>(TableKind::keys, 1);
                }},
           Case{"written outside",
                [](const BaseRows& rows) {
                  rows.row<std::uint32_t>(TableKind::written_keys, 1) = 3;
                }},
           Case{"written twice",
                [](const BaseRows& rows) {
                  rows.row<std::uint32_t>(TableKind::written_keys, 0) =
                      rows.row<std::uint32_t>(TableKind::written_keys, 1);
                }},
       }) {
    auto base = base_of_three();
    one.change(BaseRows(base));
    sign_base(base);
    EXPECT_FALSE(ConfigView::open(base)) << one.what;
  }
}

}  // namespace
}  // namespace headrace::policy::config
