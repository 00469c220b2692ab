// What identity and guards ask of a request: networks, roles and scopes, tokens seen and not seen;
// and whether comparing a key's digest takes the same time wherever it differs.
#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/socket_address.h"
#include "policy/config/compile.h"
#include "policy/config/config_view.h"
#include "policy/config/key_digest.h"
#include "policy/guard.h"
#include "policy/token/token_memory.h"
#include "policy/token/token_verifier.h"
#include "tests/policy/config/no_secrets.h"
#include "tests/policy/token/token_signer.h"

namespace headrace::policy {
namespace {

struct Base {
  explicit Base(const std::string& yaml) {
    config::NoSecrets source;
    base = config::compile(yaml, "bench.yaml", source, config::MasterKey::random()).value();
    view = config::ConfigView::open(base).value();
  }
  std::vector<std::byte> base;
  config::ConfigView view;
};

// --- networks ------------------------------------------------------------------------------------
std::string network(std::mt19937_64& random, bool ipv4) {
  const std::uint64_t bits = random();
  if (ipv4) {
    return fmt::format("{}.{}.{}.0/24", 1 + bits % 223, bits >> 8U & 255U, bits >> 16U & 255U);
  }
  return fmt::format("2001:{:x}:{:x}::/48", bits & 0xffffU, bits >> 16U & 0xffffU);
}

void look_up_address(benchmark::State& state) {
  const bool ipv4 = state.range(0) == 4;
  std::mt19937_64 random(42);
  std::string list;
  std::vector<std::string> written;
  for (int i = 0; i < 100'000; ++i)
    written.push_back(network(random, ipv4));
  std::ranges::sort(written);
  written.erase(std::ranges::unique(written).begin(), written.end());
  for (const std::string& each : written)
    list += (list.empty() ? "\"" : ", \"") + each + "\"";
  const Base base(
      "listeners: [{address: '127.0.0.1:1', ip_allow: [l]}]\nip_lists: [{name: l, "
      "networks: [" +
      list + "]}]\n");
  std::vector<core::SocketAddress> asked;
  for (int i = 0; i < 65'536; ++i) {
    std::string text =
        random() % 2 == 0 ? written[random() % written.size()] : network(random, ipv4);
    text.resize(text.find('/'));
    asked.push_back(core::SocketAddress::from_ip(text, 1).value());
  }
  const config::RowRef set = base.view.listeners()[0].ip_set;
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(base.view.ip().contains(set, asked[at]));
    at = (at + 1) % asked.size();
  }
  state.counters["networks"] = static_cast<double>(written.size());
  state.counters["base_bytes"] = static_cast<double>(base.base.size());
}
BENCHMARK(look_up_address)->ArgName("ip")->Arg(4)->Arg(6);

// --- roles and scopes ----------------------------------------------------------------------------
void judge_the_head(benchmark::State& state) {
  const Base base(R"(
listeners: [{address: "127.0.0.1:1", policy_set: p}]
roles:
  - {name: a, allow: ["GET /v1/models", "GET /v1/models/*"]}
  - {name: b, inherits: [a], allow: ["POST /v1/embeddings", "POST /v1/chat/**"]}
policy_sets: [{name: p, roles: [b], allow: ["POST /v1/chat/**", "GET /v1/models"]}]
keys: [{name: k, key: key-of-k-000000000, roles: [b], scopes: [chat, models]}]
)");
  const Caller caller = base.view.scopes().caller(base.view.keys()[0]);
  const config::PolicySet* set =
      state.range(0) == 1 ? &base.view.access().policy_sets()[0] : nullptr;
  const HeadFacts head{.method = "POST",
                       .path = "/v1/chat/completions",
                       .endpoint = Endpoint::chat_completions,
                       .now_unix_s = 1'800'000'000};
  for (auto _ : state)
    benchmark::DoNotOptimize(judge_head(base.view, set, caller, head));
}
BENCHMARK(judge_the_head)->ArgName("policy_set")->Arg(0)->Arg(1);

// --- tokens --------------------------------------------------------------------------------------
constexpr std::uint64_t kNow = 1'800'000'000;

void verify_token(benchmark::State& state, TokenAlgorithm algorithm) {
  const Base base(R"(
listeners: [{address: "127.0.0.1:1"}]
token_issuers: [{name: i, issuer: i, keys_file: /k, tenant: default, roles_claim: groups}]
)");
  std::optional<Signer> signer;
  switch (algorithm) {
    case TokenAlgorithm::rs256:
    case TokenAlgorithm::ps256:
      signer = Signer::rsa(algorithm == TokenAlgorithm::ps256);
      break;
    case TokenAlgorithm::es256:
      signer = Signer::p256();
      break;
    case TokenAlgorithm::eddsa:
      signer = Signer::ed25519();
      break;
    default:
      signer = Signer::secret("0123456789abcdef0123456789abcdef");
  }
  std::vector<std::vector<TokenKey>> keys(1);
  keys[0].push_back(signer->verifying_key("k", algorithm));
  TokenVerifier verifier(base.view, keys);
  const std::string name(kTokenAlgorithmNames[static_cast<std::size_t>(algorithm)]);
  const std::string token = signer->sign(
      R"({"alg":")" + name + R"(","kid":"k","typ":"JWT"})",
      R"({"iss":"i","aud":["api"],"sub":"0b6d2c5e-user","exp":1800000600,"groups":["a","b"],"email":"a@b.example"})");
  if (!verifier.verify(token, kNow)) state.SkipWithError("the token is not believed");
  for (auto _ : state)
    benchmark::DoNotOptimize(verifier.verify(token, kNow));
}
BENCHMARK_CAPTURE(verify_token, hs256, TokenAlgorithm::hs256);
BENCHMARK_CAPTURE(verify_token, rs256, TokenAlgorithm::rs256);
BENCHMARK_CAPTURE(verify_token, ps256, TokenAlgorithm::ps256);
BENCHMARK_CAPTURE(verify_token, es256, TokenAlgorithm::es256);
BENCHMARK_CAPTURE(verify_token, eddsa, TokenAlgorithm::eddsa);

// One of a full table: the digest of a token of 700 bytes, and the look-up.
void remember_token(benchmark::State& state) {
  TokenMemory memory(16'384);
  VerifiedToken token;
  token.expires_at_s = kNow + 600;
  std::vector<std::string> texts;
  for (int i = 0; i < 12'000; ++i) {
    texts.push_back(std::string(690, 'a') + std::to_string(i));
    memory.remember(config::key_digest(texts.back()), token, kNow);
  }
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(memory.find(config::key_digest(texts[at]), kNow));
    at = (at + 1) % texts.size();
  }
  state.counters["bytes_each"] = static_cast<double>(TokenMemory::bytes_each());
}
BENCHMARK(remember_token);

// --- time of a comparison ------------------------------------------------------------------------
// Welch's t between digests that differ in their first byte and in their last, a million of each,
// in random order (dudect: Reparaz, Balasch, Verbauwhede 2017). Below 4.5 nothing was seen.
void compare_in_constant_time(benchmark::State& state) {
  std::mt19937_64 random(1);
  config::Sha256 secret;
  for (auto& byte : secret.bytes)
    byte = static_cast<std::uint8_t>(random());
  config::Sha256 early = secret;
  early.bytes.front() ^= 1;
  config::Sha256 late = secret;
  late.bytes.back() ^= 1;
  struct Sum {
    double count = 0, mean = 0, squares = 0;
    void add(double value) {
      count += 1;
      const double delta = value - mean;
      mean += delta / count;
      squares += delta * (value - mean);
    }
  };
  for (auto _ : state) {
    std::array<Sum, 2> sums;
    for (int i = 0; i < 2'000'000; ++i) {
      const std::size_t which = random() & 1U;
      // The same address for both, so that memory has no say.
      config::Sha256 guess = which == 0 ? early : late;
      benchmark::DoNotOptimize(guess);
      const std::uint64_t begin = __builtin_ia32_rdtsc();
      bool same = config::equal_in_constant_time(secret, guess);
      benchmark::DoNotOptimize(same);
      const std::uint64_t cycles = __builtin_ia32_rdtsc() - begin;
      // What an interrupt fell into is not the comparison.
      if (cycles < 2000) sums[which].add(static_cast<double>(cycles));
    }
    const auto variance = [](const Sum& sum) { return sum.squares / (sum.count - 1) / sum.count; };
    state.counters["t"] =
        (sums[0].mean - sums[1].mean) / std::sqrt(variance(sums[0]) + variance(sums[1]));
  }
}
BENCHMARK(compare_in_constant_time)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headrace::policy
