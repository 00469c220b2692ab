// The rest of core/io.h: making an Io, turns, being woken, looking inside.
#include "core/io.h"

#include <time.h>

#include "core/uring/backend.h"

namespace headrace::core {

Io::Io(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}
Io::~Io() = default;

std::expected<std::unique_ptr<Io>, std::string> Io::create(const IoOptions& options) {
  auto backend = std::make_unique<Backend>(options);
  if (std::string error = backend->make(); !error.empty()) return std::unexpected(std::move(error));
  return std::unique_ptr<Io>(new Io(std::move(backend)));
}

void Io::enable() {
  backend_->enable();
}

std::size_t Io::turn(Instant deadline) {
  return backend_->turn(deadline);
}

Instant Io::now() const {
  return backend_->now;
}

Instant Io::clock_now() const {
  return read_clock();
}

WallTime Io::wall_now() const {
  if (!backend_->wall_read) {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
    backend_->wall.unix_nanos = time.tv_sec * kNanosPerSecond + time.tv_nsec;
    backend_->wall_read = true;
  }
  return backend_->wall;
}

std::uint64_t Io::random() {
  // SplitMix64 (Steele, Lea, Flood 2014), seeded by the kernel.
  std::uint64_t word = backend_->random_state += 0x9e3779b97f4a7c15;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

void Io::wake() {
  if (backend_->doorbell.ring()) backend_->doorbell.sound();
}

void Io::wake_from(Io& from) {
  if (!backend_->doorbell.ring()) return;
  if (from.backend_->features.ring_messages) {
    from.backend_->ring_message(*backend_);
  } else {
    backend_->doorbell.sound();
  }
}

const IoFeatures& Io::features() const {
  return backend_->features;
}

const IoCounters& Io::counters() const {
  return backend_->counters;
}

std::size_t Io::operations_in_flight() const {
  return backend_->in_flight;
}

std::size_t Io::buffers_leased(BufferGroup group) const {
  return (group == BufferGroup::bulk ? backend_->bulk : backend_->small).leased();
}

std::size_t Io::planned_bytes(const IoOptions& options) {
  return uring::Ring::planned_bytes(options) + uring::SubmissionScratch::kBytes +
         uring::BufferRing::planned_bytes(options.small_buffers, options.small_buffer_bytes) +
         uring::BufferRing::planned_bytes(options.bulk_buffers, options.bulk_buffer_bytes);
}

}  // namespace headrace::core
