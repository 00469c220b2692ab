// The journal's folder on a disk: files named 0000000001.journal and so on.
#pragma once

#include "net/journal/journal_files.h"

namespace headrace::net {

class DiskFiles final : public JournalFiles {
 public:
  // Makes the folder where it is missing. The error is for an operator.
  static std::expected<std::unique_ptr<DiskFiles>, std::string> open(const std::string& folder);
  // One that exists, only to be read.
  explicit DiskFiles(std::string folder) : folder_(std::move(folder)) {}

  std::expected<std::vector<Entry>, int> list() override;
  std::expected<std::unique_ptr<JournalFile>, int> create(std::uint64_t number) override;
  std::expected<std::unique_ptr<JournalFile>, int> reopen(std::uint64_t number) override;
  std::expected<std::vector<std::byte>, int> read(std::uint64_t number, std::uint64_t offset,
                                                  std::uint64_t bytes_max) override;
  [[nodiscard]] int remove(std::uint64_t number) override;

  [[nodiscard]] static std::string file_name(std::uint64_t number);

 private:
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

  std::string folder_;
};

}  // namespace headrace::net
