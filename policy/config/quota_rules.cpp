#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "core/limits/permit.h"
#include "core/parse_number.h"
#include "policy/config/config_rules.h"
#include "policy/config/named_set.h"
#include "policy/config/quota_names.h"
#include "policy/config/time_zone.h"

namespace headrace::policy::config {
namespace {

// What limits are counted for, from wide to narrow.
enum class Scope : std::uint8_t {
  organisation,
  tenant,
  project,
  user,
  key,
  provider,
  provider_key,
  route,
};
constexpr std::size_t kScopes = 8;

// How many limits of each stage the widest of a kind of scope has.
struct StageCounts {
  std::size_t admit = 0;
  std::size_t reserve = 0;

  void count(const LimitRule& rule) {
    if (rule.unlimited == Switch::on) return;
    const bool admits =
        rule.measure == LimitMeasure::requests || rule.measure == LimitMeasure::concurrent;
    ++(admits ? admit : reserve);
  }
  void widen(const StageCounts& other) {
    admit = std::max(admit, other.admit);
    reserve = std::max(reserve, other.reserve);
  }
};

class QuotaRules {
 public:
  QuotaRules(ConfigModel& model, SecretSource& source, ErrorList& errors)
      : model_(model), source_(source), errors_(errors) {}

  void apply() {
    for (PlanModel& plan : model_.plans) {
      plans_.add(plan.name);
      StageCounts& counts = plan_counts_[plan.name.value];
      judge_limits(plan.limits, std::nullopt, counts);
      judge_budgets(plan.budgets, std::nullopt, counts);
    }
    for (OrganisationModel& organisation : model_.organisations)
      judge(organisation.quota, Scope::organisation);
    for (TenantModel& tenant : model_.tenants) {
      judge(tenant.quota, Scope::tenant);
      find_zone(tenant.time_zone);
    }
    for (ProjectModel& project : model_.projects)
      judge(project.quota, Scope::project);
    for (UserModel& user : model_.users)
      judge(user.quota, Scope::user);
    for (KeyModel& key : model_.keys)
      judge(key.quota, Scope::key);
    for (ProviderModel& provider : model_.providers) {
      StageCounts counts;
      judge_limits(provider.quota.limits, Scope::provider, counts);
      widest_[static_cast<std::size_t>(Scope::provider)].widen(counts);
      for (ProviderKeyModel& key : provider.keys)
        judge_target_limits(key.quota, Scope::provider_key);
    }
    for (RouteModel& route : model_.routes) {
      judge_target_limits(route.quota, Scope::route);
      if (!route.quota.limits.empty() && !route.name.given()) {
        errors_.add(route.place, "a route with limits has no name",
                    "give it a `name`: what was used is found again by it");
      }
    }
    judge_chain();
    judge_prices();
  }

 private:
  void judge_target_limits(ScopeQuota& quota, Scope scope) {
    StageCounts counts;
    judge_limits(quota.limits, scope, counts);
    widest_[static_cast<std::size_t>(scope)].widen(counts);
  }

  void judge(ScopeQuota& quota, Scope scope) {
    StageCounts counts;
    if (quota.plan.given() && plans_.require(quota.plan)) counts = plan_counts_[quota.plan.value];
    judge_limits(quota.limits, scope, counts);
    judge_budgets(quota.budgets, scope, counts);
    std::uint64_t paid = 0;
    for (const CreditModel& credit : quota.credits)
      paid += credit.micro_usd;
    if (paid > static_cast<std::uint64_t>(core::kCreditMax)) {
      errors_.add(quota.credits.front().place, "these credits are more than can be counted",
                  fmt::format("keep their sum to {} micro-USD", core::kCreditMax));
    }
    if (!quota.credits.empty()) ++counts.reserve;
    widest_[static_cast<std::size_t>(scope)].widen(counts);
  }

  // `scope`: where it stands; none: in a plan.
  void judge_limits(std::vector<LimitModel>& limits, std::optional<Scope> scope,
                    StageCounts& counts) {
    std::set<std::tuple<LimitMeasure, LimitPeriod, std::string, LimitEach>> known;
    for (LimitModel& limit : limits) {
      LimitRule& row = limit.row;
      row.origin = LimitOrigin::limit;
      if (row.measure == LimitMeasure::concurrent) {
        constexpr std::string_view kWhy = "counts what runs at one time";
        if (!limit.has("per")) row.period = LimitPeriod::total;
        if (row.period != LimitPeriod::total) refuse(limit, "per", kWhy);
      }
      if (row.unlimited == Switch::on && row.value != 0) {
        refuse(limit, "value", "is unlimited");
      } else if (row.unlimited == Switch::off && !limit.has("value")) {
        errors_.add(limit.place, "the limit has no `value`", "give one, or `unlimited: true`");
      }
      const bool short_window = row.period <= LimitPeriod::hour;
      if (row.window != LimitWindow::by_period && !short_window) {
        refuse(limit, "window", "is of a day or longer, which is a calendar's");
      }
      if (row.burst != 0 && !is_bucket(row)) refuse(limit, "burst", "is no bucket");
      judge_each(limit, row, scope);
      if (limit.name.value.empty()) limit.name.value = usual_name(row);
      if (!known.emplace(row.measure, row.period, limit.model.value, row.each).second) {
        errors_.add(limit.place, "there is another limit for the same measure and window",
                    "keep one of them");
      }
      counts.count(row);
    }
  }

  void judge_budgets(std::vector<BudgetModel>& budgets, std::optional<Scope> scope,
                     StageCounts& counts) {
    for (BudgetModel& budget : budgets) {
      LimitRule& row = budget.row;
      row.origin = LimitOrigin::budget;
      row.measure = LimitMeasure::micro_usd;
      if (row.period <= LimitPeriod::hour) {
        errors_.add(budget.place_of("per"), "a budget is per day, per month or in total",
                    "write `per: day`, `per: month` or `per: total`; a limit may be shorter");
      }
      judge_warnings(budget);
      judge_each(budget, row, scope);
      if (budget.name.value.empty()) budget.name.value = usual_name(row);
      counts.count(row);
    }
  }

  void refuse(const Record& limit, std::string_view option, std::string_view because) {
    errors_.add(limit.place_of(option),
                fmt::format("`{}` does not go with a limit that {}", option, because),
                fmt::format("remove `{}`", option));
  }

  void judge_each(const Record& record, const LimitRule& row, std::optional<Scope> scope) {
    if (row.each == LimitEach::scope) return;
    // LimitEach and Scope name the same from tenant to key.
    const auto each = static_cast<std::uint8_t>(row.each);
    const bool below = scope == std::nullopt ||
                       (*scope < Scope::provider && each > static_cast<std::uint8_t>(*scope));
    if (below) return;
    errors_.add(record.place_of("each"), "`each` must name something below where the limit stands",
                "remove it, or put the limit at a wider scope");
  }

  void judge_warnings(BudgetModel& budget) {
    std::size_t count = 0;
    for (const Text& text : budget.warn_percent) {
      if (text.unknown) return;
      const auto percent = core::parse_decimal(text.value);
      if (!percent || *percent == 0 || *percent > 100) {
        errors_.add(text.place, "`warn_percent` holds what is no share of a budget",
                    "write whole numbers from 1 to 100");
        return;
      }
      budget.row.warn_percent[count++] = static_cast<std::uint8_t>(*percent);
    }
    std::sort(budget.row.warn_percent.begin(),
              budget.row.warn_percent.begin() + static_cast<std::ptrdiff_t>(count));
  }

  // A request takes of its whole chain at once.
  void judge_chain() {
    StageCounts chain;
    for (std::size_t scope = 0; scope < static_cast<std::size_t>(Scope::provider); ++scope) {
      chain.admit += widest_[scope].admit;
      chain.reserve += widest_[scope].reserve;
    }
    // What a target is limited by is taken for each try, whatever the measure.
    std::size_t of_target = 0;
    for (auto scope = static_cast<std::size_t>(Scope::provider); scope < kScopes; ++scope)
      of_target += widest_[scope].admit + widest_[scope].reserve;
    const std::size_t most = std::max({chain.admit, chain.reserve, of_target});
    if (most <= core::kDemandsMax) return;
    errors_.add({}, fmt::format("a request could have {} limits of one kind to keep to", most),
                fmt::format("keep those of all its scopes together to {}: requests and "
                            "concurrency, tokens and money, and all of a route, its provider and "
                            "that one's key",
                            core::kDemandsMax));
  }

  // --- prices ------------------------------------------------------------------------------------
  void judge_prices() {
    std::set<std::tuple<std::string_view, std::string_view, std::int64_t, ServiceTier>> known;
    std::size_t patterns = 0;
    NamedSet providers("provider", errors_);
    for (const ProviderModel& provider : model_.providers) {
      // Those that stand twice are reported where providers are judged.
      if (!providers.has(provider.name.value)) providers.add(provider.name);
    }
    for (PriceModel& price : model_.prices) {
      providers.require(price.provider);
      if (const auto day = parse_day(price.from.value)) {
        price.row.from_unix_seconds = *day;
      } else if (!price.from.unknown) {
        errors_.add(price.from.place, "`from` is no day", "write it as 2026-12-31");
      }
      settle_rates(price);
      for (const Text& model : price.models) {
        if (model.value.ends_with('*') && ++patterns == kPricePatternsMax + 1) {
          errors_.add(model.place,
                      fmt::format("more than {} patterns in prices", kPricePatternsMax),
                      "name models exactly, or use shorter patterns");
        }
        if (!known
                 .emplace(price.provider.value, model.value, price.row.from_unix_seconds,
                          price.row.service_tier)
                 .second) {
          errors_.add(model.place, fmt::format("{} has two prices from the same day", shown(model)),
                      "keep one of them, or say of which `service_tier` each is");
        }
      }
    }
  }

  // Rates that are not given are those of what they are kinds of.
  static void settle_rates(PriceModel& price) {
    PriceRates& rates = price.row.rates;
    const auto otherwise = [&](std::string_view option, std::uint64_t& rate, std::uint64_t whole) {
      if (!price.has(option)) rate = whole;
    };
    otherwise("cached_input_micro_usd", rates.in_cache_read, rates.in_fresh);
    otherwise("cache_write_micro_usd", rates.in_cache_write_5m, rates.in_fresh);
    otherwise("cache_write_1h_micro_usd", rates.in_cache_write_1h, rates.in_cache_write_5m);
    otherwise("audio_input_micro_usd", rates.in_audio, rates.in_fresh);
    otherwise("image_input_micro_usd", rates.in_image, rates.in_fresh);
    otherwise("reasoning_micro_usd", rates.out_reasoning, rates.out_text);
    otherwise("audio_output_micro_usd", rates.out_audio, rates.out_text);
    otherwise("image_output_micro_usd", rates.out_image, rates.out_text);
  }

  // --- time zones --------------------------------------------------------------------------------
  void find_zone(const Text& name) {
    if (name.unknown || name.value == "UTC") return;
    const bool known = std::ranges::any_of(
        model_.zones, [&](const ZoneModel& zone) { return zone.name == name.value; });
    if (known) return;
    ZoneModel& zone = model_.zones.emplace_back();
    zone.name = name.value;
    if (is_time_zone_name(name.value)) {
      if (const auto file = source_.file(time_zone_file(name.value))) {
        auto parsed = parse_time_zone(*file);
        if (parsed) {
          zone.offsets = std::move(*parsed);
          return;
        }
      }
    }
    errors_.add(name.place, fmt::format("there is no time zone {} on this machine", shown(name)),
                "write one of /usr/share/zoneinfo (Debian's tzdata), as `Europe/Berlin`, or `UTC`");
  }

  ConfigModel& model_;
  SecretSource& source_;
  ErrorList& errors_;
  NamedSet plans_{"plan", errors_};
  std::map<std::string, StageCounts> plan_counts_;
  std::array<StageCounts, kScopes> widest_;
};

}  // namespace

void apply_quota_rules(ConfigModel& model, SecretSource& source, ErrorList& errors) {
  QuotaRules(model, source, errors).apply();
}

}  // namespace headrace::policy::config
