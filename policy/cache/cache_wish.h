// What a request says about the cache: in X-Headrace-Cache, which is ours, and in Cache-Control
// (RFC 9111 section 5.2.1).
//
//   X-Headrace-Cache: on        answer from the cache if you can, and keep the answer
//                     refresh   fetch a new answer, and keep it in place of the one there is
//                     off       neither; so does any word that is not known
//   Cache-Control:    no-store  as off
//                     no-cache, max-age=0   as refresh, where the cache is used at all
//                     max-age=N asks for the cache too, and takes no answer older than N seconds
//                     only-if-cached  asks for the cache too; without an answer there, 504
//
// Where the two disagree, the more careful one counts: off, then refresh, then on.
//
// Threads: a value.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::policy {

class CacheWish {
 public:
  // The values of the two fields, each as often as it stands in the head.
  void read_own_field(std::string_view value);
  void read_cache_control(std::string_view value);

  [[nodiscard]] bool refuses() const { return off_; }
  [[nodiscard]] bool refreshes() const { return refresh_; }
  [[nodiscard]] bool asks() const { return on_ && !off_; }
  // No provider is to be asked, whatever else it says.
  [[nodiscard]] bool only_if_cached() const { return only_; }
  // The oldest answer that is welcome; INT64_MAX: of any age.
  [[nodiscard]] std::int64_t max_age_s() const { return max_age_s_; }

 private:
  void read_directive(std::string_view name, std::string_view value);

  std::int64_t max_age_s_ = INT64_MAX;
  bool on_ = false;
  bool off_ = false;
  bool refresh_ = false;
  bool only_ = false;
};

}  // namespace headrace::policy
