#include "core/region_start_lock.h"

#include <cerrno>

#include <fcntl.h>

namespace headrace::core {

namespace {

bool set_lock(int descriptor, short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0;
  lock.l_len = sizeof(RegionHeader);
  while (::fcntl(descriptor, F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

RegionStartLock::RegionStartLock(const SharedRegion& region)
    : descriptor_(region.descriptor()), held_(set_lock(descriptor_, F_WRLCK)) {}

RegionStartLock::~RegionStartLock() {
  if (held_) set_lock(descriptor_, F_UNLCK);
}

}  // namespace headrace::core
