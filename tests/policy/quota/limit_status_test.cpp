#include "policy/quota/limit_status.h"

#include "policy/quota/limits_page.h"
#include "policy/quota/quota_refusal_text.h"
#include "tests/policy/quota/quota_world.h"

namespace headrace::policy {
namespace {

using std::chrono::milliseconds;

core::LimitReading reading(std::int64_t limit, std::int64_t remaining, core::Duration full_after) {
  core::LimitReading reading;
  reading.limit = limit;
  reading.remaining = remaining;
  reading.full_after = full_after;
  return reading;
}

QuotaWorld world() {
  return QuotaWorld(tenant_and_key(
      ", limits: [{measure: requests, value: 10}, {measure: requests, per: day, value: 100}, "
      "{measure: tokens, per: month, value: 5000}, {measure: concurrent, value: 3}], "
      "budgets: [{micro_usd: 5}], credits: [{micro_usd: 8}]"));
}

std::string fields(Dialect dialect) {
  QuotaWorld limits = world();
  const LimitChain admit = limits.chain(QuotaStage::admit);
  const LimitChain reserve = limits.chain(QuotaStage::reserve);
  NearestLimits nearest;
  nearest.consider(admit[0], reading(10, 9, milliseconds(61'500)));
  nearest.consider(admit[1], reading(100, 50, milliseconds(3'661'000)));
  nearest.consider(reserve[0], reading(5000, 4000, milliseconds(12)));
  std::array<char, kRateFieldsBytesMax> room;
  return std::string(write_rate_fields(nearest, dialect, limits.view(),
                                       {.unix_nanos = 1'800'000'000'000'000'000}, room));
}

TEST(RateFields, TellOfTheLimitNearestToItsEnd) {
  const std::string common =
      "X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 50\r\nX-RateLimit-Reset: 3661\r\n"
      "RateLimit-Policy: \"requests_per_day\";q=100;w=86400, \"tokens_per_month\";q=5000\r\n"
      "RateLimit: \"requests_per_day\";r=50;t=3661, \"tokens_per_month\";r=4000;t=1\r\n";
  EXPECT_EQ(fields(Dialect::openai),
            common +
                "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 50\r\n"
                "x-ratelimit-reset-requests: 1h1m1s\r\nx-ratelimit-limit-tokens: 5000\r\n"
                "x-ratelimit-remaining-tokens: 4000\r\nx-ratelimit-reset-tokens: 12ms\r\n");
  EXPECT_EQ(fields(Dialect::anthropic),
            common +
                "anthropic-ratelimit-requests-limit: 100\r\n"
                "anthropic-ratelimit-requests-remaining: 50\r\n"
                "anthropic-ratelimit-requests-reset: 2027-01-15T09:01:01Z\r\n"
                "anthropic-ratelimit-tokens-limit: 5000\r\n"
                "anthropic-ratelimit-tokens-remaining: 4000\r\n"
                "anthropic-ratelimit-tokens-reset: 2027-01-15T08:00:01Z\r\n");
  EXPECT_EQ(fields(Dialect::gemini), common);
}

// A request holds all that is left, and will use little of it.
TEST(RateFields, DoNotCountWhatIsOnlyReserved) {
  QuotaWorld limits(tenant_and_key(
      ", limits: [{measure: requests, value: 10}, {measure: tokens, per: month, value: 5000}]"));
  NearestLimits nearest;
  nearest.consider(limits.chain(QuotaStage::admit)[0], reading(10, 9, milliseconds(1)));
  nearest.consider(limits.chain(QuotaStage::reserve)[0], reading(5000, 0, milliseconds(1)), 4500);
  EXPECT_EQ(nearest.tokens.reading.remaining, 4500);
  nearest.spend({.input = 100, .output = 50, .micro_usd = 9});
  EXPECT_EQ(nearest.tokens.reading.remaining, 4350);
  EXPECT_EQ(nearest.requests.reading.remaining, 9) << "a request is used when it is admitted";
  nearest.spend({.input = 5000, .output = 0, .micro_usd = 0});
  EXPECT_EQ(nearest.tokens.reading.remaining, 0);

  // Of a limit in debt the reservation pays that first.
  core::LimitReading in_debt = reading(5000, 0, milliseconds(1));
  in_debt.debt = 300;
  NearestLimits indebted;
  indebted.consider(limits.chain(QuotaStage::reserve)[0], in_debt, 1000);
  EXPECT_EQ(indebted.tokens.reading.remaining, 700);
}

TEST(RateFields, FitTheirRoomWhateverIsInThem) {
  const std::string name(64, 'n');
  QuotaWorld limits(tenant_and_key(", limits: [{measure: requests, value: 1, name: " + name +
                                   "}, {measure: tokens, value: 1, name: " + name + "}]"));
  const core::LimitReading largest =
      reading(core::kCreditMax, core::kCreditMax, core::Duration::max());
  NearestLimits nearest;
  nearest.consider(limits.chain(QuotaStage::admit)[0], largest);
  nearest.consider(limits.chain(QuotaStage::reserve)[0], largest);
  std::array<char, kRateFieldsBytesMax> room;
  for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini})
    EXPECT_FALSE(write_rate_fields(nearest, dialect, limits.view(), {}, room).empty());
  EXPECT_TRUE(write_rate_fields({}, Dialect::openai, limits.view(), {}, room).empty());
}

TEST(RateFields, KnowWhatTellsOfAProvidersAccount) {
  for (const char* name : {"x-ratelimit-limit-requests", "X-RateLimit-Reset",
                           "anthropic-ratelimit-unified-5h-status", "RateLimit", "RateLimit-Policy",
                           "OpenAI-Organization", "openai-project", "anthropic-organization-id"}) {
    EXPECT_TRUE(tells_of_the_account(name)) << name;
  }
  for (const char* name : {"x-request-id", "ratelimits", "x-ratelimit-", "anthropic-version", ""})
    EXPECT_FALSE(tells_of_the_account(name)) << name;
}

TEST(QuotaRefusals, SayWhatIsUsedUpAndWhenToComeBack) {
  QuotaWorld limits = world();
  const LimitChain admit = limits.chain(QuotaStage::admit);
  const LimitChain reserve = limits.chain(QuotaStage::reserve);
  struct Case {
    const ChainedLimit* limit;
    core::RefusalCause cause;
    Reason reason;
    MessageId message;
    std::int64_t retry_after_ms;
  };
  using enum core::RefusalCause;
  const Case cases[] = {
      {&admit[0], spent, Reason::rate_limited, MessageId::limit_requests, 1501},
      {&admit[0], beyond_limit, Reason::rate_limited, MessageId::request_above_limit, -1},
      {&admit[2], spent, Reason::rate_limited, MessageId::limit_concurrent, 1000},
      {&admit[2], beyond_limit, Reason::rate_limited, MessageId::request_above_limit, -1},
      {&reserve[0], spent, Reason::rate_limited, MessageId::limit_tokens, 1501},
      {&reserve[1], spent, Reason::budget_exhausted, MessageId::budget_used_up, -1},
      {&reserve[1], beyond_limit, Reason::budget_exhausted, MessageId::budget_too_small, -1},
      {&reserve[2], spent, Reason::budget_exhausted, MessageId::credit_used_up, -1},
      {&reserve[2], closed, Reason::overloaded, MessageId::budget_unknown, 1000},
      {&admit[0], no_room, Reason::overloaded, MessageId::budget_unknown, 1000},
  };
  for (const Case& one : cases) {
    std::optional<core::Duration> after;
    if (one.cause == spent) after = std::chrono::microseconds(1'500'001);
    const Refusal refusal =
        refusal_of({.limit = one.limit, .cause = one.cause, .retry_after = after}, limits.view());
    EXPECT_EQ(refusal.reason, one.reason);
    EXPECT_EQ(refusal.detail.id, one.message);
    EXPECT_EQ(refusal.retry_after_ms, one.retry_after_ms);
    EXPECT_EQ(refusal.scope, "tenant");
    EXPECT_EQ(refusal.limit, limits.view().text(one.limit->rule->name));
  }
}

// "40 requests each hour" and its like: the number, what is counted, and for how long.
TEST(QuotaRefusals, NameTheMeasureAndTheWindow) {
  using enum MessageId;
  const struct {
    const char* limit;
    QuotaStage stage;
    MessageId message;
    MessageId window;
  } cases[] = {
      {"measure: requests, per: second", QuotaStage::admit, limit_requests, window_second},
      {"measure: requests, per: hour", QuotaStage::admit, limit_requests, window_hour},
      {"measure: input_tokens, per: minute", QuotaStage::reserve, limit_input_tokens,
       window_minute},
      {"measure: output_tokens, per: day", QuotaStage::reserve, limit_output_tokens, window_day},
      {"measure: tokens, per: month", QuotaStage::reserve, limit_tokens, window_month},
      {"measure: micro_usd, per: total", QuotaStage::reserve, limit_money, window_total},
  };
  for (const auto& one : cases) {
    QuotaWorld limits(tenant_and_key(std::string(", limits: [{value: 40, ") + one.limit + "}]"));
    const LimitChain chain = limits.chain(one.stage);
    ASSERT_EQ(chain.size(), 1U) << one.limit;
    const Refusal refusal = refusal_of(
        {.limit = &chain[0], .cause = core::RefusalCause::spent, .retry_after = {}}, limits.view());
    EXPECT_EQ(refusal.detail.id, one.message) << one.limit;
    EXPECT_EQ(refusal.detail.arguments[0].number(), 40U) << one.limit;
    EXPECT_EQ(refusal.detail.arguments[1].message(), one.window) << one.limit;
  }
}

TEST(RateFields, TellTimesAsOpenAiWritesThem) {
  const std::pair<std::int64_t, const char*> cases[] = {{0, "0ms"},
                                                        {999, "999ms"},
                                                        {1000, "1s"},
                                                        {1001, "2s"},
                                                        {59'999, "60s"},
                                                        {60'000, "1m0s"},
                                                        {90'000, "1m30s"},
                                                        {3'599'000, "59m59s"},
                                                        {3'600'000, "1h0m0s"},
                                                        {86'399'000, "23h59m59s"}};
  for (const auto& [after, text] : cases) {
    QuotaWorld limits(tenant_and_key(", limits: [{measure: requests, per: day, value: 10}]"));
    NearestLimits nearest;
    nearest.consider(limits.chain(QuotaStage::admit)[0], reading(10, 9, milliseconds(after)));
    std::array<char, kRateFieldsBytesMax> room;
    const std::string fields(write_rate_fields(nearest, Dialect::openai, limits.view(), {}, room));
    EXPECT_TRUE(fields.contains(std::string("x-ratelimit-reset-requests: ") + text + "\r\n"))
        << fields;
  }
}

TEST(QuotaPages, AreJsonThatClientsRead) {
  EXPECT_EQ(quota_page_of("/v1/headrace/limits"), QuotaPage::limits);
  EXPECT_EQ(quota_page_of("/v1/headrace/usage"), QuotaPage::usage);
  EXPECT_EQ(quota_page_of("/v1/headrace"), QuotaPage::none);
  QuotaWorld limits = world();
  const LimitChain admit = limits.chain(QuotaStage::admit);
  const LimitStatus status{admit[2].rule, admit[2].scope, reading(3, 1, {})};
  std::vector<char> room(4096);
  const auto text = [&](QuotaPage page) {
    const std::size_t bytes = write_quota_page(page, std::span(&status, 1), limits.view(), room);
    return std::string(room.data(), bytes);
  };
  EXPECT_EQ(text(QuotaPage::usage),
            R"({"limits":[{"name":"concurrent","scope":"tenant","measure":"concurrent",)"
            R"("limit":3,"used":2}]})");
  EXPECT_TRUE(text(QuotaPage::limits).contains(R"("remaining":1,"full_after_ms":0,"hard":true)"));
  // It says how much room it needs.
  const std::vector<LimitStatus> most(kLimitsOfACallerMax, status);
  EXPECT_GT(write_quota_page(QuotaPage::limits, most, limits.view(), room), room.size());

  QuotaWorld of_a_model(
      tenant_and_key(", limits: [{measure: tokens, per: day, value: 9, model: \"gpt-*\"},"
                     "{measure: tokens, per: month, value: 9, model: gpt-4o}]"));
  const LimitChain chain = of_a_model.chain(QuotaStage::reserve);
  for (const auto& [at, model] : {std::pair(0U, "gpt-*"), std::pair(1U, "gpt-4o")}) {
    const LimitStatus one{chain[at].rule, chain[at].scope, reading(9, 9, {})};
    const std::size_t bytes =
        write_quota_page(QuotaPage::usage, std::span(&one, 1), of_a_model.view(), room);
    EXPECT_TRUE(
        std::string_view(room.data(), bytes).contains(std::string(R"("model":")") + model + "\""));
  }
}

}  // namespace
}  // namespace headrace::policy
