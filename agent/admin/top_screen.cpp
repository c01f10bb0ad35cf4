#include "agent/admin/top_screen.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "agent/admin/columns.h"
#include "agent/admin/json_text.h"
#include "agent/admin/latency.h"
#include "common/base/units.h"

namespace agent::admin {

namespace json = boost::json;

namespace {

constexpr std::size_t kReasonsMax = 4;
constexpr std::size_t kPipelineRowsMin = 4;  // with the heading, and how many there are more
constexpr std::size_t kFileRowsMin = 3;      // with the heading; where there is less room, no file is shown

std::string text_of(const json::value& value, const char* key) {
    return printable(std::string_view(value.at(key).as_string()));
}

double number_of(const json::value& value, const char* key) {
    return value.at(key).to_number<double>();
}

std::string size_text(double bytes) {
    return base::show_size(static_cast<std::uint64_t>(std::max(0.0, bytes)));
}

std::string rate_text(const std::optional<double>& rate) {
    if (!rate) return "-";
    return *rate < 10 && *rate > 0 ? fmt::format("{:.1f}", *rate) : fmt::format("{:.0f}", *rate);
}

std::string bytes_rate_text(const std::optional<double>& rate) {
    return rate ? size_text(*rate) : "-";
}

std::string latency_text(const std::optional<double>& seconds) {
    if (!seconds) return "-";
    if (*seconds < 0.01) return fmt::format("{:.1f} ms", *seconds * 1000);
    return *seconds < 1 ? fmt::format("{:.0f} ms", *seconds * 1000) : fmt::format("{:.1f} s", *seconds);
}

// Two looks at the same agent, parsed.
struct Between {
    json::value before;
    json::value now;
    std::map<std::string, Latencies> latencies_before;
    std::map<std::string, Latencies> latencies_now;
    double seconds = 0;
    bool has_rates = false;

    // A file that was not followed before has no rate yet; nothing goes backwards.
    std::optional<double> rate(const std::optional<double>& from, double to) const {
        if (!has_rates || !from) return std::nullopt;
        return std::max(0.0, (to - *from) / seconds);
    }
};

// A pipeline or a file of the earlier look; null: there was none.
const json::value* find(const json::array& all, const char* key, const json::value& wanted) {
    const auto found = std::ranges::find_if(all, [&](const auto& one) { return one.at(key) == wanted; });
    return found == all.end() ? nullptr : &*found;
}

std::optional<double> number_in(const json::value* value, const char* key) {
    return value ? std::optional(number_of(*value, key)) : std::nullopt;
}

std::optional<double> bytes_read(const json::value* value) {
    return value ? std::optional(number_of(value->at("bytes"), "read")) : std::nullopt;
}

std::string state_of(const json::value& pipeline) {
    if (!pipeline.at("healthy").as_bool()) return "DEGRADED";
    if (number_of(pipeline, "losses") > 0) return "lost lines";
    return pipeline.at("throttled").as_bool() ? "throttled" : "healthy";
}

bool is_in_trouble(const json::value& pipeline) {
    return !pipeline.at("healthy").as_bool() || number_of(pipeline, "losses") > 0;
}

// Those in trouble first, then those that read most, then those with most lag.
std::vector<const json::value*> pipelines_by_rank(const Between& looks) {
    std::vector<const json::value*> pipelines;
    const auto& before = looks.before.at("pipelines").as_array();
    std::map<const json::value*, double> rates;
    for (const auto& pipeline : looks.now.at("pipelines").as_array()) {
        pipelines.push_back(&pipeline);
        const auto* then = find(before, "name", pipeline.at("name"));
        rates[&pipeline] = looks.rate(bytes_read(then), *bytes_read(&pipeline)).value_or(0);
    }
    std::ranges::sort(pipelines, {}, [&](const json::value* one) {
        return std::tuple(!is_in_trouble(*one), -rates[one], -number_of(*one, "lag_bytes"), one);
    });
    return pipelines;
}

std::vector<std::string> pipelines_table(const Between& looks, std::span<const json::value* const> pipelines,
                                         std::size_t width) {
    const std::vector<Column> columns{
        {.heading = "PIPELINE", .side = Side::left, .importance = 9, .width_min = 12},
        {.heading = "LINES/s", .importance = 8},
        {.heading = "ACKED/s", .importance = 5},
        {.heading = "BYTES/s", .importance = 4},
        {.heading = "LAG", .importance = 7},
        {.heading = "IN FLIGHT", .importance = 3},
        {.heading = "P50", .importance = 2},
        {.heading = "P99", .importance = 5},
        {.heading = "STATE", .side = Side::left, .importance = 6},
        {.heading = "SINK", .side = Side::left, .importance = 1, .width_min = 8},
    };
    std::vector<Cells> rows;
    const auto& before = looks.before.at("pipelines").as_array();
    for (const auto* one : pipelines) {
        const auto& pipeline = *one;
        const auto* then = find(before, "name", pipeline.at("name"));
        const auto name = std::string(pipeline.at("name").as_string());
        const auto latency = [&](double quantile) -> std::string {
            if (!looks.has_rates || !looks.latencies_now.contains(name)) return "-";
            const auto from = looks.latencies_before.find(name);
            return latency_text(quantile_between(from == looks.latencies_before.end() ? Latencies{} : from->second,
                                                 looks.latencies_now.at(name), quantile));
        };
        const auto rate = [&](const char* key) {
            return rate_text(looks.rate(number_in(then, key), number_of(pipeline, key)));
        };
        const auto& sink = pipeline.at("sink");
        rows.push_back({printable(name), rate("lines_read"), rate("records_acked"),
                        bytes_rate_text(looks.rate(bytes_read(then), *bytes_read(&pipeline))),
                        size_text(number_of(pipeline, "lag_bytes")), size_text(number_of(pipeline, "in_flight_bytes")),
                        latency(0.5), latency(0.99), state_of(pipeline),
                        text_of(sink, "type") + " " + text_of(sink, "target")});
    }
    return lay_out(columns, rows, width);
}

struct BusyFile {
    std::optional<double> rate;
    double lag = 0;
    Cells cells;
};

// Those that grow most first, then those with most lag.
std::vector<BusyFile> busiest_files(const Between& looks, std::size_t count) {
    std::vector<BusyFile> files;
    const auto& before = looks.before.at("pipelines").as_array();
    for (const auto& pipeline : looks.now.at("pipelines").as_array()) {
        std::map<std::string, double, std::less<>> then;  // there may be ten thousand
        if (const auto* old = find(before, "name", pipeline.at("name")))
            for (const auto& file : old->at("files").as_array())
                then.emplace(std::string_view(file.at("file_id").as_string()), *bytes_read(&file));
        for (const auto& file : pipeline.at("files").as_array()) {
            const auto from = then.find(std::string_view(file.at("file_id").as_string()));
            const auto rate =
                looks.rate(from == then.end() ? std::nullopt : std::optional(from->second), *bytes_read(&file));
            const auto lag = number_of(file, "lag");
            files.push_back({.rate = rate,
                             .lag = lag,
                             .cells = {bytes_rate_text(rate), size_text(lag), text_of(file, "state"),
                                       text_of(pipeline, "name"), text_of(file, "path")}});
        }
    }
    const auto rank = [](const BusyFile& file) {
        return std::tuple(-file.rate.value_or(0), -file.lag, std::string_view(file.cells.back()));
    };
    count = std::min(count, files.size());
    std::ranges::partial_sort(files, files.begin() + static_cast<std::ptrdiff_t>(count), {}, rank);
    files.resize(count);
    return files;
}

std::vector<std::string> files_table(const Between& looks, std::size_t count, std::size_t width) {
    const std::vector<Column> columns{
        {.heading = "BYTES/s", .importance = 4},
        {.heading = "LAG", .importance = 3},
        {.heading = "STATE", .side = Side::left, .importance = 1},
        {.heading = "PIPELINE", .side = Side::left, .importance = 2, .width_min = 8},
        {.heading = "FILE", .side = Side::left, .importance = 5, .width_min = 16, .is_path = true},
    };
    std::vector<Cells> rows;
    for (auto& file : busiest_files(looks, count)) rows.push_back(std::move(file.cells));
    return lay_out(columns, rows, width);
}

std::string center_text(const json::value& center) {
    const auto& contact = center.at("last_contact_seconds");
    return fmt::format("center {}  {}  last contact {}  revision {}", text_of(center, "endpoint"),
                       center.at("connected").as_bool() ? "connected"
                       : center.at("denied").as_bool()  ? "REFUSES THIS AGENT"
                                                        : "OUT OF REACH",
                       contact.is_null() ? "never" : show_duration(contact.to_number<double>()) + " ago",
                       center.at("revision").to_number<std::uint64_t>());
}

// Appends lines, none wider than the screen.
class Page {
 public:
    explicit Page(ScreenSize size) : size_(size) {}

    void add(std::string_view text, Emphasis emphasis = Emphasis::none) {
        lines_.push_back({.text = cut_end(text, size_.columns), .emphasis = emphasis});
    }
    // A heading, and rows of which so many first are alarms.
    void add_table(const std::vector<std::string>& table, std::size_t alarms = 0) {
        for (std::size_t i = 0; i < table.size(); ++i) {
            const auto emphasis = i <= alarms ? Emphasis::alarm : Emphasis::none;
            add(table[i], i == 0 ? Emphasis::heading : emphasis);
        }
    }
    std::size_t rows_left() const { return size_.rows - std::min(size_.rows, lines_.size()); }
    std::vector<ScreenLine> take() {
        lines_.resize(std::min(lines_.size(), size_.rows));
        return std::move(lines_);
    }

 private:
    ScreenSize size_;
    std::vector<ScreenLine> lines_;
};

// As many as leave room for the busiest files.
void add_pipelines(Page& page, const Between& looks, ScreenSize size) {
    const auto ranked = pipelines_by_rank(looks);
    const auto fit = std::max<std::size_t>(page.rows_left() * 2 / 3, kPipelineRowsMin);
    const auto count = ranked.size() + 1 <= fit ? ranked.size() : std::min(ranked.size(), fit - 2);
    const auto shown = std::span(ranked).first(count);
    const auto alarms =
        static_cast<std::size_t>(std::ranges::count_if(shown, [](auto* one) { return is_in_trouble(*one); }));
    page.add_table(pipelines_table(looks, shown, size.columns), alarms);
    if (count < ranked.size()) page.add(fmt::format("and {} more: venus-agent status", ranked.size() - count));
}

std::vector<ScreenLine> draw(const Between& looks, ScreenSize size) {
    Page page(size);
    const auto& now = looks.now;
    const bool healthy = now.at("health").as_string() == "healthy";
    const auto& memory = now.at("memory");
    page.add(fmt::format("{} {}  {}  up {}  in flight {} of {}", text_of(now, "name"), text_of(now, "version"),
                         healthy ? "healthy" : "DEGRADED", show_duration(number_of(now, "uptime_seconds")),
                         size_text(number_of(memory, "in_flight_bytes")), size_text(number_of(memory, "limit_bytes"))),
             healthy ? Emphasis::none : Emphasis::alarm);
    if (const auto& center = now.at("center"); !center.is_null()) page.add(center_text(center));
    const auto& reasons = now.at("reasons").as_array();
    const auto shown = std::min(reasons.size(), std::clamp<std::size_t>(size.rows / 6, 1, kReasonsMax));
    for (std::size_t i = 0; i < shown; ++i)
        page.add("! " + printable(std::string_view(reasons[i].as_string())), Emphasis::alarm);
    if (reasons.size() > shown)
        page.add(fmt::format("! and {} more: venus-agent status", reasons.size() - shown), Emphasis::alarm);
    page.add("");
    add_pipelines(page, looks, size);
    if (page.rows_left() > kFileRowsMin) {
        page.add("");
        page.add_table(files_table(looks, page.rows_left() - 1, size.columns));
    }
    return page.take();
}

}  // namespace

base::Result<std::vector<ScreenLine>> top_screen(const Look& before, const Look& now, ScreenSize size) {
    try {
        Between looks{.before = json::parse(before.status),
                      .now = json::parse(now.status),
                      .latencies_before = read_latencies(before.metrics),
                      .latencies_now = read_latencies(now.metrics),
                      .seconds = std::chrono::duration<double>(now.at - before.at).count()};
        looks.has_rates = looks.seconds > 0 && looks.before.at("session") == looks.now.at("session");
        return draw(looks, size);
    } catch (const std::exception&) {  // not JSON, or of another shape: Boost.JSON says either that way
        return base::fail("{}", kUnreadableAnswer);
    }
}

}  // namespace agent::admin
