// A disk for the journal in memory, which can be full, fail, and lose what was not synced.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>

#include "net/journal/journal_files.h"

namespace headrace::net {

class MemoryFiles final : public JournalFiles {
 public:
  struct Content {
    std::vector<std::byte> bytes;
    std::vector<std::byte> synced;
  };

  // Bytes that all files together may have; writes beyond are cut short.
  std::uint64_t room = UINT64_MAX;
  int sync_error = 0;
  int create_error = 0;
  int reopen_error = 0;
  // Numbers that somebody else takes between a look at the folder and what is done then.
  std::uint64_t taken_after_listing = 0;
  std::map<std::uint64_t, std::shared_ptr<Content>> files;

  // What a power failure leaves.
  void lose_power() {
    for (auto& [number, content] : files)
      content->bytes = content->synced;
  }
  [[nodiscard]] bool has(const Content& content) const {
    return std::ranges::any_of(
        files, [&](const auto& numbered) { return numbered.second.get() == &content; });
  }
  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [number, content] : files)
      bytes += content->bytes.size();
    return bytes;
  }

  std::expected<std::vector<Entry>, int> list() override {
    std::vector<Entry> entries;
    for (const auto& [number, content] : files) {
      entries.push_back(
          {.number = number, .bytes = content->bytes.size(), .changed_unix_nanos = 0});
    }
    for (; taken_after_listing > 0; --taken_after_listing)
      files[files.empty() ? 1 : files.rbegin()->first + 1] = std::make_shared<Content>();
    return entries;
  }
  std::expected<std::unique_ptr<JournalFile>, int> create(std::uint64_t number) override {
    if (create_error != 0) return std::unexpected(create_error);
    if (files.contains(number)) return std::unexpected(EEXIST);
    files[number] = std::make_shared<Content>();
    return std::make_unique<File>(*this, files.at(number));
  }
  std::expected<std::unique_ptr<JournalFile>, int> reopen(std::uint64_t number) override {
    if (reopen_error != 0) return std::unexpected(reopen_error);
    return std::make_unique<File>(*this, files.at(number));
  }
  std::expected<std::vector<std::byte>, int> read(std::uint64_t number, std::uint64_t offset,
                                                  std::uint64_t bytes_max) override {
    const std::vector<std::byte>& bytes = files.at(number)->bytes;
    if (offset >= bytes.size()) return std::vector<std::byte>{};
    const std::uint64_t count = std::min<std::uint64_t>(bytes.size() - offset, bytes_max);
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
    return std::vector<std::byte>(first, first + static_cast<std::ptrdiff_t>(count));
  }
  int remove(std::uint64_t number) override { return files.erase(number) == 1 ? 0 : ENOENT; }

 private:
  class File final : public JournalFile {
   public:
    File(MemoryFiles& disk, std::shared_ptr<Content> content)
        : disk_(disk), content_(std::move(content)) {}
    int write(std::uint64_t offset, std::span<const std::byte> bytes) override {
      std::vector<std::byte>& file = content_->bytes;
      for (const std::byte byte : bytes) {
        if (offset >= file.size()) {
          if (disk_.used() >= disk_.room) return ENOSPC;
          file.resize(offset + 1);
        }
        file[offset++] = byte;
      }
      return 0;
    }
    int sync() override {
      if (disk_.sync_error != 0) return disk_.sync_error;
      if (!disk_.has(*content_)) return ENOENT;
      content_->synced = content_->bytes;
      return 0;
    }
    int cut(std::uint64_t bytes) override {
      content_->bytes.resize(bytes);
      return 0;
    }

   private:
    MemoryFiles& disk_;
    std::shared_ptr<Content> content_;
  };
};

}  // namespace headrace::net
