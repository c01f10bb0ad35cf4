#include "common/process/timestamp.h"

#include <array>
#include <chrono>
#include <expected>
#include <utility>

#include <fmt/format.h>

#include "common/process/names.h"
#include "common/process/time_format.h"
#include "common/process/zone.h"

namespace process {

namespace {

// Longer ones first: a line's beginning fits many.
constexpr std::array<std::string_view, 10> kCommonFormats = {
    "rfc3339",           "nginx",          "%Y/%m/%d %T.%f",     "%Y/%m/%d %T", "syslog",
    "%a %b %d %T.%f %Y", "%a %b %d %T %Y", "%a, %d %b %Y %T %z", "unix_any",    "%a, %d %b %Y %T %Z"};

class Timestamp final : public Processor {
 public:
    Timestamp(const TimestampOptions& options, std::vector<TimeFormat> formats, Zone zone)
        : field_(options.field),
          may_have_bracket_(options.formats.empty() && options.field.empty()),
          future_max_(options.future_max),
          formats_(std::move(formats)),
          zone_(std::move(zone)) {}

    Verdict process(Record& record) override {
        if (const auto time = read(record))
            record.set_time(*time);
        else
            record.set_parse_error(time.error());
        return Verdict::keep;
    }

 private:
    std::expected<Time, std::string_view> read(Record& record) {
        auto text = record.line();
        if (!field_.empty()) {
            const auto* field = record.find(field_);
            if (!field) return std::unexpected("no such field");
            if (field->kind != Value::Kind::text && field->kind != Value::Kind::number)
                return std::unexpected("the field is not a text");
            text = field->text;
        }
        if (may_have_bracket_ && text.starts_with('[')) text.remove_prefix(1);
        for (const auto& format : formats_) {
            auto left = text;
            const auto time = format.eat(left, zone_, record.time());
            if (!time || (!field_.empty() && !left.empty())) continue;
            if (is_too_far(*time, record.time())) return std::unexpected("the time lies too far in the future");
            return *time;
        }
        return std::unexpected("no time in any of the formats");
    }

    bool is_too_far(Time time, Time now) const {
        return future_max_ && time > now && std::chrono::floor<std::chrono::milliseconds>(time - now) > *future_max_;
    }

    std::string field_;
    bool may_have_bracket_;
    std::optional<std::chrono::milliseconds> future_max_;
    std::vector<TimeFormat> formats_;
    Zone zone_;
};

}  // namespace

Made make_timestamp(const TimestampOptions& options) {
    std::vector<OptionError> errors;
    if (!options.field.empty()) check_name(options.field, "field", errors);
    std::vector<TimeFormat> formats;
    const auto add = [&](std::string_view format, const std::string& key) {
        if (auto made = TimeFormat::make(format))
            formats.push_back(*std::move(made));
        else
            errors.push_back({.key = key, .message = std::move(made.error())});
    };
    for (std::size_t i = 0; i < options.formats.size(); ++i) add(options.formats[i], fmt::format("formats[{}]", i));
    if (options.formats.empty())
        for (const auto format : kCommonFormats) add(format, "formats");
    auto zone = Zone::find(options.zone);
    if (!zone) errors.push_back({.key = "zone", .message = std::move(zone.error())});
    if (options.future_max && options.future_max->count() < 0)
        errors.push_back({.key = "future_max", .message = "is negative (use 0s or more)"});
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<Timestamp>(options, std::move(formats), *std::move(zone));
}

}  // namespace process
