#include "center/api/bodies.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "center/model/names.h"
#include "common/base/text.h"
#include "common/base/units.h"

namespace center::api {

namespace json = boost::json;

namespace {

using catalog::Detail;
using catalog::Refusal;

// Reads members of an object and gathers what is wrong with them.
class Reader {
 public:
    Reader(const json::object& object, std::string way, std::vector<Detail>& faults)
        : object_(object), way_(std::move(way)), faults_(faults) {}

    void know(std::initializer_list<std::string_view> names) {
        for (const auto& [key, value] : object_)
            if (std::ranges::find(names, std::string_view(key)) == names.end())
                add(key, fmt::format("is not known (one of: {})", fmt::join(names, " ")));
    }

    const json::value* find(std::string_view name) const { return object_.if_contains(name); }

    std::optional<std::string> text(std::string_view name) {
        const auto* value = find(name);
        if (!value) return std::nullopt;
        if (value->is_string()) return std::string(value->as_string());
        add(name, "is no string");
        return std::nullopt;
    }

    template <typename T>
    std::optional<T> number(std::string_view name) {
        const auto* value = find(name);
        if (!value) return std::nullopt;
        boost::system::error_code odd;
        const auto read = value->is_number() ? value->to_number<T>(odd) : T{};
        if (value->is_number() && !odd) return read;
        add(name, "is no number that fits");
        return std::nullopt;
    }

    std::optional<model::Selector> selector(std::string_view name) {
        const auto given = text(name);
        if (!given) return std::nullopt;
        auto parsed = model::Selector::parse(*given);
        if (parsed) return std::move(*parsed);
        faults_.push_back({.line = 1,
                           .column = parsed.error().column,
                           .key = way_ + std::string(name),
                           .message = parsed.error().message});
        return std::nullopt;
    }

    void add(std::string_view name, std::string message) {
        faults_.push_back({.key = way_ + std::string(name), .message = std::move(message)});
    }

 private:
    const json::object& object_;
    std::string way_;
    std::vector<Detail>& faults_;
};

std::expected<json::object, Refusal> object_of(const std::string& text) {
    json::parse_options options;
    options.max_depth = 16;
    json::stream_parser parser({}, options);
    boost::system::error_code failed;
    const auto read = parser.write_some(text, failed);
    if (!failed && read == text.size()) parser.finish(failed);
    if (!failed && read < text.size()) failed = json::make_error_code(json::error::extra_data);
    if (failed) {
        const auto before = std::string_view(text).substr(0, read);
        const auto line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1);
        const auto column = static_cast<std::uint32_t>(before.size() - (before.rfind('\n') + 1) + 1);
        return catalog::refuse(Refusal::Kind::bad, "the body is not JSON",
                               {{.line = line, .column = column, .key = "syntax", .message = failed.message()}});
    }
    auto value = parser.release();
    if (!value.is_object())
        return catalog::refuse(Refusal::Kind::bad, "the body is no JSON object",
                               {{.line = 1, .column = 1, .key = "syntax", .message = "is no object"}});
    return std::move(value.get_object());
}

std::unexpected<Refusal> not_valid(std::string_view what, std::vector<Detail> faults) {
    return catalog::refuse(Refusal::Kind::bad, fmt::format("the {} is not valid", what), std::move(faults));
}

model::Stage stage_of(const json::value& value, std::size_t index, std::vector<Detail>& faults) {
    const auto way = fmt::format("stages[{}]", index);
    model::Stage stage;
    if (!value.is_object()) {
        faults.push_back({.key = way, .message = "is no object (write {\"percent\": 10, \"hold\": \"5m\"})"});
        return stage;
    }
    Reader reader(value.as_object(), way + ".", faults);
    reader.know({"percent", "selector", "hold"});
    const auto percent = reader.number<double>("percent");
    stage.selector = reader.selector("selector");
    if ((reader.find("percent") != nullptr) == (reader.find("selector") != nullptr))
        reader.add("percent", "or selector: write one of them");
    if (percent && *percent > 0 && *percent <= 100)
        stage.share = static_cast<std::uint32_t>(std::max(std::lround(*percent * 100), 1L));
    else if (percent)
        reader.add("percent", "is out of bounds (from 0.01 to 100)");
    if (const auto hold = reader.text("hold")) {
        if (const auto time = base::parse_duration(*hold))
            stage.hold = *time;
        else
            reader.add("hold", time.error().message);
    }
    return stage;
}

model::Gate gate_of(const json::value& value, std::vector<Detail>& faults) {
    model::Gate gate;
    if (!value.is_object()) {
        faults.push_back({.key = "gate", .message = "is no object"});
        return gate;
    }
    Reader reader(value.as_object(), "gate.", faults);
    reader.know({"failed_max_percent", "silent_max_percent", "lag_rise_max_bytes", "rejected_rise_max"});
    gate.failed_max_percent = reader.number<double>("failed_max_percent").value_or(gate.failed_max_percent);
    gate.silent_max_percent = reader.number<double>("silent_max_percent").value_or(gate.silent_max_percent);
    gate.lag_rise_max_bytes = reader.number<std::uint64_t>("lag_rise_max_bytes").value_or(gate.lag_rise_max_bytes);
    gate.rejected_rise_max = reader.number<std::uint64_t>("rejected_rise_max").value_or(gate.rejected_rise_max);
    return gate;
}

constexpr model::TimeMs kMs = 1000;
constexpr model::TimeMs kExpirySecondsMax = 253'402'300'799;  // the end of the year 9999

model::TimeMs expiry_of(Reader& reader, model::TimeMs now) {
    const auto* value = reader.find("expires");
    if (!value) return 0;
    if (value->is_number()) {
        const auto seconds = reader.number<std::int64_t>("expires").value_or(0);
        if (seconds <= now / kMs) reader.add("expires", "lies in the past");
        return std::min(seconds, kExpirySecondsMax) * kMs;
    }
    const auto age = base::parse_duration(reader.text("expires").value_or(""));
    if (!age) reader.add("expires", "is no duration from now on (\"24h\") and no Unix time in seconds");
    if (age && age->count() == 0) reader.add("expires", "is over at once (write 24h, say)");
    return age ? now + std::min<model::TimeMs>(age->count(), kExpirySecondsMax * kMs - now) : 0;
}

}  // namespace

Body<model::Group> group_of(const std::string& name, const std::string& text) {
    const auto object = object_of(text);
    if (!object) return std::unexpected(object.error());
    std::vector<Detail> faults;
    Reader reader(*object, "", faults);
    reader.know({"name", "selector", "pipelines"});
    if (const auto named = reader.text("name"); named && *named != name)
        reader.add("name", fmt::format("is not {}, as the address says", name));
    model::Group group{.name = name, .selector = reader.selector("selector").value_or(model::Selector{})};
    const auto* pipelines = reader.find("pipelines");
    if (pipelines && !pipelines->is_array()) {
        reader.add("pipelines", "is no list (write [\"nginx\"])");
    } else if (pipelines) {
        for (const auto& one : pipelines->as_array()) {
            if (!one.is_string()) {
                reader.add("pipelines", "has something that is no string");
            } else if (const auto complaint = model::check_name(std::string_view(one.as_string()))) {
                reader.add("pipelines", *complaint);
            } else {
                group.pipelines.emplace_back(one.as_string());
            }
        }
    }
    if (!faults.empty()) return not_valid("group", std::move(faults));
    std::ranges::sort(group.pipelines);
    const auto [first, last] = std::ranges::unique(group.pipelines);
    group.pipelines.erase(first, last);
    return group;
}

Body<catalog::RolloutWish> rollout_of(const std::string& text) {
    const auto object = object_of(text);
    if (!object) return std::unexpected(object.error());
    std::vector<Detail> faults;
    Reader reader(*object, "", faults);
    reader.know({"group", "revisions", "stages", "gate"});
    catalog::RolloutWish wish{.group = reader.text("group").value_or("")};
    if (!reader.find("group")) reader.add("group", "is missing");
    if (const auto* revisions = reader.find("revisions"); revisions && revisions->is_object()) {
        Reader wished(revisions->as_object(), "revisions.", faults);
        for (const auto& [name, value] : revisions->as_object())
            wish.revisions[name] = wished.number<std::uint64_t>(name).value_or(0);
    } else if (revisions) {
        reader.add("revisions", "is no object (write {\"nginx\": 3})");
    }
    if (const auto* stages = reader.find("stages"); stages && stages->is_array()) {
        for (const auto& stage : stages->as_array()) wish.stages.push_back(stage_of(stage, wish.stages.size(), faults));
    } else {
        reader.add("stages", "is missing (write [{\"percent\": 10, \"hold\": \"5m\"}, {\"percent\": 100}])");
    }
    if (const auto* gate = reader.find("gate")) wish.gate = gate_of(*gate, faults);
    if (!faults.empty()) return not_valid("rollout", std::move(faults));
    return wish;
}

Body<model::Token> token_of(const std::string& text, model::TimeMs now) {
    const auto object = object_of(text);
    if (!object) return std::unexpected(object.error());
    std::vector<Detail> faults;
    Reader reader(*object, "", faults);
    reader.know({"kind", "role", "name", "group", "uses", "expires"});
    model::Token token{.created_at = now};
    const auto kind = model::token_kind_of(reader.text("kind").value_or("enrolment"));
    if (!kind) reader.add("kind", "is not known (one of: enrolment operator)");
    token.kind = kind.value_or(token.kind);
    const bool is_operator = token.kind == model::TokenKind::of_operator;
    const auto role = model::role_of(reader.text("role").value_or("viewer"));
    if (!role) reader.add("role", "is not known (one of: viewer editor admin)");
    token.role = role.value_or(token.role);
    token.name = reader.text("name").value_or("");
    token.group = reader.text("group").value_or("");
    if (is_operator && !token.name.empty())
        if (const auto complaint = model::check_name(token.name)) reader.add("name", *complaint);
    token.uses_left = reader.number<std::uint64_t>("uses");
    if (token.uses_left == 0) reader.add("uses", "is 0 (at least 1; leave it out for any number)");
    for (const auto* name : {"group", "uses"})
        if (is_operator && reader.find(name)) reader.add(name, "is for enrolment tokens only");
    if (!is_operator && reader.find("role")) reader.add("role", "is for operators' tokens only");
    token.expires = expiry_of(reader, now);
    if (!faults.empty()) return not_valid("token", std::move(faults));
    return token;
}

}  // namespace center::api
