#include "common/opamp/instance_uid.h"

#include <gmock/gmock.h>

namespace opamp {
namespace {

TEST(InstanceUid, IsAUuidOfVersion7) {  // RFC 9562, appendix A.6
    const std::string random("\x0C\xC3\x18\xC4\xDC\x0C\x0C\x07\x39\x8F", 10);
    EXPECT_EQ(instance_uid_text(make_instance_uid(0x017F22E279B0, random)), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(InstanceUid, ItsTextIsReadBackAndNothingElseIs) {
    const auto uid = make_instance_uid(1, "0123456789");
    EXPECT_EQ(parse_instance_uid(instance_uid_text(uid)), uid);
    for (const auto* wrong : {"", "x", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                              "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "0-17f22e2-79b0-7cc3-98c4-dc0c0c07398f"})
        EXPECT_FALSE(parse_instance_uid(wrong)) << wrong;
}

TEST(InstanceUid, NoTwoAreTheSame) {
    EXPECT_NE(new_instance_uid(), new_instance_uid());
}

}  // namespace
}  // namespace opamp
