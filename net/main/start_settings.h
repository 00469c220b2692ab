// What of a config holds from start to end of the process. A reload takes over everything else, and
// says by name which of these were changed in vain.
#pragma once

#include <string>

#include "policy/config/config_view.h"

namespace headrace::net {

class StartSettings {
 public:
  explicit StartSettings(const policy::config::ConfigView& view);

  // Options whose values are others in `view`, for people: "shards.count, io". Empty: none.
  [[nodiscard]] std::string changed_in(const policy::config::ConfigView& view) const;

 private:
  policy::config::Settings settings_;
  std::uint64_t limits_in_use_max_;
  std::string access_log_path_;
  policy::config::CacheSettings cache_;
  std::string audit_path_;
  std::string journal_directory_;
};

}  // namespace headrace::net
