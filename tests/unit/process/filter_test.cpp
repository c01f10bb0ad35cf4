#include "common/process/filter.h"

#include <gmock/gmock.h>

namespace process {
namespace {

bool keeps(const FilterOptions& options, std::string_view line) {
    const Origin origin;
    Record record;
    record.begin(line, 0, origin, {});
    record.put("status") = Value::of_number("200");
    auto filter = make_filter(options);
    EXPECT_TRUE(filter);
    EXPECT_EQ((*filter)->drop_reason(), "filtered");
    return (*filter)->process(record) == Verdict::keep;
}

TEST(Filter, KeepsWhatHasOneOfTheIncludedPatternsAndNoneOfTheExcludedOnes) {
    const FilterOptions options{.include = {"GET", "POST"}, .exclude = {"/health", "bot$"}};
    EXPECT_TRUE(keeps(options, "GET /"));
    EXPECT_TRUE(keeps(options, "POST /"));
    EXPECT_FALSE(keeps(options, "PUT /"));
    EXPECT_FALSE(keeps(options, "GET /health"));
    EXPECT_FALSE(keeps(options, "GET / bot"));
}

TEST(Filter, KeepsWhatTheConditionHoldsFor) {
    EXPECT_TRUE(keeps({.where = "status == 200"}, ""));
    EXPECT_FALSE(keeps({.where = "status != 200"}, ""));
    EXPECT_FALSE(keeps({.exclude = {"x"}, .where = "status == 200"}, "x"));
}

TEST(Filter, AllThatIsWrongIsToldAtOnce) {
    const auto made = make_filter({.include = {"a", "("}, .exclude = {"["}, .where = "x =="});
    ASSERT_FALSE(made);
    ASSERT_EQ(made.error().size(), 3U);
    EXPECT_EQ(made.error()[0].key, "include[1]");
    EXPECT_EQ(made.error()[1].key, "exclude[0]");
    EXPECT_EQ(made.error()[2].key, "where");
    EXPECT_THAT(make_filter({}).error().at(0).message, testing::HasSubstr("filters nothing"));
}

}  // namespace
}  // namespace process
