#include "policy/dialect/provider_hints.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "policy/dialect/provider_error.h"
#include "policy/dialect/time_text.h"

namespace headrace::policy {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// 2026-11-27T10:15:00Z
constexpr std::int64_t kNow = 1'795'774'500'000;

ProviderHints hints_of(const Fields& fields) {
  HintReader reader(kNow);
  for (const auto& [name, value] : fields)
    reader.field(name, value);
  return reader.hints();
}

std::optional<RateWindow> window_of(const Fields& fields, Measure measure) {
  return hints_of(fields).windows[static_cast<std::size_t>(measure)];
}

TEST(TimeText, ReadsDurationsAsGoPrintsThem) {
  const std::pair<const char*, std::int64_t> good[] = {
      {"12ms", 12},
      {"6m0s", 360'000},
      {"1s", 1'000},
      {"1h2m3.5s", 3'723'500},
      {"0s", 0},
      {"0", 0},
      {"59.56s", 59'560},
      {"2m59.56s", 179'560},
      {"34.074824224s", 34'075},
      {"1.2ms", 2},
      {"999us", 1},
      {"1ns", 1},
      {"277h", 997'200'000},
      {"1.5h", 5'400'000},
  };
  for (const auto& [text, ms] : good)
    EXPECT_EQ(parse_unit_duration(text), ms) << text;
  for (const char* bad : {"", "s", "1", "-1s", "+1s", " 1s", "1s ", "1.s", ".5s", "1s1m", "1s1s",
                          "1e3s", "1d", "1234567s", "278h", "1.0000000000s", "1ms2", "0x1s"}) {
    EXPECT_FALSE(parse_unit_duration(bad)) << bad;
  }
}

TEST(TimeText, ReadsSecondsAndDates) {
  EXPECT_EQ(parse_seconds("30"), 30'000);
  EXPECT_EQ(parse_seconds("33011.382867"), 33'011'383);
  EXPECT_EQ(parse_seconds("0.0001"), 1);
  for (const char* bad : {"", ".", "1.", ".5", "-1", "1e3", "inf", "nan", "12345678901", "1 "})
    EXPECT_FALSE(parse_seconds(bad)) << bad;
  EXPECT_EQ(parse_rfc3339("2026-11-27T10:15:00Z"), kNow);
  EXPECT_EQ(parse_rfc3339("2026-11-27t11:15:00.25+01:00"), kNow + 250);
  EXPECT_EQ(parse_rfc3339("2026-11-27T04:45:00-05:30"), kNow);
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59Z"), -1'000);
  for (const char* bad :
       {"", "2026-11-27", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-27T24:00:00Z",
        "2026-11-27T10:15:00", "2026-11-27 10:15:00Z", "2026-11-27T10:15:00+0100",
        "2026-11-27T10:15:00Zx", "2026-11-27T1:15:00Z", "2026-11-27T10:15:00.Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
  EXPECT_EQ(parse_http_date("Fri, 27 Nov 2026 10:15:00 GMT"), kNow);
  for (const char* bad : {"Fri, 27 Nov 2026 10:15:00", "Friday, 27-Nov-26 10:15:00 GMT",
                          "Fri Nov 27 10:15:00 2026", "Fri, 31 Nov 2026 10:15:00 GMT",
                          "fri, 27 nov 2026 10:15:00 gmt", "Fri, 7 Nov 2026 10:15:00 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(ProviderHints, ReadsOpenAi) {
  const Fields fields{{"x-ratelimit-limit-requests", "60"},
                      {"X-RateLimit-Remaining-Requests", "59"},
                      {"x-ratelimit-reset-requests", "1s"},
                      {"x-ratelimit-limit-tokens", "150000"},
                      {"x-ratelimit-remaining-tokens", "149984"},
                      {"x-ratelimit-reset-tokens", "6m0s"},
                      {"openai-processing-ms", "12"}};
  EXPECT_EQ(window_of(fields, Measure::requests), (RateWindow{59, 1'000}));
  EXPECT_EQ(window_of(fields, Measure::tokens), (RateWindow{149'984, 360'000}));
  EXPECT_FALSE(hints_of(fields).retry_after_ms);
}

TEST(ProviderHints, TakesTheTighterOfSeveralWindows) {
  Fields fields{{"x-ratelimit-remaining-requests-day", "14399"},
                {"x-ratelimit-reset-requests-day", "33011.382867"},
                {"x-ratelimit-remaining-requests-minute", "7"},
                {"x-ratelimit-reset-requests-minute", "11.5"}};
  EXPECT_EQ(window_of(fields, Measure::requests), (RateWindow{7, 11'500}));
  fields[0].second = "0";
  EXPECT_EQ(window_of(fields, Measure::requests), (RateWindow{0, 33'011'383}));
  fields[2].second = "0";
  EXPECT_EQ(window_of(fields, Measure::requests), (RateWindow{0, 33'011'383})) << "the later reset";
}

TEST(ProviderHints, ResetsMayBeUnixTime) {
  const auto reset = [](const std::string& value) {
    return window_of({{"x-ratelimit-remaining-tokens", "5"}, {"x-ratelimit-reset-tokens", value}},
                     Measure::tokens)
        .value_or(RateWindow{})
        .reset_ms;
  };
  EXPECT_EQ(reset("1795774530"), 30'000U);
  EXPECT_EQ(reset("1795774530500"), 30'500U);
  EXPECT_EQ(reset("1795774400"), 0U) << "long past";
  EXPECT_EQ(reset("2026-11-27T10:16:00Z"), 60'000U);
  EXPECT_EQ(reset("9795774530"), 86'400'000U) << "no further ahead than a day";
}

TEST(ProviderHints, BelievesNothingOfWhatAzureDoesNotKnow) {
  const auto known = [](const char* limit, const char* remaining, const char* reset) {
    Fields fields{{"x-ratelimit-limit-requests", limit},
                  {"x-ratelimit-remaining-requests", remaining}};
    if (reset[0] != '\0') fields.emplace_back("x-ratelimit-reset-requests", reset);
    return window_of(fields, Measure::requests).has_value();
  };
  EXPECT_TRUE(known("10", "0", "5s"));
  EXPECT_FALSE(known("10", "-1", "5s"));
  EXPECT_FALSE(known("-1", "0", "5s"));
  EXPECT_FALSE(known("0", "0", "5s"));
  EXPECT_FALSE(known("10", "0", ""));
  EXPECT_FALSE(known("10", "0", "0"));
  EXPECT_FALSE(known("10", "many", "5s"));
}

TEST(ProviderHints, ReadsAnthropic) {
  const Fields fields{{"anthropic-ratelimit-requests-limit", "50"},
                      {"anthropic-ratelimit-requests-remaining", "49"},
                      {"anthropic-ratelimit-requests-reset", "2026-11-27T10:15:02Z"},
                      {"anthropic-ratelimit-input-tokens-remaining", "0"},
                      {"anthropic-ratelimit-input-tokens-reset", "2026-11-27T10:15:30Z"},
                      {"anthropic-ratelimit-output-tokens-remaining", "8000"},
                      {"anthropic-ratelimit-output-tokens-reset", "2026-11-27T10:16:00Z"},
                      {"retry-after", "30"}};
  EXPECT_EQ(window_of(fields, Measure::requests), (RateWindow{49, 2'000}));
  EXPECT_EQ(window_of(fields, Measure::input_tokens), (RateWindow{0, 30'000}));
  EXPECT_EQ(window_of(fields, Measure::output_tokens), (RateWindow{8'000, 60'000}));
  EXPECT_EQ(hints_of(fields).retry_after_ms, 30'000U);
}

TEST(ProviderHints, ReadsAnthropicsSubscriptions) {
  Fields fields{{"anthropic-ratelimit-unified-status", "allowed"},
                {"anthropic-ratelimit-unified-reset", "1795776300"},
                {"anthropic-ratelimit-unified-5h-status", "rejected"},
                {"anthropic-ratelimit-unified-5h-reset", "1795776300"}};
  EXPECT_EQ(window_of(fields, Measure::requests), (RateWindow{0, 1'800'000}));
  fields[2].second = "allowed_warning";
  EXPECT_FALSE(window_of(fields, Measure::requests));
}

TEST(ProviderHints, ReadsWhenToComeAgain) {
  const std::pair<const char*, std::uint32_t> good[] = {{"1", 1'000},
                                                        {"0.5", 500},
                                                        {"2.0001", 2'001},
                                                        {"Fri, 27 Nov 2026 10:15:07 GMT", 7'000},
                                                        {"Fri, 27 Nov 2026 10:14:00 GMT", 0},
                                                        {"9999999999", 86'400'000}};
  for (const auto& [value, ms] : good)
    EXPECT_EQ(hints_of({{"Retry-After", value}}).retry_after_ms, ms) << value;
  for (const char* bad : {"", "soon", "-1", "1s", "1e9"})
    EXPECT_FALSE(hints_of({{"retry-after", bad}}).retry_after_ms) << bad;
  EXPECT_EQ(hints_of({{"retry-after", "2"}, {"retry-after-ms", "1500.2"}}).retry_after_ms, 1'501U);
  EXPECT_EQ(hints_of({{"retry-after-ms", "20"}, {"retry-after", "1"}}).retry_after_ms, 20U);
  EXPECT_EQ(hints_of({{"x-should-retry", "false"}}).should_retry, false);
  EXPECT_EQ(hints_of({{"x-should-retry", "true"}}).should_retry, true);
  EXPECT_FALSE(hints_of({{"x-should-retry", "perhaps"}}).should_retry);
}

TEST(ProviderHints, KeepsBoundedManyWindows) {
  HintReader reader(kNow);
  for (int i = 0; i < 100; ++i) {
    const std::string suffix = "-" + std::to_string(i);
    reader.field("x-ratelimit-remaining-requests" + suffix, std::to_string(100 + i));
    reader.field("x-ratelimit-reset-requests" + suffix, "1s");
  }
  reader.field(std::string(5'000, 'x'), "1");
  reader.field("x-ratelimit-reset-requests-" + std::string(40, 'x'), "1s");
  EXPECT_EQ(reader.hints().windows[0], (RateWindow{100, 1'000}));
}

ProviderErrorReader error_of(std::string_view body) {
  ProviderErrorReader reader;
  reader.start();
  reader.feed(std::as_bytes(std::span(body)));
  return reader;
}

TEST(ProviderError, TellsAUsedUpAccountFromABusyOne) {
  EXPECT_TRUE(error_of(R"({"error":{"message":"m","type":"insufficient_quota","param":null,
                           "code":"insufficient_quota"}})")
                  .account_spent());
  EXPECT_TRUE(error_of(R"({"type":"error","error":{"type":"billing_error","message":"m"}})")
                  .account_spent());
  EXPECT_FALSE(
      error_of(R"({"error":{"type":"tokens","code":"rate_limit_exceeded"}})").account_spent());
  EXPECT_FALSE(error_of(R"({"error":{"message":"insufficient_quota"}})").account_spent());
  EXPECT_FALSE(error_of(R"({"choices":[{"code":"insufficient_quota"}]})").account_spent());
  EXPECT_TRUE(error_of(R"({"type":"error","error":{"type":"overloaded_error"}})").overloaded());
}

TEST(ProviderError, ReadsGeminisRetryDelay) {
  const std::string body =
      R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
          {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]},
          {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}})";
  EXPECT_EQ(error_of(body).retry_after_ms(), 34'075U);
  EXPECT_EQ(error_of("[" + body + "]").retry_after_ms(), 34'075U);
  EXPECT_FALSE(error_of(R"({"error":{"details":[{"retryDelay":"soon"}]}})").retry_after_ms());
  EXPECT_FALSE(error_of("<html>503</html>").retry_after_ms());
  ProviderErrorReader pieces;
  pieces.start();
  for (const char& c : body)
    pieces.feed(std::as_bytes(std::span(&c, 1)));
  EXPECT_EQ(pieces.retry_after_ms(), 34'075U);
}

}  // namespace
}  // namespace headrace::policy
