#include "core/intrusive_list.h"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

struct FirstTag;
struct SecondTag;

struct Member : ListHook<FirstTag>, ListHook<SecondTag> {
  explicit Member(int number_given) : number(number_given) {}
  int number;
};

using FirstList = IntrusiveList<Member, FirstTag>;
using SecondList = IntrusiveList<Member, SecondTag>;

std::vector<int> numbers_in(FirstList& list) {
  std::vector<int> numbers;
  for (Member* member = list.first(); member != nullptr; member = list.after(*member)) {
    numbers.push_back(member->number);
  }
  return numbers;
}

TEST(IntrusiveList, KeepsTheOrderOfBothEnds) {
  Member one(1);
  Member two(2);
  Member three(3);
  FirstList list;
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  EXPECT_EQ(numbers_in(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(list.back().number, 3);
  while (list.pop_front() != nullptr) {
  }
}

TEST(IntrusiveList, UnlinksFromTheMiddleAndBothEnds) {
  for (int removed = 0; removed < 3; ++removed) {
    Member members[] = {Member(0), Member(1), Member(2)};
    FirstList list;
    for (Member& member : members)
      list.push_back(member);
    static_cast<ListHook<FirstTag>&>(members[removed]).unlink();
    std::vector<int> rest{0, 1, 2};
    rest.erase(rest.begin() + removed);
    EXPECT_EQ(numbers_in(list), rest);
    EXPECT_FALSE(static_cast<ListHook<FirstTag>&>(members[removed]).linked());
    while (list.pop_front() != nullptr) {
    }
  }
}

TEST(IntrusiveList, LetsAMemberStandInTwoListsByTag) {
  FirstList first;
  SecondList second;
  {
    Member member(7);
    first.push_back(member);
    second.push_back(member);
    EXPECT_EQ(first.pop_front(), &member);
    EXPECT_EQ(&second.front(), &member);
  }
  EXPECT_TRUE(second.empty());
}

TEST(IntrusiveList, AMemberLeavesWhenItDies) {
  FirstList list;
  Member stays(1);
  list.push_back(stays);
  {
    Member goes(2);
    list.push_front(goes);
  }
  EXPECT_EQ(numbers_in(list), (std::vector{1}));
  list.pop_front();
}

TEST(IntrusiveList, TakesAllOfAnotherInOrder) {
  Member one(1);
  Member two(2);
  Member three(3);
  FirstList list;
  FirstList other;
  list.take_all(other);
  EXPECT_TRUE(list.empty());
  list.push_back(one);
  other.push_back(two);
  other.push_back(three);
  list.take_all(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(numbers_in(list), (std::vector{1, 2, 3}));
  static_cast<ListHook<FirstTag>&>(three).unlink();
  EXPECT_EQ(numbers_in(list), (std::vector{1, 2}));
  while (list.pop_front() != nullptr) {
  }
}

TEST(IntrusiveListDeathTest, RefusesToLinkTwice) {
  Member member(1);
  FirstList list;
  list.push_back(member);
  EXPECT_DEATH(list.push_back(member), "while it stood in one");
  list.pop_front();
}

TEST(IntrusiveListDeathTest, RefusesToDieBeforeItsMembers) {
  EXPECT_DEATH(
      {
        Member member(1);
        FirstList list;
        list.push_back(member);
      },
      "before its members");
}

}  // namespace
}  // namespace headrace::core
