#include "core/base_blob.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "core/hash.h"

namespace headrace::core {
namespace {

struct Row {
  std::uint32_t number;
  std::uint32_t square;
};
constexpr std::uint32_t kRows = 7;
constexpr std::uint32_t kBytes = 9;

std::vector<std::byte> example() {
  const Row rows[] = {{2, 4}, {3, 9}, {4, 16}};
  const char text[] = {'a', 'b', 'c'};
  BlobBuilder builder;
  builder.add_table(kBytes, 1, std::span<const char>(text));
  builder.add_table(kRows, 2, std::span<const Row>(rows));
  return builder.finish();
}

// As somebody who writes a block by hand would leave it.
void sign(std::vector<std::byte>& block) {
  const std::uint64_t sum =
      hash64(std::span<const std::byte>(block).subspan(offsetof(BlobHeader, bytes)));
  std::memcpy(block.data() + offsetof(BlobHeader, checksum), &sum, sizeof sum);
}

TableEntry& entry(std::vector<std::byte>& block, std::size_t index) {
  return reinterpret_cast<TableEntry*>(block.data() + sizeof(BlobHeader))[index];
}

TEST(BaseBlob, GivesBackWhatWasPutIn) {
  const auto block = example();
  const auto view = BlobView::open(block);
  ASSERT_TRUE(view) << view.error();
  const auto rows = view->table<Row>(kRows, 2);
  ASSERT_TRUE(rows) << rows.error();
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[2].square, 16U);
  const auto text = view->table<char>(kBytes, 1);
  ASSERT_TRUE(text);
  EXPECT_EQ(std::string_view(text->data(), text->size()), "abc");
}

TEST(BaseBlob, StartsEachTableOnACacheLine) {
  auto block = example();
  EXPECT_EQ(entry(block, 0).offset % 64, 0U);
  EXPECT_EQ(entry(block, 1).offset % 64, 0U);
  EXPECT_EQ(block.size() % 64, 0U);
}

TEST(BaseBlob, SameTablesGiveSameBytes) {
  EXPECT_EQ(example(), example());
}

TEST(BaseBlob, IsToldApartByItsChecksum) {
  EXPECT_EQ(BlobView().checksum(), 0U);
  const auto block = example();
  const std::uint64_t sum = BlobView::open(block)->checksum();
  EXPECT_NE(sum, 0U);
  auto other = block;
  other[entry(other, 1).offset] ^= std::byte{1};
  sign(other);
  EXPECT_NE(BlobView::open(other)->checksum(), sum);
}

TEST(BaseBlob, RefusesOneThatDoesNotLieOnEightBytes) {
  const auto block = example();
  std::vector<std::byte> moved(block.size() + 1);
  std::ranges::copy(block, moved.begin() + 1);
  const auto view = BlobView::open(std::span<const std::byte>(moved).subspan(1));
  ASSERT_FALSE(view);
  EXPECT_NE(view.error().find("8 bytes"), std::string::npos) << view.error();
}

TEST(BaseBlob, OpensInALongerMapping) {
  auto block = example();
  const std::size_t bytes = block.size();
  block.resize(4096, std::byte{0xee});
  const auto view = BlobView::open(block);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->bytes().size(), bytes);
}

TEST(BaseBlob, AbsentTableIsEmpty) {
  const auto block = example();
  const auto rows = BlobView::open(block)->table<Row>(kRows + 1, 2);
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
}

TEST(BaseBlob, RefusesAnotherVersionOrRowSize) {
  const auto block = example();
  const auto view = BlobView::open(block);
  EXPECT_FALSE(view->table<Row>(kRows, 1));
  EXPECT_FALSE(view->table<std::uint64_t[2]>(kRows, 2));
}

TEST(BaseBlob, RefusesEveryTruncation) {
  const auto block = example();
  for (std::size_t bytes = 0; bytes < block.size(); ++bytes) {
    const std::vector<std::byte> part(block.begin(), block.begin() + static_cast<long>(bytes));
    EXPECT_FALSE(BlobView::open(part)) << bytes;
  }
}

TEST(BaseBlob, RefusesEveryFlippedBit) {
  auto block = example();
  for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    block[bit / 8] ^= mask;
    EXPECT_FALSE(BlobView::open(block)) << bit;
    block[bit / 8] ^= mask;
  }
  EXPECT_TRUE(BlobView::open(block));
}

TEST(BaseBlob, RefusesTablesThatLieOutsideOrOverlap) {
  const auto good = example();
  struct Case {
    const char* what;
    void (*change)(std::vector<std::byte>&);
  };
  const Case cases[] = {
      {"offset beyond the end", [](auto& block) { entry(block, 1).offset = block.size() + 64; }},
      {"offset in the directory", [](auto& block) { entry(block, 0).offset = 64; }},
      {"offset not aligned", [](auto& block) { entry(block, 1).offset += 8; }},
      {"rows beyond the end", [](auto& block) { entry(block, 1).rows = 1'000'000; }},
      {"rows that wrap", [](auto& block) { entry(block, 1).rows = ~std::uint64_t{0} / 4; }},
      {"rows of no size", [](auto& block) { entry(block, 0).row_bytes = 0; }},
      {"one kind twice", [](auto& block) { entry(block, 1).kind = entry(block, 0).kind; }},
      {"one table over another",
       [](auto& block) { entry(block, 1).offset = entry(block, 0).offset; }},
  };
  for (const Case& one : cases) {
    auto block = good;
    one.change(block);
    sign(block);
    EXPECT_FALSE(BlobView::open(block)) << one.what;
  }
}

TEST(BaseBlob, RefusesTooManyTables) {
  auto block = example();
  const auto count = static_cast<std::uint32_t>(kBlobTablesMax + 1);
  std::memcpy(block.data() + offsetof(BlobHeader, table_count), &count, sizeof count);
  sign(block);
  EXPECT_FALSE(BlobView::open(block));
}

}  // namespace
}  // namespace headrace::core
