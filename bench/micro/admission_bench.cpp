// What admission costs, from the field with the key to the permits of four limits: whose key, may
// it, which limits hold, and their credit taken. With a million keys of a hundred thousand tenants,
// all limits of all of them in use: a thousand hot keys, and all of them in no order.
//
// The bytes of requests lie in hot buffers, as they do in a shard. Limits and config lie in pages
// of 4 KiB, as where a kernel gives shared memory no others, or in huge ones.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/reserved_memory.h"
#include "policy/config/base_builder.h"
#include "policy/config/config_view.h"
#include "policy/config/option_table.h"
#include "policy/guard.h"
#include "policy/identify.h"
#include "policy/quota/take.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeys = 1'000'000;
constexpr std::size_t kTenants = 100'000;
constexpr std::int64_t kTokens = 700;
constexpr std::string_view kModel = "gpt-4o-mini";
constexpr std::uint64_t kNowUnixSeconds = 1'800'000'000;

std::string key_text(std::size_t number) {
  return "hr-0123456789abcdef0123456789abcdef-" + std::to_string(number);
}

config::LimitModel limit(config::LimitMeasure measure, config::LimitPeriod period,
                         std::uint64_t value) {
  config::LimitModel model;
  model.name.value = "limit";
  model.row.measure = measure;
  model.row.period = period;
  model.row.value = value;
  return model;
}

config::ScopeQuota two_limits(std::uint64_t factor) {
  config::ScopeQuota quota;
  quota.limits = {
      limit(config::LimitMeasure::requests, config::LimitPeriod::minute, factor * 1'000'000),
      limit(config::LimitMeasure::tokens, config::LimitPeriod::day, factor * 1'000'000'000)};
  return quota;
}

std::vector<std::byte> build_base() {
  const config::MasterKey master_key = config::MasterKey::random();
  config::BaseBuilder builder(master_key);
  config::ConfigModel model;
  config::set_defaults(config::config_section(), &model);
  for (std::size_t i = 0; i < kTenants; ++i) {
    config::TenantModel& tenant = model.tenants.emplace_back();
    config::set_defaults(config::section_of("tenants"), &tenant);
    tenant.name.value = "tenant-" + std::to_string(i);
    tenant.quota = two_limits(1000);
  }
  builder.add(model);
  builder.reserve_keys(kKeys);
  const config::ScopeQuota quota = two_limits(1);
  for (std::size_t i = 0; i < kKeys; ++i) {
    const std::string name = "key-" + std::to_string(i);
    const std::string tenant = "tenant-" + std::to_string(i % kTenants);
    builder.add_key({.digest = config::key_digest(key_text(i)),
                     .name = name,
                     .prefix = "hr-0",
                     .tenant = tenant,
                     .rights = {.models = {kModel, "claude-*"}},
                     .quota = &quota});
  }
  return builder.finish();
}

core::ReservedMemory in_pages(std::span<const std::byte> bytes, bool huge) {
  core::ReservedMemory memory("base", bytes.size());
  if (huge) core::prefer_huge_pages(memory.data(), memory.size());
  std::ranges::copy(bytes, memory.data());
  return memory;
}

class Admission {
 public:
  explicit Admission(bool huge_pages) : Admission(build_base(), huge_pages) {}
  Admission(std::span<const std::byte> base, bool huge_pages)
      : base_(in_pages(base, huge_pages)),
        view_(config::ConfigView::open({base_.data(), base.size()}).value()),
        world_({.entries = 4'000'000, .blocks = 1'150'000, .shards = 2, .huge_pages = huge_pages}),
        shard_(world_.shard(0)) {}

  // As the exchange does it, stage by stage.
  bool admit(std::string_view authorization) {
    time_ += 1us;
    const core::LimitTime now = core::limit_time(time_);
    if (shard_->next_tending() <= now.monotonic) shard_->tend(now);
    const Identity identity = identify(view_, nullptr, {.authorization = authorization});
    if (identity.status != IdentifyStatus::known) return false;
    const Caller& caller = identity.caller;
    prefetch_limits(view_, caller, *shard_);
    const HeadFacts head{.method = "POST",
                         .path = "/v1/chat/completions",
                         .endpoint = Endpoint::chat_completions,
                         .now_unix_s = kNowUnixSeconds};
    if (judge_address(view_, caller, head) != GuardRule::none ||
        judge_head(view_, nullptr, caller, head) != GuardRule::none ||
        judge_model(view_, caller, kModel) != GuardRule::none) {
      return false;
    }
    Taken admitted;
    Taken reserved;
    if (take_all(QuotaStage::admit, caller, 1, now, admitted) ||
        take_all(QuotaStage::reserve, caller, kTokens, now, reserved)) {
      return false;
    }
    admitted.permit.settle_as_reserved();
    reserved.permit.settle_as_reserved();
    return true;
  }

  [[nodiscard]] std::size_t base_bytes() const { return base_.size(); }

 private:
  std::optional<QuotaRefusal> take_all(QuotaStage stage, const Caller& caller, std::int64_t amount,
                                       core::LimitTime now, Taken& into) {
    chain_.clear();
    chain_limits(
        {.config = &view_, .windows = &windows_, .stage = stage, .model = kModel, .now = now},
        caller, chain_);
    ChainAmounts amounts;
    amounts.fill(amount);
    return take(*shard_, chain_, amounts, now, into);
  }

  core::ReservedMemory base_;
  config::ConfigView view_;
  core::LimitWorld world_;
  std::unique_ptr<core::ShardLimits> shard_;
  CalendarWindows windows_;
  LimitChain chain_;
  core::Duration time_{};
};

// With every limit of every key and tenant in use. One at a time: it is large.
Admission& busy_admission(bool huge_pages) {
  static std::unique_ptr<Admission> admission;
  static bool huge = false;
  if (!admission || huge != huge_pages) {
    admission.reset();
    admission = std::make_unique<Admission>(huge_pages);
    huge = huge_pages;
    for (std::size_t i = 0; i < kKeys; ++i) {
      if (!admission->admit("Bearer " + key_text(i))) std::abort();
    }
  }
  return *admission;
}

void identify_to_permits(benchmark::State& state) {
  Admission& admission = busy_admission(state.range(1) != 0);
  std::vector<std::uint32_t> order(kKeys);
  for (std::uint32_t i = 0; i < kKeys; ++i)
    order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937_64(42));
  order.resize(static_cast<std::size_t>(state.range(0)));
  std::array<std::string, 64> fields;
  std::size_t at = 0;
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(fields.size()))) {
    state.PauseTiming();
    for (std::string& field : fields) {
      field = "Bearer " + key_text(order[at]);
      if (++at == order.size()) at = 0;
    }
    state.ResumeTiming();
    for (const std::string& field : fields) {
      if (!admission.admit(field)) std::abort();
    }
  }
  state.counters["base_bytes"] = static_cast<double>(admission.base_bytes());
}
BENCHMARK(identify_to_permits)
    ->ArgNames({"hot", "huge_pages"})
    ->Args({1000, 0})
    ->Args({kKeys, 0})
    ->Args({1000, 1})
    ->Args({kKeys, 1});

}  // namespace
}  // namespace headrace::policy
