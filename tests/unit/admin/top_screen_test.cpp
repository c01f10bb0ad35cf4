#include "agent/admin/top_screen.h"

#include <gmock/gmock.h>

#include "agent/admin/columns.h"
#include "agent/admin/status_report.h"

namespace agent::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr ScreenSize kWide{.columns = 120, .rows = 40};

pipeline::FileStatus file(std::uint64_t inode, const std::string& path, std::uint64_t read, std::uint64_t lag) {
    pipeline::FileStatus status{.identity = {.device = 1, .inode = inode, .generation = 3},
                                .path = path,
                                .size_bytes = read + lag,
                                .lag_bytes = lag,
                                .state = "reading"};
    status.books.read = read;
    return status;
}

// An agent with one pipeline that has read so many bytes, in lines of ten, and delivered all but `lag`.
struct Scene {
    AgentAbout about{.name = "host-1",
                     .version = "0.1.0",
                     .session = "s-1",
                     .config_file = "/etc/venus-agent/agent.toml",
                     .uptime = std::chrono::seconds(7300),
                     .store_set_aside = {}};
    pipeline::ShardStatus status{.pipelines = {}, .in_flight_bytes = 2048, .memory_limit_bytes = 1 << 20};
    Health health;
    std::string metrics;

    explicit Scene(std::uint64_t bytes, std::uint64_t lag = 0) {
        status.pipelines.push_back({.name = "nginx",
                                    .sink = {.type = "kafka", .target = "main/raw", .trouble = {}},
                                    .files = {file(1, "/var/log/a.log", bytes, lag)},
                                    .lines_read = bytes / 10,
                                    .records_acked = (bytes - lag) / 10,
                                    .lag_bytes = lag});
        status.pipelines[0].books.read = bytes;
        metrics = "venus_agent_delivery_seconds_bucket{pipeline=\"nginx\",sink=\"kafka\",le=\"0.005\"} " +
                  std::to_string(bytes / 10) +
                  "\nvenus_agent_delivery_seconds_bucket{pipeline=\"nginx\",sink=\"kafka\",le=\"+Inf\"} " +
                  std::to_string(bytes / 10) + "\n";
    }
    Look look(int second) const {
        return {.status = status_json(about, status, health),
                .metrics = metrics,
                .at = std::chrono::steady_clock::time_point(std::chrono::seconds(second))};
    }
};

std::string text_of(const base::Result<std::vector<ScreenLine>>& screen) {
    std::string text;
    for (const auto& line : screen.value()) text += line.text + "\n";
    return text;
}

TEST(TopScreen, ShowsRatesAndLatenciesBetweenTwoLooks) {
    EXPECT_EQ(text_of(top_screen(Scene(10'000).look(10), Scene(50'960, 200).look(12), kWide)),
              "host-1 0.1.0  healthy  up 2 h  in flight 2.0 KiB of 1.0 MiB\n"
              "\n"
              "PIPELINE  LINES/s  ACKED/s   BYTES/s    LAG  IN FLIGHT     P50     P99  STATE    SINK\n"
              "nginx        2048     2038  20.0 KiB  200 B        0 B  2.5 ms  5.0 ms  healthy  kafka main/raw\n"
              "\n"
              " BYTES/s    LAG  STATE    PIPELINE  FILE\n"
              "20.0 KiB  200 B  reading  nginx     /var/log/a.log\n");
}

TEST(TopScreen, OneLookHasNoRates) {
    const auto look = Scene(10'000).look(10);
    EXPECT_THAT(text_of(top_screen(look, look, kWide)), HasSubstr("nginx           -        -        -  0 B"));
}

TEST(TopScreen, AnAgentThatWasStartedInBetweenHasNoRates) {
    Scene restarted(100);
    restarted.about.session = "s-2";
    const auto text = text_of(top_screen(Scene(10'000).look(10), restarted.look(11), kWide));
    EXPECT_THAT(text, HasSubstr("nginx           -        -        -  0 B        0 B    -    -  healthy"));
}

TEST(TopScreen, APipelineOrAFileThatIsNewHasNoRateYet) {
    Scene later(10'000);
    later.status.pipelines[0].files.push_back(file(2, "/var/log/new.log", 500, 0));
    later.status.pipelines.push_back(later.status.pipelines[0]);
    later.status.pipelines[1].name = "other";
    const auto text = text_of(top_screen(Scene(10'000).look(1), later.look(2), kWide));
    EXPECT_THAT(text, HasSubstr("other           -        -        -"));
    EXPECT_THAT(text, HasSubstr("      -  0 B  reading  nginx     /var/log/new.log"));
}

TEST(TopScreen, TheBusiestFilesComeFirstThenThoseWithMostLag) {
    Scene before(10'000);
    auto& old = before.status.pipelines[0].files;
    old.push_back(file(2, "/var/log/busy.log", 0, 0));
    old.push_back(file(3, "/var/log/behind.log", 0, 5'000));
    Scene after = before;
    after.status.pipelines[0].files[1].books.read = 9'999;
    const auto text = text_of(top_screen(before.look(1), after.look(2), kWide));
    EXPECT_LT(text.find("busy.log"), text.find("behind.log"));
    EXPECT_LT(text.find("behind.log"), text.find("a.log"));
}

TEST(TopScreen, TroubleIsSaidAndStandsOut) {
    Scene ill(10'000);
    ill.health.reasons = {"pipeline nginx: no broker answers"};
    ill.status.pipelines[0].sink.healthy = false;
    const auto screen = top_screen(ill.look(1), ill.look(2), kWide);
    EXPECT_THAT(*screen, testing::Contains(
                             ScreenLine{.text = "! pipeline nginx: no broker answers", .emphasis = Emphasis::alarm}));
    EXPECT_THAT(text_of(screen), HasSubstr("DEGRADED  up"));
    EXPECT_THAT(text_of(screen), HasSubstr("DEGRADED  kafka"));
}

TEST(TopScreen, TheCenterIsShownWhereThereIsOne) {
    Scene managed(10'000);
    managed.about.center = model::CenterStatus{.endpoint = "https://center:4320/v1/opamp",
                                               .connected = true,
                                               .last_contact = std::chrono::seconds(3),
                                               .revision = 12};
    EXPECT_THAT(text_of(top_screen(managed.look(1), managed.look(2), kWide)),
                HasSubstr("center https://center:4320/v1/opamp  connected  last contact 3 s ago  revision 12"));
    managed.about.center->connected = false;
    EXPECT_THAT(text_of(top_screen(managed.look(1), managed.look(2), kWide)), HasSubstr("OUT OF REACH"));
}

TEST(TopScreen, OfManyPipelinesThoseInTroubleAndTheBusiestAreShown) {
    Scene many(10'000);
    for (int i = 1; i < 60; ++i) {
        many.status.pipelines.push_back(many.status.pipelines[0]);
        many.status.pipelines.back().name = "p" + std::to_string(i);
    }
    many.status.pipelines.back().sink.healthy = false;
    Scene later = many;
    later.status.pipelines[40].books.read += 4'096;
    const auto screen = top_screen(many.look(1), later.look(2), {.columns = 100, .rows = 24});
    ASSERT_TRUE(screen);
    const auto& lines = *screen;
    const auto row = [&](std::string_view name) {
        return std::ranges::find_if(lines, [&](const auto& line) { return line.text.starts_with(name); });
    };
    ASSERT_NE(row("p59 "), lines.end());
    EXPECT_EQ(row("p59 ")->emphasis, Emphasis::alarm);
    ASSERT_NE(row("p40 "), lines.end());
    EXPECT_EQ(row("p40 "), row("p59 ") + 1);
    EXPECT_EQ(row("p40 ")->emphasis, Emphasis::none);
    EXPECT_NE(row("and 4"), lines.end()) << "how many more there are";
    EXPECT_THAT(text_of(screen), HasSubstr("FILE")) << "there is room for files";
}

TEST(TopScreen, WhatAFileIsCalledIsNoAlarm) {
    Scene odd(10'000);
    odd.status.pipelines[0].files[0].path = "/var/log/DEGRADED.log";
    const auto screen = top_screen(odd.look(1), odd.look(2), kWide);
    for (const auto& line : *screen) EXPECT_NE(line.emphasis, Emphasis::alarm) << line.text;
}

TEST(TopScreen, FitsIntoAScreenOfAnySize) {
    Scene many(10'000);
    many.health.reasons = {"one", "two", "three", "four", "five", "six"};
    for (std::uint64_t i = 0; i < 12; ++i)
        many.status.pipelines[0].files.push_back(file(i + 9, "/var/log/日志/" + std::to_string(i) + ".log", i, i));
    for (std::uint64_t i = 0; i < 8; ++i) many.status.pipelines.push_back(many.status.pipelines[0]);
    for (std::size_t columns = 0; columns < 130; columns += 3)
        for (std::size_t rows = 0; rows < 50; rows += 7) {
            const auto screen = top_screen(many.look(1), many.look(2), {.columns = columns, .rows = rows});
            ASSERT_TRUE(screen);
            ASSERT_LE(screen->size(), rows);
            for (const auto& line : *screen) ASSERT_LE(width_of(line.text), columns) << line.text;
        }
}

TEST(TopScreen, NamesOfFilesCannotMoveTheCursor) {
    Scene evil(10'000);
    evil.status.pipelines[0].files[0].path = "/var/log/\x1b[2Jx.log";
    EXPECT_THAT(text_of(top_screen(evil.look(1), evil.look(2), kWide)), Not(HasSubstr("\x1b")));
}

TEST(TopScreen, WhatIsNoStatusIsSaid) {
    const auto good = Scene(10'000).look(1);
    for (const auto* text : {"", "no json", "{}", R"({"session": "s-1"})"}) {
        Look bad = good;
        bad.status = text;
        EXPECT_FALSE(top_screen(good, bad, kWide)) << text;
        EXPECT_FALSE(top_screen(bad, good, kWide)) << text;
    }
}

}  // namespace
}  // namespace agent::admin
