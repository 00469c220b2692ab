// The part of BaseJudge that looks at the cache.
#include <algorithm>

#include "policy/config/base_judge.h"
#include "policy/config/cache_model.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {

void BaseJudge::take_cache() {
  take(TableKind::route_caches, view_.cache_.routes_);
  std::span<const CacheSettings> settings;
  take(TableKind::cache_settings, settings);
  if (settings.size() != 1) return refuse("it has no settings of the cache");
  view_.cache_.settings_ = settings.data();
}

void BaseJudge::judge_cache() {
  CacheModel cache;
  cache.row = view_.cache_.settings();
  bounds("cache", &cache);
  // Those to sandboxes, behind all others, keep nothing.
  const std::size_t count = view_.cache_.routes_.size();
  for (std::size_t i = 0; i < view_.routes_.size(); ++i) {
    if ((view_.routes_[i].sandbox == Switch::on) != (i >= count)) {
      return refuse("routes and their caches are not as many");
    }
  }
  if (count > view_.routes_.size()) return refuse("routes and their caches are not as many");
  RouteCacheModel model;
  for (const RouteCache& route : view_.cache_.routes_) {
    model.row = route;
    if (first_out_of_bounds(kRouteCacheSection, &model) != nullptr) {
      refuse("a number is out of its bounds");
    }
  }
  view_.cache_.any_ = std::ranges::any_of(
      view_.cache_.routes_, [](const RouteCache& route) { return route.mode != CacheMode::off; });
}

}  // namespace headrace::policy::config
