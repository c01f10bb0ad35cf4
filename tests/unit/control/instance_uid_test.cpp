#include "agent/control/instance_uid.h"

#include <gmock/gmock.h>

#include "common/opamp/instance_uid.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::control {
namespace {

TEST(InstanceUid, SurvivesARestartAndIsReplacedWhenTheServerSaysSo) {
    const test::TempFolder folder;
    const auto first = load_instance_uid(folder.path());
    ASSERT_TRUE(first);
    EXPECT_EQ(load_instance_uid(folder.path()), first);
    const auto other = opamp::make_instance_uid(7, "abcdefghij");
    ASSERT_TRUE(store_instance_uid(folder.path(), other));
    EXPECT_EQ(load_instance_uid(folder.path()), other);
}

TEST(InstanceUid, ADamagedFileIsReplaced) {
    const test::TempFolder folder;
    const auto first = load_instance_uid(folder.path());
    const auto text = test::contents_of(folder.at("instance-uid"));
    for (std::size_t size = 0; size < 36; ++size) {
        test::rewrite(folder.at("instance-uid"), text.substr(0, size));
        const auto made = load_instance_uid(folder.path());
        ASSERT_TRUE(made) << size;
        EXPECT_NE(made, first);
    }
}

TEST(InstanceUid, WithoutAFolderToWriteToThereIsNone) {
    EXPECT_FALSE(load_instance_uid("/no/such/folder"));
}

}  // namespace
}  // namespace agent::control
