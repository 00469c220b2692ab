// Starts a real program, reads what it prints, ends it: for tests of whole programs.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace headrace::tools::test {

class Process {
 public:
  // Starts `program`; its standard output can be read by line, its standard error is inherited.
  explicit Process(const std::string& program, const std::vector<std::string>& arguments);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Ends it hard if it still runs.
  ~Process();

  // The next line without its end; empty after a while or at the end of the output.
  std::string read_line();
  // All that is still to come; waits for the end.
  std::string read_rest();
  void signal(int number) const;
  // Waits for its end, not for ever. The exit status; -1 when it was killed or does not end.
  int wait();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  bool read_more();

  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace headrace::tools::test
