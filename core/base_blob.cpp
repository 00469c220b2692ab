#include "core/base_blob.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/hash.h"

namespace headrace::core {
namespace {

// Magic and the checksum itself stand before what is summed.
constexpr std::size_t kSummedFrom = offsetof(BlobHeader, bytes);

std::uint64_t sum_of(std::span<const std::byte> block) {
  return hash64(block.subspan(kSummedFrom));
}

constexpr std::uint64_t round_up(std::uint64_t value) {
  return (value + kBlobTableAlignment - 1) / kBlobTableAlignment * kBlobTableAlignment;
}

std::unexpected<std::string> refuse(const char* why) {
  return std::unexpected(std::string("the config base is not usable: ") + why);
}

// Every table inside the block, in order, aligned, apart from all others.
const char* judge_tables(std::span<const TableEntry> tables, std::uint64_t block_bytes) {
  std::uint64_t free_from = sizeof(BlobHeader) + tables.size_bytes();
  std::uint32_t last_kind = 0;
  for (const TableEntry& table : tables) {
    if (table.kind <= last_kind) return "its tables are not in order";
    last_kind = table.kind;
    if (table.offset % kBlobTableAlignment != 0) return "a table is not aligned";
    if (table.offset < free_from || table.offset > block_bytes) return "a table lies outside";
    if (table.row_bytes == 0) return "a table has rows of no size";
    if (table.rows > (block_bytes - table.offset) / table.row_bytes) {
      return "a table reaches beyond the end";
    }
    free_from = table.offset + table.rows * table.row_bytes;
  }
  return nullptr;
}

}  // namespace

std::expected<BlobView, std::string> BlobView::open(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(BlobHeader)) return refuse("it is shorter than its header");
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kBlobAlignment != 0) {
    return refuse("it does not lie on 8 bytes");
  }
  BlobHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kBlobMagic) return refuse("it does not begin as one");
  if (header.layout_version != kBlobLayoutVersion) {
    return refuse("it was written by another version; compile the config again");
  }
  if (header.table_count > kBlobTablesMax) return refuse("it has too many tables");
  const std::uint64_t directory_end =
      sizeof(BlobHeader) + header.table_count * std::uint64_t{sizeof(TableEntry)};
  if (header.bytes > bytes.size() || header.bytes < directory_end) {
    return refuse("its length is not what its header says");
  }
  bytes = bytes.first(header.bytes);
  if (header.checksum != sum_of(bytes)) return refuse("its checksum does not fit");

  BlobView view;
  view.bytes_ = bytes;
  view.tables_ = {reinterpret_cast<const TableEntry*>(bytes.data() + sizeof(BlobHeader)),
                  header.table_count};
  if (const char* why = judge_tables(view.tables_, header.bytes)) return refuse(why);
  return view;
}

std::uint64_t BlobView::checksum() const {
  if (bytes_.empty()) return 0;
  std::uint64_t sum = 0;
  std::memcpy(&sum, bytes_.data() + offsetof(BlobHeader, checksum), sizeof sum);
  return sum;
}

std::expected<std::span<const std::byte>, std::string> BlobView::raw_table(
    std::uint32_t kind, std::uint32_t version, std::size_t row_bytes) const {
  const auto found = std::ranges::lower_bound(tables_, kind, {}, &TableEntry::kind);
  if (found == tables_.end() || found->kind != kind) return std::span<const std::byte>();
  if (found->version != version || found->row_bytes != row_bytes) {
    return refuse("a table has another version; compile the config again");
  }
  return bytes_.subspan(found->offset, found->rows * found->row_bytes);
}

void BlobBuilder::add_raw(const TableEntry& entry, std::span<const std::byte> rows) {
  HEADRACE_CHECK(tables_.size() < kBlobTablesMax);
  HEADRACE_CHECK(entry.kind != 0);
  HEADRACE_CHECK(
      std::ranges::none_of(tables_, [&](const Pending& p) { return p.entry.kind == entry.kind; }),
      "a table was added twice");
  tables_.push_back({entry, rows});
}

std::vector<std::byte> BlobBuilder::finish() {
  std::ranges::sort(tables_, {}, [](const Pending& table) { return table.entry.kind; });
  std::uint64_t end = sizeof(BlobHeader) + tables_.size() * sizeof(TableEntry);
  for (Pending& table : tables_) {
    table.entry.offset = round_up(end);
    end = table.entry.offset + table.rows.size();
  }
  end = round_up(end);

  std::vector<std::byte> block(end);
  BlobHeader header{.magic = kBlobMagic,
                    .checksum = 0,
                    .bytes = end,
                    .layout_version = kBlobLayoutVersion,
                    .table_count = static_cast<std::uint32_t>(tables_.size()),
                    .reserved = {}};
  std::memcpy(block.data(), &header, sizeof header);
  std::size_t place = sizeof header;
  for (const Pending& table : tables_) {
    std::memcpy(block.data() + place, &table.entry, sizeof table.entry);
    place += sizeof table.entry;
    if (table.rows.empty()) continue;
    std::memcpy(block.data() + table.entry.offset, table.rows.data(), table.rows.size());
  }
  const std::uint64_t sum = sum_of(block);
  std::memcpy(block.data() + offsetof(BlobHeader, checksum), &sum, sizeof sum);
  return block;
}

}  // namespace headrace::core
