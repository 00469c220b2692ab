// Makes requests wait at a stage without a reason, so that the simulator sees each stage parked.
//
// Threads: the shard's.  In programs there is none: it costs a look at a null pointer.
#pragma once

#include "core/clock.h"
#include "policy/stages.h"

namespace headrace::net {

class StageDelays {
 public:
  // Zero: the stage is run at once.
  virtual core::Duration delay(policy::Stage stage) = 0;

 protected:
  ~StageDelays() = default;
};

}  // namespace headrace::net
