// The part of BaseJudge that looks at queues.
#include "policy/config/base_judge.h"
#include "policy/config/option_sections.h"
#include "policy/config/queue_model.h"

namespace headrace::policy::config {

void BaseJudge::judge_queues() {
  if (view_.route_queues_.size() != view_.routes_.size()) {
    return refuse("routes and their queues are not as many");
  }
  RouteQueueModel model;
  for (const RouteQueue& row : view_.route_queues_) {
    limits(row.limits);
    model.row = row;
    if (first_out_of_bounds(kRouteQueueSection, &model) != nullptr) {
      refuse("a number is out of its bounds");
    }
  }
}

}  // namespace headrace::policy::config
