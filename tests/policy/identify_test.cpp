#include "policy/identify.h"

#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kKey = "hr-0123456789abcdef";
constexpr std::string_view kOther = "hr-0123456789abcdeg";

config::OpenConfig two_keys() {
  return config::OpenConfig(config::text_of({config::kListeners, "keys:\n  - {name: one, key: ",
                                             kKey, "}\n  - {name: two, key: ", kOther, "}\n"}));
}

TEST(Identify, TakesTheKeyFromWhereverAnSdkPutsIt) {
  const auto config = two_keys();
  const PresentedCredentials cases[] = {
      {.authorization = "Bearer hr-0123456789abcdef"},
      {.authorization = "bearer hr-0123456789abcdef"},
      {.authorization = "BEARER   hr-0123456789abcdef"},
      {.x_api_key = kKey},
      {.x_goog_api_key = kKey},
      {.api_key = kKey},
      {.query_key = kKey},
      {.authorization = "Bearer hr-0123456789abcdef", .x_api_key = kKey, .query_key = kKey},
  };
  for (const PresentedCredentials& presented : cases) {
    const Identity identity = identify(config.view, nullptr, presented);
    ASSERT_EQ(identity.status, IdentifyStatus::known);
    EXPECT_EQ(config.view.scopes().name(*identity.caller.key), "one");
  }
}

TEST(Identify, RefusesWhatDoesNotCount) {
  const auto config = two_keys();
  const std::string too_long(kCredentialBytesMax + 1, 'a');
  struct Case {
    PresentedCredentials presented;
    IdentifyStatus status;
  };
  const Case cases[] = {
      {{}, IdentifyStatus::missing},
      {{.authorization = ""}, IdentifyStatus::malformed},
      {{.authorization = "Bearer"}, IdentifyStatus::malformed},
      {{.authorization = "Bearer "}, IdentifyStatus::malformed},
      {{.authorization = "Basic aHI6eA=="}, IdentifyStatus::malformed},
      {{.authorization = "Bearerhr-0123456789abcdef"}, IdentifyStatus::malformed},
      {{.authorization = "Bearer\thr-0123456789abcdef"}, IdentifyStatus::malformed},
      {{.authorization = "Bearer hr-0123456789abcdef x"}, IdentifyStatus::malformed},
      {{.authorization = kKey}, IdentifyStatus::malformed},
      {{.x_api_key = ""}, IdentifyStatus::malformed},
      {{.x_api_key = "hr-\xc3\xa4"}, IdentifyStatus::malformed},
      {{.query_key = std::string_view("hr\0x", 4)}, IdentifyStatus::malformed},
      {{.x_api_key = too_long}, IdentifyStatus::malformed},
      {{.x_api_key = std::string_view(too_long).substr(1)}, IdentifyStatus::unknown},
      {{.x_api_key = "hr-0123456789abcdeh"}, IdentifyStatus::unknown},
      {{.x_api_key = "hr-0123456789abcde"}, IdentifyStatus::unknown},
      {{.x_api_key = kKey, .repeated = true}, IdentifyStatus::conflicting},
      {{.x_api_key = kKey, .api_key = kOther}, IdentifyStatus::conflicting},
      {{.authorization = "Bearer hr-0123456789abcdef", .query_key = kOther},
       IdentifyStatus::conflicting},
      {{.x_goog_api_key = "unknown-1", .query_key = kKey}, IdentifyStatus::conflicting},
      // A good key does not make up for a bad one.
      {{.authorization = "Basic aHI6eA==", .x_api_key = kKey}, IdentifyStatus::malformed},
      {{.x_api_key = kKey, .query_key = ""}, IdentifyStatus::malformed},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const Identity identity = identify(config.view, nullptr, cases[i].presented);
    EXPECT_EQ(identity.status, cases[i].status) << i;
    EXPECT_EQ(identity.caller.key, nullptr) << i;
  }
}

TEST(Identify, TheGatewaysOwnFieldCountsAndTheRestIsAProviders) {
  const auto config = two_keys();
  const std::string too_long(kCredentialBytesMax + 1, 'a');
  struct Case {
    PresentedCredentials presented;
    IdentifyStatus status;
    IdentifyStatus own_status;
    std::string_view own_key;
  };
  using enum IdentifyStatus;
  const Case cases[] = {
      {{.gateway_key = kKey}, known, missing, ""},
      {{.gateway_key = kKey, .authorization = "Bearer sk-own"}, known, known, "sk-own"},
      {{.gateway_key = kKey, .x_goog_api_key = "own"}, known, known, "own"},
      // An SDK that must send something repeats the gateway's.
      {{.gateway_key = kKey, .x_api_key = kKey}, known, missing, ""},
      {{.gateway_key = kKey, .authorization = "Basic aHI6eA=="}, known, malformed, ""},
      {{.gateway_key = kKey, .x_api_key = "a", .api_key = "b"}, known, conflicting, ""},
      {{.gateway_key = "", .x_api_key = kKey}, malformed, known, kKey},
      {{.gateway_key = too_long, .x_api_key = kKey}, malformed, known, kKey},
      {{.gateway_key = "hr-0123456789abcdeh", .x_api_key = kKey}, unknown, known, kKey},
      {{.gateway_key = kKey, .repeated = true}, conflicting, conflicting, ""},
      // Without it there is no key of the provider's.
      {{.x_api_key = kKey}, known, missing, ""},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const Case& one = cases[i];
    EXPECT_EQ(identify(config.view, nullptr, one.presented).status, one.status) << i;
    const ChosenCredential own = choose_own_key(one.presented);
    EXPECT_EQ(own.status, one.own_status) << i;
    EXPECT_EQ(own.key, one.own_key) << i;
  }
}

}  // namespace
}  // namespace headrace::policy
