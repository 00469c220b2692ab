// Names the run that a process dies in: where a fatal check ends it, or where a run has no end.
//
// Threads: one. Lifetime: around one run; one at a time.
#pragma once

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <string_view>

#include <unistd.h>

namespace headrace::sim {

class LastWords {
 public:
  // A run is over within seconds, also with a sanitizer on a busy machine.
  static constexpr unsigned kRunSecondsMax = 300;

  // `line`: cut at kBytesMax.
  explicit LastWords(std::string_view line) {
    bytes_ = std::min(line.size(), text_.size());
    std::copy_n(line.begin(), bytes_, text_.begin());
    for (const int signal : kSignals)
      std::signal(signal, say);
    ::alarm(kRunSecondsMax);
  }
  ~LastWords() {
    ::alarm(0);
    for (const int signal : kSignals)
      std::signal(signal, SIG_DFL);
  }
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

 private:
  static constexpr std::size_t kBytesMax = 320;
  static constexpr std::array kSignals = {SIGABRT, SIGSEGV, SIGBUS, SIGALRM};

  static void say(int signal) {
    (void)!::write(STDERR_FILENO, text_.data(), bytes_);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }

  // Where a signal finds them.
  static inline std::array<char, kBytesMax> text_{};
  static inline std::size_t bytes_ = 0;
};

}  // namespace headrace::sim
