#include "policy/quota/take.h"

#include "tests/policy/quota/quota_world.h"

namespace headrace::policy {
namespace {

class TakeTest : public testing::Test {
 protected:
  std::optional<QuotaRefusal> ask(QuotaWorld& world, std::int64_t amount, Taken& taken) {
    chain_ = world.chain(QuotaStage::reserve);
    ChainAmounts amounts{};
    amounts.fill(amount);
    return take(*shard_, chain_, amounts, core::limit_time({}), taken);
  }

  core::LimitWorld memory_{{}};
  std::unique_ptr<core::ShardLimits> shard_ = memory_.shard(0);
  LimitChain chain_;
};

TEST_F(TakeTest, TakesOfAllOrOfNone) {
  QuotaWorld world(tenant_and_key(", limits: [{measure: tokens, per: day, value: 100}]",
                                  ", limits: [{measure: tokens, per: day, value: 30}]"));
  Taken first;
  EXPECT_FALSE(ask(world, 20, first));
  EXPECT_EQ(first.permit.size(), 2U);
  Taken second;
  const auto refused = ask(world, 20, second);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->limit->scope, config::ScopeKind::key);
  EXPECT_EQ(refused->cause, core::RefusalCause::spent);
  // The wider limit was left alone.
  EXPECT_EQ(shard_->read(chain_[0].terms, core::limit_time({})).remaining, 80);
}

TEST_F(TakeTest, SoftLimitsGiveWhatTheyHaveAndGoIntoDebt) {
  QuotaWorld world(
      tenant_and_key(", limits: [{measure: tokens, per: day, value: 10, action: soft}]"));
  Taken first;
  EXPECT_FALSE(ask(world, 25, first));
  EXPECT_EQ(first.permit.reserved(0), 10);
  EXPECT_EQ(first.beyond_soft, 1U);
  const std::array<std::int64_t, 1> used = {25};
  first.permit.settle(used, core::limit_time({}));
  EXPECT_EQ(shard_->read(chain_[0].terms, core::limit_time({})).debt, 15);
  Taken second;
  EXPECT_FALSE(ask(world, 25, second));
  EXPECT_TRUE(second.permit.empty());
}

TEST_F(TakeTest, AnUnknownLimitIsClosedUnlessItsOperatorWantsItOpen) {
  // No room for a single window.
  core::LimitWorld full({.entries = 64, .blocks = 1});
  const auto shard = full.shard(0);
  const auto ask_for = [&](const std::string& model, bool open, Taken& taken) {
    QuotaWorld world(tenant_and_key(", limits: [{measure: requests, value: 10, model: " + model +
                                    ", on_failure: " + (open ? "open" : "closed") + "}]"));
    const LimitChain chain = world.chain(QuotaStage::admit, model);
    ChainAmounts amounts{};
    amounts.fill(1);
    return take(*shard, chain, amounts, core::limit_time({}), taken);
  };
  Taken first;
  ASSERT_FALSE(ask_for("a", false, first));
  for (const bool open : {false, true}) {
    Taken taken;
    const auto refused = ask_for("b", open, taken);
    EXPECT_EQ(refused.has_value(), !open);
    if (refused) {
      EXPECT_EQ(refused->cause, core::RefusalCause::no_room);
    }
    EXPECT_EQ(taken.failed_open, open ? 1U : 0U);
    EXPECT_TRUE(taken.permit.empty());
  }
}

}  // namespace
}  // namespace headrace::policy
