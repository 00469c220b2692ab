// The rows of a config base that say who may do what.
//
//   rights ---> model_rules, permissions, route_refs     what a key, a token's issuer or anybody at
//     |                                                  a listener may do; equal ones are kept
//     once
//     +-------> roles (bits) ---> permissions
//                 ^
//   policy_sets --+-> permissions, tenant_refs, rights   what a listener is for
//     ^
//   listeners
//
// Roles inherit from each other in the config only: here the bits of a caller's roles already hold
// every role that follows from them, so that nobody climbs a tree for a request.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/config/row_values.h"

namespace headrace::policy::config {

// One bit each in Rights::roles and its like.
inline constexpr std::size_t kRolesMax = 64;
using RoleBits = std::uint64_t;

enum class ModelMatch : std::uint8_t { exact, prefix };  // prefix: "gpt-*"; "*" is the empty one
struct ModelRule {
  TextRef text;
  ModelMatch match;
  std::uint8_t reserved[7];
};

// "POST /v1/chat/**". Methods are MethodBit; a path that is empty is any path.
struct Permission {
  TextRef path;
  std::uint8_t methods;
  std::uint8_t reserved[7];
};

struct Role {
  TextRef name;
  RoleBits with_inherited;  // itself, and all that it inherits from
  RowRange permissions;     // its own
};

// What endpoints are for, so that a key's scopes need not list paths.
enum class EndpointGroup : std::uint8_t {
  chat = 1,
  completions = 2,
  embeddings = 4,
  moderations = 8,
  token_counts = 16,
  models = 32,
  other = 64,  // what passthrough rules let through
};
inline constexpr EndpointGroup kEndpointGroups[] = {
    EndpointGroup::chat,        EndpointGroup::completions,  EndpointGroup::embeddings,
    EndpointGroup::moderations, EndpointGroup::token_counts, EndpointGroup::models,
    EndpointGroup::other};

struct Rights {
  RowRange models;             // model_rules; none: every model
  RowRange scopes;             // permissions, besides `groups`
  RowRange routes;             // route_refs; none: every route
  RoleBits roles;              // with all that they inherit
  std::uint64_t expires_at_s;  // Unix time; 0: never
  RowRef ip_set;               // from where its callers may come; none: from anywhere
  std::uint8_t groups;         // EndpointGroup; with `scopes`, none: every endpoint
  Switch passthrough;          // may it use passthrough rules
  Switch suspended;
  Switch debug;          // may it ask for an explanation of its requests
  Switch bypass_limits;  // no limit of anybody holds for it
  std::uint8_t reserved[7];
};

// --- what a listener is for ----------------------------------------------------------------------
// Whose roles decide: of callers that have any; of all, so that who has none may do nothing; of
// nobody.
enum class RoleUse : std::uint8_t { where_given, required, ignored };
// Stages that a policy set may leave out.
enum class SkippedStage : std::uint8_t { admit = 1, cache = 2, reserve = 4 };
inline constexpr SkippedStage kSkippedStages[] = {SkippedStage::admit, SkippedStage::cache,
                                                  SkippedStage::reserve};

struct PolicySet {
  TextRef name;
  RowRange permissions;     // what may be asked for at all; none: everything
  RowRange tenants;         // tenant_refs, sorted; none: all tenants
  RoleBits roles;           // callers have one of these; 0: they need none
  RowRef anonymous_rights;  // of who shows no credential; none: refused
  std::uint32_t anonymous_tenant;
  RoleUse role_use;
  Switch api_keys;              // are they taken
  Switch tokens;                // are they taken
  std::uint8_t skipped_stages;  // SkippedStage
  std::uint8_t reserved[4];
};

}  // namespace headrace::policy::config
