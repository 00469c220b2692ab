// Options of how much may be asked for, and what it costs: limits, budgets, credits, plans, prices.
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kMeasureNames[] = {"requests", "input_tokens", "output_tokens",
                                              "tokens",   "micro_usd",    "concurrent"};
static_assert(std::size(kMeasureNames) == static_cast<std::size_t>(kLastMeasure) + 1);
constexpr std::string_view kPeriodNames[] = {"second", "minute", "hour", "day", "month", "total"};
static_assert(std::size(kPeriodNames) == static_cast<std::size_t>(kLastPeriod) + 1);
constexpr std::string_view kWindowNames[] = {"by_period", "sliding", "bucket"};
constexpr std::string_view kEachNames[] = {"scope", "tenant", "project", "user", "key"};
constexpr std::string_view kActionNames[] = {"hard", "soft"};
constexpr std::string_view kFailureNames[] = {"closed", "open"};

constexpr auto kCreditMax = static_cast<std::uint64_t>(core::kCreditMax);
constexpr std::string_view kActionHelp =
    "`hard` refuses what is beyond it. `soft` lets it pass, warns and counts it.";
constexpr std::string_view kFailureHelp =
    "What holds while it cannot be told how much is left: nothing passes, or everything.";
constexpr std::string_view kEachHelp =
    "For whom it is counted: the scope that it stands at, or each one below it.";

constexpr auto kLimitRow = &LimitModel::row;
constexpr OptionSpec kLimitOptions[] = {
    otherwise("`requests_per_minute` and the like",
              text<&LimitModel::name>("name", TextRule::identifier, kNameBytesMax,
                                      "By which refusals and headers call it.")),
    required(choice<kLimitRow, &LimitRule::measure>(
        "measure", kMeasureNames, 0,
        "What it counts. `tokens` are input and output, `concurrent` requests at one time.")),
    choice<kLimitRow, &LimitRule::period>(
        "per", kPeriodNames, static_cast<std::uint64_t>(LimitPeriod::minute),
        "Its window. Days and months are those of the tenant's time zone; `total` never ends. Not "
        "for `concurrent`."),
    number<kLimitRow, &LimitRule::value>("value", "", {0, 0, kCreditMax},
                                         "How much a window holds. This or `unlimited`."),
    flag<kLimitRow, &LimitRule::unlimited>(
        "unlimited", false, "No limit: in the place of one that the plan would set."),
    choice<kLimitRow, &LimitRule::window>(
        "window", kWindowNames, 0,
        "`sliding`: never more in any stretch of that length. `bucket`: refills steadily. "
        "`by_period`: bucket for a second, sliding for minute and hour."),
    otherwise("`value`",
              number<kLimitRow, &LimitRule::burst>("burst", "", {0, 0, kCreditMax},
                                                   "What a bucket holds when it is full.")),
    text<&LimitModel::model>("model", TextRule::model_pattern, kModelBytesMax,
                             "Count only what is asked of this model, or of those that begin so "
                             "with a star at the end."),
    choice<kLimitRow, &LimitRule::each>("each", kEachNames, 0, kEachHelp),
    choice<kLimitRow, &LimitRule::action>("action", kActionNames, 0, kActionHelp),
    choice<kLimitRow, &LimitRule::on_failure>("on_failure", kFailureNames, 0, kFailureHelp),
};

constexpr auto kBudgetRow = &BudgetModel::row;
constexpr OptionSpec kBudgetOptions[] = {
    otherwise("`budget_per_month` and the like",
              text<&BudgetModel::name>("name", TextRule::identifier, kNameBytesMax,
                                       "By which refusals and headers call it.")),
    choice<kBudgetRow, &LimitRule::period>(
        "per", kPeriodNames, static_cast<std::uint64_t>(LimitPeriod::month),
        "`day` or `month` of the tenant's time zone, or `total`."),
    required(number<kBudgetRow, &LimitRule::value>("micro_usd", "micro-USD", {0, 0, kCreditMax},
                                                   "How much may be spent.")),
    texts<&BudgetModel::warn_percent>("warn_percent", TextRule::identifier, 3, kWarnings,
                                      "Whoever passes such a share of it is told, and it is "
                                      "counted: `[50, 80, 95]`."),
    choice<kBudgetRow, &LimitRule::each>("each", kEachNames, 0, kEachHelp),
    choice<kBudgetRow, &LimitRule::action>("action", kActionNames, 0, kActionHelp),
    choice<kBudgetRow, &LimitRule::on_failure>("on_failure", kFailureNames, 0, kFailureHelp),
};

constexpr OptionSpec kCreditOptions[] = {
    required(number<&CreditModel::micro_usd>("micro_usd", "micro-USD", {0, 0, kCreditMax},
                                             "How much was paid.")),
    text<&CreditModel::note>("note", TextRule::label, kLabelBytesMax, "Whatever it was paid by."),
};

constexpr OptionSpec kPlanOptions[] = {
    required(text<&PlanModel::name>("name", TextRule::label, kLabelBytesMax,
                                    "By which tenants and keys call it.")),
    otherwise("every model",
              texts<&PlanModel::models>("models", TextRule::model_pattern, kModelBytesMax, 64,
                                        "What may be asked for: names, or beginnings with a "
                                        "star.")),
    records<&PlanModel::limits>("limits", kLimitSection, kLimitsOfAScopeMax,
                                "Of whoever has the plan."),
    records<&PlanModel::budgets>("budgets", kBudgetSection, kLimitsOfAScopeMax,
                                 "Of whoever has the plan."),
};

constexpr auto kPriceRow = &PriceModel::row;
constexpr auto kRates = &Price::rates;
constexpr std::string_view kPerMillion = "micro-USD per million tokens";
template <auto Rate>
constexpr OptionSpec rate(std::string_view name, std::string_view unit, std::string_view help) {
  return number<kPriceRow, kRates, Rate>(name, unit, {0, 0, kRateMicroUsdMax}, help);
}
constexpr OptionSpec kPriceOptions[] = {
    required(text<&PriceModel::provider>("provider", TextRule::identifier, kNameBytesMax,
                                         "Whose price it is.")),
    required(texts<&PriceModel::models>(
        "models", TextRule::model_pattern, kModelBytesMax, 64,
        "As the provider calls them. A star at the end stands for anything; an exact name goes "
        "before a pattern, a longer pattern before a shorter one.")),
    by_default("1970-01-01",
               text<&PriceModel::from>("from", TextRule::identifier, 10,
                                       "The first day, in UTC, on which it holds. The latest one "
                                       "that has begun counts.")),
    choice<kPriceRow, &Price::service_tier>(
        "service_tier", kServiceTierNames, 0,
        "The tier that it holds for, as answers name it (`default` is `standard`). Where a model "
        "has no price of a tier, its standard one holds; a request reserves what its dearest tier "
        "may cost."),
    rate<&PriceRates::in_fresh>("input_micro_usd", kPerMillion, "Input that nothing knew before."),
    otherwise("that of input",
              rate<&PriceRates::in_cache_read>("cached_input_micro_usd", kPerMillion,
                                               "Input that the provider found in its cache.")),
    otherwise("that of input", rate<&PriceRates::in_cache_write_5m>(
                                   "cache_write_micro_usd", kPerMillion,
                                   "Input that the provider keeps, for five minutes or for as "
                                   "long as it does by itself.")),
    otherwise("that of writing for five minutes",
              rate<&PriceRates::in_cache_write_1h>("cache_write_1h_micro_usd", kPerMillion,
                                                   "Input that it keeps for an hour.")),
    otherwise("that of input",
              rate<&PriceRates::in_audio>("audio_input_micro_usd", kPerMillion, "Sound.")),
    otherwise("that of input",
              rate<&PriceRates::in_image>("image_input_micro_usd", kPerMillion, "Images.")),
    rate<&PriceRates::out_text>("output_micro_usd", kPerMillion, "Output."),
    otherwise("that of output",
              rate<&PriceRates::out_reasoning>("reasoning_micro_usd", kPerMillion,
                                               "Output that the client does not see.")),
    otherwise("that of output",
              rate<&PriceRates::out_audio>("audio_output_micro_usd", kPerMillion, "Sound.")),
    otherwise("that of output",
              rate<&PriceRates::out_image>("image_output_micro_usd", kPerMillion, "Images.")),
    rate<&PriceRates::request>("request_micro_usd", "micro-USD", "Each request."),
    rate<&PriceRates::web_search>("web_search_micro_usd", "micro-USD",
                                  "Each search that the provider makes."),
    rate<&PriceRates::web_fetch>("web_fetch_micro_usd", "micro-USD",
                                 "Each page that the provider fetches."),
    rate<&PriceRates::audio_second>("audio_second_micro_usd", "micro-USD",
                                    "Each second of sound, where it is paid by its length."),
    number<kPriceRow, &Price::image_tokens_max>(
        "image_tokens_max", "tokens", {4096, 1, 10'000'000},
        "What one image counts for at most: reserved for each that a request shows."),
};

constexpr OptionSpec kWeightOptions[] = {
    required(text<&WeightModel::path>("path", TextRule::path_pattern, 256,
                                      "A path. `*` stands for one segment, `**` at the end for "
                                      "one or more.")),
    required(number<&WeightModel::requests>("requests", "requests", {1, 0, 1'000'000},
                                            "For how many it counts.")),
};

constexpr OptionSpec kQuotaOptions[] = {
    number<&QuotaModel::row, &QuotaSettings::output_tokens_default>(
        "output_tokens_default", "tokens", {4096, 1, 10'000'000},
        "Under a hard limit on tokens or money an answer must end: the most that one may be long "
        "where the client sets no bound of its own."),
    number<&QuotaModel::row, &QuotaSettings::limits_in_use_max>(
        "limits_in_use_max", "limits", {16'384, 64, 10'000'000},
        "How many limits may have credit out at one time, each of a scope of its own; about 700 "
        "bytes each, taken at the start. Beyond it requests are answered 503. Fixed for the life "
        "of the shared region."),
};

}  // namespace

constinit const SectionSpec kLimitSection = section<LimitModel>("limit", kLimitOptions);
constinit const SectionSpec kBudgetSection = section<BudgetModel>("budget", kBudgetOptions);
constinit const SectionSpec kCreditSection = section<CreditModel>("credit", kCreditOptions);
constinit const SectionSpec kPlanSection = section<PlanModel>("plan", kPlanOptions);
constinit const SectionSpec kPriceSection = section<PriceModel>("price", kPriceOptions);
constinit const SectionSpec kWeightSection = section<WeightModel>("weight", kWeightOptions);
constinit const SectionSpec kQuotaSection = section<QuotaModel>("quota", kQuotaOptions);

}  // namespace headrace::policy::config
