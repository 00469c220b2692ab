// Config bases: bytes as they are, and bytes as changes to a good base that is signed again, so
// that they get behind the checksum. What opens must be safe to use in every way.
#include <cstdint>
#include <cstring>
#include <string>

#include "core/base_blob.h"
#include "core/hash.h"
#include "policy/config/compile.h"
#include "policy/config/config_view.h"
#include "policy/config/effective_yaml.h"
#include "policy/guard.h"
#include "policy/identify.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/policy/config/no_secrets.h"

namespace headrace::fuzz {
namespace {

using namespace policy::config;

constexpr std::string_view kConfig = R"(
listeners:
  - {address: "127.0.0.1:1", trusted_proxies: [10.0.0.0/8]}
providers:
  - {name: a, dialect: openai, url: "https://a.example/v1", credential: abc,
     headers_add: {X-A: b}, headers_remove: [X-B], exclusive: true}
  - {name: b, dialect: gemini, url: "https://b.example", auth: none}
routes:
  - {models: [m, "m*"], targets: [{provider: a, model: n}]}
  - {models: [m], targets: [{provider: b}]}
roles: [{name: r, allow: ["GET /v1/x"]}, {name: s, inherits: [r], allow: ["* /v1/files/**"]}]
policy_sets: [{name: p, allow: ["*"], tenants: [default], roles: [r], anonymous: {tenant: default}}]
keys:
  - {name: one, key: 0123456789abcdef, models: [m, "m*"], scopes: [chat, "GET /x"], roles: [s]}
  - {name: two, key: 0123456789abcdeg}
passthrough:
  - {path: "/v1/audio/*", provider: a}
)";

std::vector<std::byte> good_base() {
  NoSecrets source;
  return compile(kConfig, "fuzz.yaml", source, MasterKey::random()).value();
}

void use(const ConfigView& view) {
  FUZZ_CHECK(!effective_yaml(view).empty());
  (void)policy::identify(view, nullptr, {.x_api_key = "0123456789abcdef"});
  for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini}) {
    for (const char* model : {"m", "mm", "x", ""}) {
      const Route* route = view.find_route(dialect, model);
      if (route == nullptr) continue;
      FUZZ_CHECK(view.index_of(*route) < view.routes().size());
      FUZZ_CHECK(!view.targets(*route).empty());
    }
    for (const ApiKey& key : view.keys()) {
      const policy::Caller caller = view.scopes().caller(key);
      for (const PolicySet& set : view.access().policy_sets()) {
        (void)policy::judge_head(view, &set, caller,
                                 {"POST", "/v1/files/a", policy::Endpoint::stored_object, 1});
      }
      std::size_t cursor = 0;
      std::size_t count = 0;
      while (view.next_model(dialect, caller, cursor) != nullptr)
        ++count;
      FUZZ_CHECK(count <= view.model_names().size());
      (void)view.find_passthrough(caller, "POST", "/v1/audio/speech");
      for (const Route& route : view.routes())
        (void)view.find_target(caller, route), (void)policy::judge_route(view, caller, route);
    }
  }
}

void try_raw(std::span<const std::uint8_t> bytes) {
  std::vector<std::byte> base(bytes.size());
  if (!bytes.empty()) std::memcpy(base.data(), bytes.data(), bytes.size());
  if (const auto view = ConfigView::open(base)) use(*view);
}

// Three bytes a change: where (two), what.
void try_changes(std::span<const std::uint8_t> bytes) {
  static const std::vector<std::byte> kGood = good_base();
  auto base = kGood;
  for (std::size_t i = 0; i + 2 < bytes.size() && i < 96; i += 3) {
    const std::size_t where = (bytes[i] | std::size_t{bytes[i + 1]} << 8U) % base.size();
    base[where] = static_cast<std::byte>(bytes[i + 2]);
  }
  const std::uint64_t sum =
      core::hash64(std::span<const std::byte>(base).subspan(offsetof(core::BlobHeader, bytes)));
  std::memcpy(base.data() + offsetof(core::BlobHeader, checksum), &sum, sizeof sum);
  if (const auto view = ConfigView::open(base)) use(*view);
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::fuzz::try_raw({data, size});
  headrace::fuzz::try_changes({data, size});
  return 0;
}
