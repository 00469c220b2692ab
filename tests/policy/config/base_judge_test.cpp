// A base comes from shared memory or a file: whatever stands there is refused or can be used.
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "core/base_blob.h"
#include "policy/config/config_view.h"
#include "policy/config/effective_yaml.h"
#include "tests/policy/config/base_rows.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

std::vector<std::byte> sample_base() {
  return compile_text(read_source_file("deploy/config/headrace.yaml")).value();
}

// Asks for everything, so that a sanitizer sees every place that a look-up may touch.
void use(const ConfigView& view) {
  (void)effective_yaml(view);
  for (const ApiKey& key : view.keys()) {
    (void)view.find_key(key.digest);
    const Caller caller = view.scopes().caller(key);
    (void)view.scopes().name(key);
    (void)view.scopes().prefix(key);
    (void)view.allows(caller, "gpt-4o");
    std::size_t cursor = 0;
    while (view.next_model(Dialect::openai, caller, cursor) != nullptr) {
    }
    for (const Provider& provider : view.providers())
      (void)view.may_use(caller, provider);
    for (const Route& route : view.routes())
      (void)view.find_target(caller, route);
    (void)view.find_passthrough(caller, "POST", "/v1/audio/speech");
  }
  for (const char* model : {"gpt-5", "gpt-x", "claude-x", "fast", ""}) {
    for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini}) {
      (void)view.find_route(dialect, model);
    }
  }
}

TEST(BaseJudge, RefusesEveryTruncation) {
  const auto base = sample_base();
  for (std::size_t bytes = 0; bytes < base.size(); bytes += 3) {
    const std::vector<std::byte> part(base.begin(), base.begin() + static_cast<long>(bytes));
    EXPECT_FALSE(ConfigView::open(part)) << bytes;
  }
}

TEST(BaseJudge, RefusesFlippedBits) {
  auto base = sample_base();
  for (std::size_t bit = 0; bit < base.size() * 8; bit += 5) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    base[bit / 8] ^= mask;
    EXPECT_FALSE(ConfigView::open(base)) << bit;
    base[bit / 8] ^= mask;
  }
  EXPECT_TRUE(ConfigView::open(base));
}

// The checksum is no signature: what was changed and signed anew must still be harmless.
TEST(BaseJudge, SignedGarbageIsRefusedOrHarmless) {
  const auto good = sample_base();
  std::mt19937_64 random(42);
  int refused = 0;
  int taken = 0;
  for (int round = 0; round < 6000; ++round) {
    auto base = good;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      // Behind the header, so that not all are refused for the same reason.
      const std::size_t at = sizeof(core::BlobHeader) + random() % (base.size() - 64 - 8);
      static constexpr std::uint64_t kValues[] = {0, 1, 0x7f, 0xff, 0x80000000, 0xffffffff};
      const std::uint64_t value =
          random() % 2 == 0 ? random() : kValues[random() % std::size(kValues)];
      std::memcpy(base.data() + at, &value, 1 + random() % 8);
    }
    sign_base(base);
    if (const auto view = ConfigView::open(base)) {
      ++taken;
      use(*view);
    } else {
      ++refused;
      EXPECT_TRUE(view.error().starts_with("the config base is not usable: ")) << view.error();
    }
  }
  EXPECT_GT(refused, 500);
  EXPECT_GT(taken, 500);
}

// One change for each kind of fact that is judged.
TEST(BaseJudge, RefusesEachFactThatDoesNotHold) {
  struct Case {
    const char* what;
    void (*change)(const BaseRows&);
  };
  constexpr auto kSettings = TableKind::settings;
  const Case cases[] = {
      {"text outside",
       [](const BaseRows& rows) { rows.row<Tenant>(TableKind::tenants).name.offset = 1U << 30; }},
      {"text that wraps",
       [](const BaseRows& rows) { rows.row<Tenant>(TableKind::tenants).name.bytes = ~0U; }},
      {"control character",
       [](const BaseRows& rows) {
         rows.row<char>(TableKind::strings,
                        rows.row<Provider>(TableKind::providers).host_field.offset) = '\r';
       }},
      {"number out of bounds",
       [](const BaseRows& rows) { rows.row<Settings>(kSettings).http.head_bytes_max = 0; }},
      {"not a power of two",
       [](const BaseRows& rows) { rows.row<Settings>(kSettings).io.small_buffers = 3; }},
      {"switch without a name",
       [](const BaseRows& rows) { rows.row<Settings>(kSettings).shards.pin = Switch{2}; }},
      {"dialect without a name",
       [](const BaseRows& rows) { rows.row<Provider>(TableKind::providers).dialect = Dialect{9}; }},
      {"scheme without a name",
       [](const BaseRows& rows) { rows.row<Provider>(TableKind::providers).scheme = Scheme{7}; }},
      {"auth without a name",
       [](const BaseRows& rows) { rows.row<Provider>(TableKind::providers).auth = AuthStyle{9}; }},
      {"credential too short to be sealed",
       [](const BaseRows& rows) {
         rows.row<Provider>(TableKind::providers).credential.bytes = 27;
       }},
      {"range outside",
       [](const BaseRows& rows) { rows.row<Provider>(TableKind::providers).edits = {0, 1}; }},
      {"range that wraps",
       [](const BaseRows& rows) { rows.row<Route>(TableKind::routes).models = {1, ~0U}; }},
      {"route without targets",
       [](const BaseRows& rows) { rows.row<Route>(TableKind::routes).targets.count = 0; }},
      {"route to another dialect",
       [](const BaseRows& rows) { rows.row<Route>(TableKind::routes).dialect = Dialect::gemini; }},
      {"target outside",
       [](const BaseRows& rows) { rows.row<Target>(TableKind::targets).provider = 3; }},
      {"model of no route",
       [](const BaseRows& rows) { rows.row<ModelName>(TableKind::model_names).route = 4; }},
      {"pattern of no route",
       [](const BaseRows& rows) { rows.row<ModelPattern>(TableKind::model_patterns).route = 4; }},
      {"key of no tenant",
       [](const BaseRows& rows) { rows.row<ApiKey>(TableKind::keys).tenant = 1; }},
      {"key with a name outside",
       [](const BaseRows& rows) { rows.row<ApiKey>(TableKind::keys).name.offset = 1U << 30; }},
      {"key of no project",
       [](const BaseRows& rows) { rows.row<ApiKey>(TableKind::keys).project = RowRef::to(0); }},
      {"key of no user",
       [](const BaseRows& rows) { rows.row<ApiKey>(TableKind::keys).user = RowRef::to(7); }},
      {"key without rights",
       [](const BaseRows& rows) { rows.row<ApiKey>(TableKind::keys).rights = 1; }},
      {"rights with a range outside",
       [](const BaseRows& rows) { rows.row<Rights>(TableKind::rights).models = {0, 1}; }},
      {"tenant of no organisation",
       [](const BaseRows& rows) {
         rows.row<Tenant>(TableKind::tenants).organisation = RowRef::to(0);
       }},
      {"tenant without weight",
       [](const BaseRows& rows) { rows.row<Tenant>(TableKind::tenants).weight = 0; }},
      {"language without a name",
       [](const BaseRows& rows) { rows.row<Tenant>(TableKind::tenants).language = Language{9}; }},
      {"slot outside",
       [](const BaseRows& rows) {
         for (std::size_t i = 0; i < 4; ++i) {
           rows.row<HashSlot>(TableKind::tenant_slots, i).row_plus_one = 2;
         }
       }},
      {"slots without an empty one",
       [](const BaseRows& rows) {
         for (std::size_t i = 0; i < 4; ++i) {
           rows.row<HashSlot>(TableKind::tenant_slots, i).row_plus_one = 1;
         }
       }},
      {"key written nowhere",
       [](const BaseRows& rows) { rows.row<std::uint32_t>(TableKind::written_keys) = 1; }},
  };
  const auto good = sample_base();
  for (const Case& one : cases) {
    auto base = good;
    one.change(BaseRows(base));
    ASSERT_NE(base, good) << one.what;
    sign_base(base);
    EXPECT_FALSE(ConfigView::open(base)) << one.what;
  }
}

// Copies all tables but one, or gives one another version.
std::vector<std::byte> rebuilt(const std::vector<std::byte>& base, TableKind kind, bool drop) {
  auto copy = base;
  core::BlobHeader header;
  std::memcpy(&header, copy.data(), sizeof header);
  auto* entries = reinterpret_cast<core::TableEntry*>(copy.data() + sizeof header);
  for (std::uint32_t i = 0; i < header.table_count; ++i) {
    if (entries[i].kind != static_cast<std::uint32_t>(kind)) continue;
    if (drop) {
      std::memmove(entries + i, entries + i + 1,
                   (header.table_count - i - 1) * sizeof(core::TableEntry));
      --header.table_count;
      std::memcpy(copy.data(), &header, sizeof header);
      break;
    }
    entries[i].version = kTableVersion + 1;
  }
  sign_base(copy);
  return copy;
}

TEST(BaseJudge, RefusesOtherVersionsAndMissingTablesThatItNeeds) {
  const auto base = sample_base();
  for (const TableKind kind :
       {TableKind::settings, TableKind::strings, TableKind::keys, TableKind::key_seeds,
        TableKind::key_salt, TableKind::written_keys, TableKind::model_slots}) {
    EXPECT_FALSE(ConfigView::open(rebuilt(base, kind, true))) << static_cast<int>(kind);
    EXPECT_FALSE(ConfigView::open(rebuilt(base, kind, false))) << static_cast<int>(kind);
  }
}

TEST(BaseJudge, SkipsTablesThatItDoesNotKnow) {
  auto base = sample_base();
  core::BlobHeader header;
  std::memcpy(&header, base.data(), sizeof header);
  auto* entries = reinterpret_cast<core::TableEntry*>(base.data() + sizeof(core::BlobHeader));
  // A table of a later version of the program, in the place of one that may as well be absent.
  std::size_t at = 0;
  while (entries[at].kind != static_cast<std::uint32_t>(TableKind::zone_offsets))
    ++at;
  ASSERT_EQ(entries[at].rows, 0U);
  ++entries[at].kind;
  entries[at].version = 9;
  sign_base(base);
  const auto opened = ConfigView::open(base);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->keys().size(), 1U);
}

}  // namespace
}  // namespace headrace::policy::config
