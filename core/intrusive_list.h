// A doubly linked list whose links live in its members: no allocation, O(1) unlinking without
// knowing the list.
//
// A type joins a list by deriving from ListHook<Tag>; one tag per list that it may stand in at the
// same time. The list owns nothing.
//
// Threads:    none of its own; list and members belong to one thread.
// Lifetime:   a member unlinks itself when it dies; a list that dies must be empty.
// Invariants: a hook stands in at most one list; linking a linked hook is a fatal error.
#pragma once

#include <cstddef>

#include "core/check.h"

namespace headrace::core {

struct DefaultListTag;

template <class Tag = DefaultListTag>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  [[nodiscard]] bool linked() const { return next_ != nullptr; }

  // Leaves its list, if it stands in one.
  void unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = nullptr;
    next_ = nullptr;
  }

 private:
  template <class T, class OtherTag>
  friend class IntrusiveList;

  ListHook* previous_ = nullptr;
  ListHook* next_ = nullptr;
};

static_assert(sizeof(ListHook<>) == 16);

template <class T, class Tag = DefaultListTag>
class IntrusiveList {
 public:
  IntrusiveList() { make_empty(); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    HEADRACE_CHECK(empty(), "a list died before its members left it");
    head_.next_ = nullptr;
  }

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
  // Undefined on an empty list.
  [[nodiscard]] T& front() { return as_member(*head_.next_); }
  [[nodiscard]] T& back() { return as_member(*head_.previous_); }

  void push_front(T& member) { insert_between(head_, as_hook(member), *head_.next_); }
  void push_back(T& member) { insert_between(*head_.previous_, as_hook(member), head_); }

  // nullptr when empty.
  T* pop_front() {
    if (empty()) return nullptr;
    T& member = front();
    as_hook(member).unlink();
    return &member;
  }

  // Takes all members of the other list, in their order, behind its own. O(1).
  void take_all(IntrusiveList& other) {
    if (other.empty()) return;
    Hook& first = *other.head_.next_;
    Hook& last = *other.head_.previous_;
    first.previous_ = head_.previous_;
    head_.previous_->next_ = &first;
    last.next_ = &head_;
    head_.previous_ = &last;
    other.make_empty();
  }

  // The member after this one, nullptr at the end: for walks that unlink nothing but the member
  // already left behind.
  [[nodiscard]] T* first() { return empty() ? nullptr : &front(); }
  [[nodiscard]] T* after(T& member) {
    Hook& next = *as_hook(member).next_;
    return &next == &head_ ? nullptr : &as_member(next);
  }

 private:
  using Hook = ListHook<Tag>;

  static Hook& as_hook(T& member) { return static_cast<Hook&>(member); }
  static T& as_member(Hook& hook) { return static_cast<T&>(hook); }

  void make_empty() {
    head_.previous_ = &head_;
    head_.next_ = &head_;
  }
  static void insert_between(Hook& before, Hook& hook, Hook& behind) {
    HEADRACE_CHECK(!hook.linked(), "an object was put into a list while it stood in one");
    hook.previous_ = &before;
    hook.next_ = &behind;
    before.next_ = &hook;
    behind.previous_ = &hook;
  }

  Hook head_;
};

}  // namespace headrace::core
