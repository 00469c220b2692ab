// One contiguous, read-only block of tables that several processes may map: from shared memory,
// from a file, or plain memory. No pointers in it; everything is found by offset.
//
//   offset 0
//   +----------------------------------------------------------------------------+
//   | BlobHeader (64 bytes)                                                      |
//   |   magic | checksum | bytes | layout version | number of tables | reserved  |
//   +----------------------------------------------------------------------------+
//   | TableEntry [number of tables], sorted by kind, 32 bytes each               |
//   |   kind | version | offset | rows | row bytes                               |
//   +--------------------------------------------- each table starts on 64 bytes +
//   | rows of table 0                                                            |
//   +----------------------------------------------------------------------------+
//   | rows of table 1 ...                                                        |
//   +----------------------------------------------------------------------------+
//   offset `bytes`                     the checksum (XXH3-64) covers all from `bytes` on
//
// Threads:    a BlobView is a value over memory that nobody writes any more; any thread may read
// it. Invariants: open() judges magic, length, checksum, and that every table lies inside the
// block,
//             aligned, overlapping no other. What the rows say is judged by who knows them.
// Growth:     a reader skips kinds that it does not know. A table whose version or row size is not
//             the one asked for is refused: readers never guess.
// Errors:     in words for an operator; the block comes from outside and is never asserted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace headrace::core {

inline constexpr std::uint64_t kBlobMagic = 0x0a31424f4c425248;  // "HRBLOB1\n"
inline constexpr std::uint32_t kBlobLayoutVersion = 1;
inline constexpr std::size_t kBlobTablesMax = 128;
inline constexpr std::size_t kBlobAlignment = 8;        // of the block in memory, at least
inline constexpr std::size_t kBlobTableAlignment = 64;  // of each table within the block

struct BlobHeader {
  std::uint64_t magic;
  std::uint64_t checksum;
  std::uint64_t bytes;
  std::uint32_t layout_version;
  std::uint32_t table_count;
  std::uint64_t reserved[4];
};
static_assert(sizeof(BlobHeader) == 64);

struct TableEntry {
  std::uint32_t kind;
  std::uint32_t version;
  std::uint64_t offset;  // from the start of the block
  std::uint64_t rows;
  std::uint64_t row_bytes;
};
static_assert(sizeof(TableEntry) == 32);

class BlobView {
 public:
  BlobView() = default;
  // `bytes` may be longer than the block (a mapping's last page) and must lie on 8 bytes at least.
  static std::expected<BlobView, std::string> open(std::span<const std::byte> bytes);

  // The rows of one table; an absent table is empty. Refused if its version or row size differs.
  template <class Row>
  [[nodiscard]] std::expected<std::span<const Row>, std::string> table(
      std::uint32_t kind, std::uint32_t version) const {
    static_assert(std::is_trivially_copyable_v<Row> && alignof(Row) <= kBlobAlignment);
    auto raw = raw_table(kind, version, sizeof(Row));
    if (!raw) return std::unexpected(std::move(raw.error()));
    return std::span<const Row>(reinterpret_cast<const Row*>(raw->data()),
                                raw->size() / sizeof(Row));
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t checksum() const;

 private:
  [[nodiscard]] std::expected<std::span<const std::byte>, std::string> raw_table(
      std::uint32_t kind, std::uint32_t version, std::size_t row_bytes) const;

  std::span<const std::byte> bytes_;
  std::span<const TableEntry> tables_;
};

// Puts tables together into a block. Not for the hot path.
class BlobBuilder {
 public:
  // Kinds are added once each, in any order.
  template <class Row>
  void add_table(std::uint32_t kind, std::uint32_t version, std::span<const Row> rows) {
    static_assert(std::is_trivially_copyable_v<Row> && alignof(Row) <= kBlobAlignment);
    static_assert(std::has_unique_object_representations_v<Row>, "padding would not be determined");
    add_raw({.kind = kind,
             .version = version,
             .offset = 0,
             .rows = rows.size(),
             .row_bytes = sizeof(Row)},
            std::as_bytes(rows));
  }
  // The same tables give the same bytes. The rows must still be where they were when added.
  [[nodiscard]] std::vector<std::byte> finish();

 private:
  struct Pending {
    TableEntry entry;
    std::span<const std::byte> rows;
  };
  void add_raw(const TableEntry& entry, std::span<const std::byte> rows);

  std::vector<Pending> tables_;
};

}  // namespace headrace::core
