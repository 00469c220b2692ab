#include "policy/config/cache_rules.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <openssl/sha.h>

namespace headrace::policy::config {
namespace {

// Each part with its length, so that no two lists of parts are the same bytes.
class IdentityHash {
 public:
  IdentityHash() { SHA256_Init(&context_); }
  void add(std::string_view text) {
    add(text.size());
    SHA256_Update(&context_, text.data(), text.size());
  }
  void add(std::uint64_t number) { SHA256_Update(&context_, &number, sizeof number); }
  std::array<std::byte, 16> end() {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_Final(digest, &context_);
    std::array<std::byte, 16> identity;
    std::memcpy(identity.data(), digest, identity.size());
    return identity;
  }

 private:
  SHA256_CTX context_;
};

// What came out of ${...} may be a secret: of that only the name.
void add_edits(IdentityHash& hash, const std::vector<NamedText>& edits) {
  hash.add(edits.size());
  for (const NamedText& edit : edits) {
    hash.add(edit.name);
    hash.add(edit.text.substituted ? std::string_view{} : std::string_view(edit.text.value));
  }
}

// A provider that is told who asks may answer each of them otherwise.
bool is_told_who_asks(const ConfigModel& model, const RouteModel& route) {
  return std::ranges::any_of(route.targets, [&](const TargetModel& target) {
    const auto provider = std::ranges::find(
        model.providers, target.provider.value,
        [](const ProviderModel& each) -> const std::string& { return each.name.value; });
    return provider != model.providers.end() && provider->row.context != ContextHeaders::off;
  });
}

}  // namespace

void apply_cache_rules(const ConfigModel& model, ErrorList& errors) {
  const std::uint64_t memory = model.cache.row.memory_bytes_max;
  for (const RouteModel& route : model.routes) {
    const RouteCache& cache = route.cache.row;
    if (cache.mode != CacheMode::off && is_told_who_asks(model, route)) {
      errors.add(route.cache.place_of("mode"),
                 "this route keeps answers of a provider that is told who asks",
                 "leave out `cache`, or `context_headers` of the provider");
    }
    if (cache.mode == CacheMode::off || cache.entry_bytes_max <= memory / kCacheEntriesMin) {
      continue;
    }
    errors.add(route.cache.place_of("entry_bytes_max"),
               "one answer of this route could take more than a quarter of the cache",
               "lower `entry_bytes_max`, or raise `memory_bytes_max` of `cache`");
  }
}

std::array<std::byte, 16> route_cache_identity(const ConfigModel& model, const RouteModel& route) {
  IdentityHash hash;
  hash.add(route.targets.size());
  for (const TargetModel& target : route.targets) {
    hash.add(target.model.value);
    hash.add(target.provider.value);
    const auto provider = std::ranges::find(
        model.providers, target.provider.value,
        [](const ProviderModel& each) -> const std::string& { return each.name.value; });
    if (provider == model.providers.end()) continue;
    hash.add(static_cast<std::uint64_t>(provider->row.dialect));
    hash.add(static_cast<std::uint64_t>(provider->parts.scheme));
    hash.add(provider->parts.host_field);
    hash.add(provider->parts.path_prefix);
    hash.add(provider->unix_socket.value);
    add_edits(hash, provider->headers_add);
    add_edits(hash, provider->query_add);
  }
  return hash.end();
}

}  // namespace headrace::policy::config
