// The current world's chance.
#pragma once

#include "core/random.h"
#include "tests/sim/world.h"

namespace headrace::sim {

inline core::Random& dice() {
  return World::current().random();
}

}  // namespace headrace::sim
