#include "center/model/names.h"

#include <gmock/gmock.h>

namespace center::model {
namespace {

TEST(Names, OfLowerCaseLettersDigitsAndDotsAreGood) {
    for (const auto* name : {"a", "9", "nginx", "web-01.access_log"}) EXPECT_FALSE(check_name(name)) << name;
    EXPECT_FALSE(check_name(std::string(kNameBytesMax, 'a')));
}

TEST(Names, ThatWouldLeaveTheirFolderOrSurpriseAnybodyAreRefused) {
    for (const auto* name : {"", "..", "../etc", "a/b", "-a", ".a", "_a", "A", "a b", "a\n", "ä", "a%2f"})
        EXPECT_TRUE(check_name(name)) << name;
    EXPECT_TRUE(check_name(std::string(kNameBytesMax + 1, 'a')));
    EXPECT_TRUE(check_name(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace center::model
