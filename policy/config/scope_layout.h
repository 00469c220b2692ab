// The rows of a config base that say who there is: those whom limits, budgets and records are kept
// for, from the widest scope to the narrowest.
//
//   organisations <--- tenants <--- projects
//                        ^  ^          ^
//                        |  +--- users |
//                        |        ^    |
//                        +------ keys -+        keys ---> rights (access_layout.h)
//                                 ^
//     written_keys -------------+        in the order of the config
//                               |
//   key_seeds                   |        a perfect hash (key_places.h): a fourth as many as keys
//        ^                      |
//        |      with the seed   |
//   digest ---------------------+        hashed with the key_salt
//
//        keys    [ whole digest, compared in constant time | identity, name, whose, rights ]
//
// Every scope has an identity that no new base changes: it follows from kind and name only, so that
// what is counted for a scope is found again after any reload, restart or move to another node.
//
// Invariants: names are unique within a kind; a key is in the tenant of its project and user.
// Size:       a million keys are looked up at random: one row of theirs is one cache line. What few
//             keys have goes into Rights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/config/access_layout.h"
#include "policy/config/key_digest.h"
#include "policy/config/row_values.h"

namespace headrace::policy::config {

// Part of every identity: never renumbered.
enum class ScopeKind : std::uint8_t {
  organisation = 1,
  tenant = 2,
  project = 3,
  user = 4,
  key = 5,
  provider = 6,
  provider_key = 7,
  route = 8,
};

// The first eight bytes of a SHA-256 over kind and name: who may choose names cannot choose one
// whose identity is another's. About 60 ns.
[[nodiscard]] std::uint64_t scope_identity(ScopeKind kind, std::string_view name);

// --- scopes --------------------------------------------------------------------------------------
struct Organisation {
  TextRef name;
  std::uint64_t identity;
  RowRef limits;  // in limit_sets (quota_layout.h), as for every scope
  std::uint8_t reserved[4];
};

enum class Language : std::uint8_t { english, german, french, spanish };

// live: as any. trial: as any, but its models are named (checked when a config is loaded).
// sandbox: everything goes to the sandbox provider of its dialect, whatever was asked.
// suspended: refused.
enum class TenantMode : std::uint8_t { live, trial, sandbox, suspended };

// When a client leaves before the end of its answer; `by_config`: as `billing` says.
enum class TenantOnDisconnect : std::uint8_t { by_config, cancel, drain };

struct Tenant {
  TextRef name;
  std::uint64_t identity;
  TextRef time_zone;     // an IANA name: where its days and months begin
  RowRange models;       // model_rules, besides those of the key; none: every model
  RowRef organisation;   // in organisations
  std::uint16_t weight;  // its share of what is scarce, against other tenants
  Language language;     // of messages, where the client asks for none
  TenantMode mode;
  RowRef limits;
  RowRef zone;    // in zones; none: UTC
  RowRef ip_set;  // from where its callers may come; none: from anywhere
  TenantOnDisconnect on_disconnect;
  std::uint8_t reserved[11];
};
static_assert(sizeof(Tenant) == 64, "one cache line a tenant");
struct Project {
  TextRef name;
  std::uint64_t identity;
  std::uint32_t tenant;
  RowRef limits;
};
struct User {
  TextRef name;
  std::uint64_t identity;
  RoleBits roles;  // with all that they inherit
  std::uint32_t tenant;
  RowRef limits;
  Switch suspended;
  std::uint8_t reserved[7];
};

// --- keys ----------------------------------------------------------------------------------------
// Where name and prefix of a key stand among the strings: two bytes with their lengths, then both.
struct KeyLabel {
  std::uint32_t offset;
};

struct ApiKey {
  Sha256 digest;
  std::uint64_t identity;
  KeyLabel name;
  std::uint32_t tenant;
  RowRef project;
  RowRef user;
  std::uint32_t rights;
  RowRef limits;
};
static_assert(sizeof(ApiKey) == 64, "one cache line a key");

}  // namespace headrace::policy::config
