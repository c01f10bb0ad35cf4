#include "agent/deliver/file_sink.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/deliver/line_writer.h"
#include "common/base/assert.h"
#include "common/config/central.h"

namespace agent::deliver {

namespace {

constexpr mode_t kFileMode = 0640;

// Where links lead counts, not what the path says.
base::Result<void> check_within(const std::string& path, const std::vector<std::string>& within) {
    std::error_code wrong;
    const auto real = std::filesystem::weakly_canonical(path, wrong);
    if (wrong) return base::fail("cannot open {}: {}", path, wrong.message());
    const auto allows = [&](const auto& glob) { return config::is_within(real.string(), glob); };
    if (within.empty() || std::ranges::any_of(within, allows)) return {};
    return base::fail("cannot open {}: it is {}, which is not within agent.allow_sink_paths", path, real.string());
}

base::Result<base::UniqueFd> open_for_append(const std::string& path, const std::vector<std::string>& within) {
    if (auto allowed = check_within(path, within); !allowed) return std::unexpected(allowed.error());
    std::error_code ignored;  // open() says it better
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const int last_link = within.empty() ? 0 : O_NOFOLLOW;  // one that leads nowhere yet
    base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | last_link, kFileMode));
    if (!fd) return base::fail("cannot open {}: {}", path, base::errno_text(errno));
    return fd;
}

base::Result<void> append(const std::string& path, const std::vector<std::string>& within, std::string_view bytes) {
    auto fd = open_for_append(path, within);
    if (!fd) return std::unexpected(fd.error());
    const off_t before = ::lseek(fd->get(), 0, SEEK_END);
    if (auto written = write_all(fd->get(), bytes); !written) {
        if (before >= 0) (void)::ftruncate(fd->get(), before);
        return base::fail("cannot write {}: {}", path, written.error().message);
    }
    return {};
}

}  // namespace

struct FileSink::FileRoute : Route {
    bool ready() override { return true; }

    std::string path;
};

FileSink::FileSink(const config::SinkConfig& config, SinkContext context, model::DeliveryListener& listener,
                   telemetry::Log& log)
    : config_(config), context_(std::move(context)), listener_(listener), log_(log) {
    auto path = process::Template::parse(config.path, context_.labels);
    AGENT_ASSERT(path.has_value());  // config::load refused what does not parse
    path_ = std::move(*path);
}

std::unique_ptr<Route> FileSink::open_route(const FileContext& file) {
    auto route = std::make_unique<FileRoute>();
    route->path = path_.fill(
        {.host = context_.host, .pipeline = context_.pipeline, .path = file.path, .labels = &context_.labels});
    return route;
}

void FileSink::deliver(model::ExtentPtr extent, Route& route) {
    auto& file_route = static_cast<FileRoute&>(route);
    if (auto written = append(file_route.path, config_.within, join_lines(extent->records)); written) {
        if (const auto lasted = failing_.end())
            log_.info("file sink writes again",
                      {{"pipeline", context_.pipeline}, {"path", file_route.path}, {"after", show_duration(*lasted)}});
    } else {
        extent->failure = written.error().message;
        (void)failing_.observe(extent->failure);  // the extent's failure is said by the pipeline's probe
    }
    extent->unfinished = 0;
    listener_.extent_finished(std::move(extent));
}

SinkStatus FileSink::status() const {
    return {.type = "file", .target = config_.path, .healthy = !failing_.going_on(), .trouble = failing_.why()};
}

}  // namespace agent::deliver
