#include "common/process/sample.h"

#include <limits>
#include <set>

#include <gmock/gmock.h>

namespace process {
namespace {

// The offsets that are kept of 10,000 records, ten bytes each.
std::set<int> kept(const SampleOptions& options, std::string_view file_id = "1-2-3", std::string_view name = "sample") {
    const Origin origin{.file_id = file_id};
    Record record;
    auto sample = make_sample(options, name, {});
    EXPECT_TRUE(sample);
    std::set<int> offsets;
    for (int i = 0; i < 10'000; ++i) {
        record.begin("", static_cast<std::uint64_t>(i) * 10, origin, {});
        const auto user = std::to_string(i % 100);
        record.put("user") = Value::of_text(user);
        if ((*sample)->process(record) == Verdict::drop) continue;
        offsets.insert(i);
        EXPECT_EQ(record.find("sample_rate") != nullptr, options.add_rate);
    }
    return offsets;
}

TEST(Sample, KeepsAboutTheShareThatWasAskedFor) {
    EXPECT_EQ(kept({.rate = 0}).size(), 0U);
    EXPECT_EQ(kept({.rate = 1}).size(), 10'000U);
    EXPECT_NEAR(static_cast<double>(kept({.rate = 0.1, .add_rate = true}).size()), 1000, 150);
}

TEST(Sample, ARecordHasTheSameFateWheneverItIsRead) {
    EXPECT_EQ(kept({.rate = 0.3}), kept({.rate = 0.3}));
    EXPECT_NE(kept({.rate = 0.3}), kept({.rate = 0.3}, "another file"));
    EXPECT_NE(kept({.rate = 0.3}), kept({.rate = 0.3}, "1-2-3", "sample-2"));
}

TEST(Sample, RecordsOfOneKeyHaveOneFate) {
    const auto offsets = kept({.rate = 0.5, .key = "{fields.user}"});
    std::set<int> users;
    for (const auto at : offsets) users.insert(at % 100);
    EXPECT_EQ(offsets.size(), users.size() * 100);
    EXPECT_NEAR(static_cast<double>(users.size()), 50, 20);
    EXPECT_EQ(offsets, kept({.rate = 0.5, .key = "{fields.user}"}, "of another host", "sample-2"));
}

TEST(Sample, WhatIsNoShareOrNoTemplateIsRefused) {
    for (const double rate : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()})
        EXPECT_EQ(make_sample({.rate = rate}, "", {}).error().at(0).key, "rate");
    EXPECT_EQ(make_sample({.key = "{usr}"}, "", {}).error().at(0).key, "key");
}

}  // namespace
}  // namespace process
