// Writes the model of a config again from its base: what `headrace -T` prints.
//
// Threads: any; the view must outlive it.
#pragma once

#include <string_view>
#include <vector>

#include "policy/config/config_model.h"
#include "policy/config/config_view.h"

namespace headrace::policy::config {

class Unpacker {
 public:
  explicit Unpacker(const ConfigView& view) : view_(view) {}

  ConfigModel model() const;

 private:
  static Text plain(std::string_view value);
  static Text hidden();
  Text text(TextRef ref) const { return plain(view_.text(ref)); }
  std::vector<Text> texts(std::span<const TextRef> refs) const;
  Text pattern(TextRef ref, ModelMatch match) const;
  ListenerModel listener(const Listener& row) const;
  // The option that comes down to this style and name.
  AuthOption auth_option(const Provider& row) const;
  ProviderModel provider(const Provider& row) const;
  RouteModel route(const Route& row) const;
  std::vector<Text> ip_names(RowRef set) const;
  std::vector<Text> denials(RowRange range) const;
  TokenIssuerModel issuer(const TokenIssuer& row) const;
  std::vector<Text> patterns(RowRange models) const;
  std::vector<Text> permissions(RowRange range) const;
  std::vector<Text> role_names(RoleBits bits) const;
  RightsModel rights_model(const Rights& row) const;
  void add_access(ConfigModel& model) const;
  void add_scopes(ConfigModel& model) const;
  template <class Scope>
  Text name_of(const Scope* scope) const {
    return scope == nullptr ? Text{} : text(scope->name);
  }
  KeyModel key(const ApiKey& row) const;
  // --- quota -------------------------------------------------------------------------------------
  void add_quota(ConfigModel& model) const;
  ScopeQuota quota(RowRef limits) const;
  void add_rule(ScopeQuota& model, const LimitRule& row) const;
  PriceModel price(const Price& row) const;
  PassthroughModel rule(const PassthroughRule& row) const;

  const ConfigView& view_;
};

}  // namespace headrace::policy::config
