// The folder of the journal's segments, as the journal sees it: the one seam to the disk, through
// which tests let it fill up, fail and lose what was not synced.
//
// Threads: the journal's, and before it the main thread.
// Errors:  numbers of errno; 0 is success.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace headrace::net {

class JournalFile {
 public:
  JournalFile() = default;
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;
  virtual ~JournalFile() = default;

  // All of it, at that offset; or an error, and then perhaps a part.
  [[nodiscard]] virtual int write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  // What was written is on the disk, where list() finds it. ENOENT: the file has been removed.
  [[nodiscard]] virtual int sync() = 0;
  [[nodiscard]] virtual int cut(std::uint64_t bytes) = 0;
};

class JournalFiles {
 public:
  JournalFiles() = default;
  JournalFiles(const JournalFiles&) = delete;
  JournalFiles& operator=(const JournalFiles&) = delete;
  virtual ~JournalFiles() = default;

  struct Entry {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::int64_t changed_unix_nanos = 0;
  };

  // By number, the oldest first.
  virtual std::expected<std::vector<Entry>, int> list() = 0;
  // A new one; EEXIST where there is one. Its name is on the disk too.
  virtual std::expected<std::unique_ptr<JournalFile>, int> create(std::uint64_t number) = 0;
  virtual std::expected<std::unique_ptr<JournalFile>, int> reopen(std::uint64_t number) = 0;
  // At most so many bytes from there on.
  virtual std::expected<std::vector<std::byte>, int> read(std::uint64_t number,
                                                          std::uint64_t offset,
                                                          std::uint64_t bytes_max) = 0;
  [[nodiscard]] virtual int remove(std::uint64_t number) = 0;
};

}  // namespace headrace::net
