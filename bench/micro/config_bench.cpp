// What a request asks of its config: whose key, which route, may it, and the whole of identify; at
// a thousand hot keys and spread over a million. And what a reload costs: compile, build, open.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "policy/config/base_builder.h"
#include "policy/config/compile.h"
#include "policy/config/config_view.h"
#include "policy/config/option_table.h"
#include "policy/identify.h"
#include "tests/policy/config/no_secrets.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [{address: "127.0.0.1:8080"}]
providers:
  - {name: a, dialect: openai, url: "https://a.example/v1", credential: abc}
routes:
  - {models: [gpt-4o, gpt-4o-mini, "gpt-*", "o3*"], targets: [{provider: a}]}
keys:
  - {name: one, key: hr-0123456789abcdef, models: [gpt-4o, gpt-4o-mini, "o*"]}
passthrough:
  - {path: "/v1/audio/*", provider: a}
)";

std::vector<std::byte> compile_small() {
  NoSecrets source;
  return compile(kConfig, "bench.yaml", source, MasterKey::random()).value();
}

std::string key_name(std::size_t index) {
  return "hr-key-" + std::to_string(index);
}

std::vector<std::byte> build(std::size_t keys, const std::vector<Sha256>& digests) {
  const MasterKey master_key = MasterKey::random();
  BaseBuilder builder(master_key);
  ConfigModel model;
  set_defaults(config_section(), &model);
  builder.add(model);
  builder.reserve_keys(keys);
  for (std::size_t i = 0; i < keys; ++i) {
    const std::string name = key_name(i);
    builder.add_key({.digest = digests[i],
                     .name = name,
                     .prefix = "hr-key",
                     .tenant = "tenant-" + std::to_string(i % 100'000),
                     .rights = {.models = {"gpt-4o", "claude-*"}}});
  }
  return builder.finish();
}

struct ManyKeys {
  explicit ManyKeys(std::size_t count) {
    digests.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      digests.push_back(key_digest(key_name(i)));
    base = build(count, digests);
    view = ConfigView::open(base).value();
  }
  std::vector<Sha256> digests;
  std::vector<std::byte> base;
  ConfigView view;
};

const ManyKeys& many_keys(std::size_t count) {
  static std::unique_ptr<ManyKeys> keys;
  if (!keys || keys->digests.size() != count) keys = std::make_unique<ManyKeys>(count);
  return *keys;
}

void find_key(benchmark::State& state) {
  const auto hot = static_cast<std::size_t>(state.range(0));
  const auto count = static_cast<std::size_t>(state.range(1));
  const ManyKeys& keys = many_keys(count);
  // In no order that a cache could guess.
  std::vector<Sha256> asked = keys.digests;
  std::shuffle(asked.begin(), asked.end(), std::mt19937_64(42));
  asked.resize(hot);
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(keys.view.find_key(asked[at]));
    if (++at == asked.size()) at = 0;
  }
  state.counters["base_bytes"] = static_cast<double>(keys.base.size());
}
BENCHMARK(find_key)
    ->ArgNames({"hot", "keys"})
    ->Args({1000, 1000})
    ->Args({1000, 1'000'000})
    ->Args({1'000'000, 1'000'000});

void find_route(benchmark::State& state, std::string_view model) {
  const auto base = compile_small();
  const ConfigView view = ConfigView::open(base).value();
  for (auto _ : state) {
    benchmark::DoNotOptimize(model);
    benchmark::DoNotOptimize(view.find_route(Dialect::openai, model));
  }
}
BENCHMARK_CAPTURE(find_route, exact, std::string_view("gpt-4o-mini"));
BENCHMARK_CAPTURE(find_route, pattern, std::string_view("o3-mini-high"));
BENCHMARK_CAPTURE(find_route, none, std::string_view("llama-3"));

void allows(benchmark::State& state) {
  const auto base = compile_small();
  const ConfigView view = ConfigView::open(base).value();
  const Caller caller = view.scopes().caller(view.keys()[0]);
  std::string_view model = "gpt-4o-mini";
  for (auto _ : state) {
    benchmark::DoNotOptimize(model);
    benchmark::DoNotOptimize(view.allows(caller, model));
  }
}
BENCHMARK(allows);

void find_passthrough(benchmark::State& state) {
  const auto base = compile_small();
  const ConfigView view = ConfigView::open(base).value();
  const Caller caller = view.scopes().caller(view.keys()[0]);
  std::string_view path = "/v1/audio/speech";
  for (auto _ : state) {
    benchmark::DoNotOptimize(path);
    benchmark::DoNotOptimize(view.find_passthrough(caller, "POST", path));
  }
}
BENCHMARK(find_passthrough);

// From the field to the key: bearer token, SHA-256, look-up.
void identify_bearer(benchmark::State& state) {
  const auto base = compile_small();
  const ConfigView view = ConfigView::open(base).value();
  const PresentedCredentials presented{.authorization = "Bearer hr-0123456789abcdef"};
  for (auto _ : state) {
    benchmark::DoNotOptimize(identify(view, nullptr, presented));
  }
}
BENCHMARK(identify_bearer);

void compile_text(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(compile_small());
}
BENCHMARK(compile_text)->Unit(benchmark::kMicrosecond);

void build_base(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const ManyKeys& keys = many_keys(count);
  for (auto _ : state)
    benchmark::DoNotOptimize(build(count, keys.digests));
}
BENCHMARK(build_base)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void open_base(benchmark::State& state) {
  const ManyKeys& keys = many_keys(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(ConfigView::open(keys.base));
}
BENCHMARK(open_base)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headrace::policy::config
