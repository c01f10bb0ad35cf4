#include "agent/admin/columns.h"

#include <gmock/gmock.h>

namespace agent::admin {
namespace {

using testing::ElementsAre;

TEST(Columns, AreAsWideAsWhatIsInThem) {
    const std::vector<Column> columns{{.heading = "NAME", .side = Side::left}, {.heading = "LAG"}};
    EXPECT_THAT(lay_out(columns, {{"nginx", "5 B"}, {"a", "100.0 KiB"}}, 80),
                ElementsAre("NAME         LAG", "nginx        5 B", "a      100.0 KiB"));
}

TEST(Columns, AreCutWhereTheScreenIsNarrowThenTheLeastImportantGo) {
    const std::vector<Column> columns{{.heading = "NAME", .side = Side::left, .importance = 9, .width_min = 5},
                                      {.heading = "LAG", .importance = 5},
                                      {.heading = "P50", .importance = 1}};
    const std::vector<Cells> rows{{"a-long-name", "5 B", "1 ms"}};
    EXPECT_THAT(lay_out(columns, rows, 22), ElementsAre("NAME         LAG   P50", "a-long-name  5 B  1 ms"));
    EXPECT_THAT(lay_out(columns, rows, 18), ElementsAre("NAME     LAG   P50", "a-long…  5 B  1 ms"));
    EXPECT_THAT(lay_out(columns, rows, 15), ElementsAre("NAME        LAG", "a-long-na…  5 B"));  // what went left room
    EXPECT_THAT(lay_out(columns, rows, 9), ElementsAre("NAME", "a-long-n…"));
    EXPECT_THAT(lay_out(columns, rows, 3), ElementsAre("NA…", "a-…"));
}

TEST(Columns, NoLineIsWiderThanTheScreenAtAnyWidth) {
    const std::vector<Column> columns{{.heading = "NAME", .side = Side::left, .importance = 2, .width_min = 8},
                                      {.heading = "RATE", .importance = 1},
                                      {.heading = "FILE", .side = Side::left, .width_min = 8, .is_path = true}};
    const std::vector<Cells> rows{{"ordinary", "1.0", "/var/log/app/日志文件.log"}, {"日志日志日志日志", "-", "/é"}};
    for (std::size_t width = 0; width < 60; ++width)
        for (const auto& line : lay_out(columns, rows, width)) EXPECT_LE(width_of(line), width) << line;
}

TEST(Columns, PathsAreCutAtTheirBeginning) {
    EXPECT_EQ(cut_beginning("/var/log/app/app.log", 10), "…p/app.log");
    EXPECT_EQ(cut_beginning("/var/日志.log", 9), "…日志.log");
    EXPECT_EQ(cut_beginning("/var/日志.log", 8), "…志.log");  // half a character is none
    EXPECT_EQ(cut_end("日志文件", 5), "日志…");
    EXPECT_EQ(cut_end("日志文件", 4), "日…");
    EXPECT_EQ(cut_end("abc", 3), "abc");
    EXPECT_EQ(cut_end("abc", 0), "");
    EXPECT_EQ(cut_beginning("abc", 0), "");
}

TEST(Columns, WhatIsNoUtf8IsCountedByteByByte) {
    EXPECT_EQ(width_of("\xff\xfe"), 2U);
    EXPECT_EQ(width_of("a\xe6"), 2U);
    EXPECT_EQ(width_of(""), 0U);
}

TEST(Columns, WhatWouldMoveTheCursorIsShownAsAQuestionMark) {
    EXPECT_EQ(printable("a\x1b[31m\tb\n"), "a?[31m?b?");
    EXPECT_EQ(printable("\x7f\xc2\x9b"
                        "31m"),
              "??31m");  // CSI in one character
    EXPECT_EQ(printable("日志 é"), "日志 é");
}

TEST(Columns, DurationsAreInTheUnitThatFits) {
    EXPECT_EQ(show_duration(-1), "0 s");
    EXPECT_EQ(show_duration(119), "119 s");
    EXPECT_EQ(show_duration(120), "2 min");
    EXPECT_EQ(show_duration(7200), "2 h");
    EXPECT_EQ(show_duration(200'000), "2 d");
}

}  // namespace
}  // namespace agent::admin
