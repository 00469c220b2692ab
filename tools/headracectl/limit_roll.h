// All limits of a config, each with whom it counts for: what an operator's program looks through.
//
// Threads: one. Lifetime: the view outlives it. Grows with the config: not for a request's path.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "policy/quota/limit_chain.h"

namespace headrace::tools::ctl {

struct RolledLimit {
  std::string scope_name;
  policy::ChainedLimit limit;
};

class LimitRoll {
 public:
  LimitRoll(const policy::config::ConfigView& view, core::LimitTime now) : view_(view), now_(now) {}

  // Of everybody whom the config names.
  void add_all();
  // Of a user whom only tokens name. False: there is no such tenant.
  bool add_user(const std::string& tenant, const std::string& user);

  [[nodiscard]] const std::vector<RolledLimit>& limits() const { return limits_; }

 private:
  void add(const policy::Caller& caller, const std::string& user = {});
  void add(const policy::config::Provider& provider);
  void add(const policy::config::Route& route);
  void add(const policy::LimitListing& listing, const policy::Caller& caller,
           const std::string& name);
  [[nodiscard]] std::string name_of(policy::config::ScopeKind scope,
                                    const policy::Caller& caller) const;

  const policy::config::ConfigView& view_;
  core::LimitTime now_;
  policy::CalendarWindows windows_;
  std::set<std::uint64_t> known_;
  std::vector<RolledLimit> limits_;
};

}  // namespace headrace::tools::ctl
