// Held by a process while it finds its place in a region: nobody else claims an incarnation
// meanwhile, so that what it sees of the others holds. A lock on the region's header, which the
// kernel releases with the process.
//
// Threads: one at a time. Lifetime: the region must outlive it.
#pragma once

#include "core/shared_region.h"

namespace headrace::core {

class RegionStartLock {
 public:
  // Waits until no other process holds it. A region whose file cannot be locked is not.
  explicit RegionStartLock(const SharedRegion& region);
  RegionStartLock(const RegionStartLock&) = delete;
  RegionStartLock& operator=(const RegionStartLock&) = delete;
  ~RegionStartLock();

  [[nodiscard]] bool held() const { return held_; }

 private:
  int descriptor_;
  bool held_;
};

}  // namespace headrace::core
