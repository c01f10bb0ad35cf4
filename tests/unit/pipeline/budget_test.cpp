#include "agent/pipeline/budget.h"

#include <gtest/gtest.h>

namespace agent::pipeline {
namespace {

TEST(Budget, HasRoomUntilItIsUsedUp) {
    Budget budget(100);
    EXPECT_TRUE(budget.has_room());
    budget.take(99);
    EXPECT_TRUE(budget.has_room());
    budget.take(50);
    EXPECT_FALSE(budget.has_room()) << "the last one may go over";
    EXPECT_EQ(budget.bytes(), 149U);
    budget.give_back(50);
    EXPECT_TRUE(budget.has_room());
}

TEST(BudgetDeathTest, TakesBackNoMoreThanItGave) {
    Budget budget(100);
    budget.take(10);
    EXPECT_DEATH(budget.give_back(11), "bytes");
}

}  // namespace
}  // namespace agent::pipeline
