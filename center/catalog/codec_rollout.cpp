#include <stdexcept>

#include "center/catalog/codec.h"
#include "center/catalog/json.h"

namespace center::catalog {

namespace json = boost::json;

namespace {

json::object stage_json(const model::Stage& stage) {
    json::object object{{"hold_ms", stage.hold.count()}};
    if (stage.selector)
        object["selector"] = stage.selector->text();
    else
        object["share"] = stage.share;
    return object;
}

model::Stage stage_of(const json::object& object) {
    model::Stage stage{.hold = std::chrono::milliseconds(time_of(object, "hold_ms"))};
    if (object.contains("selector"))
        stage.selector = selector_of(object, "selector");
    else
        stage.share = object.at("share").to_number<std::uint32_t>();
    return stage;
}

json::object gate_json(const model::Gate& gate) {
    return {{"failed_max_percent", gate.failed_max_percent},
            {"silent_max_percent", gate.silent_max_percent},
            {"lag_rise_max_bytes", gate.lag_rise_max_bytes},
            {"rejected_rise_max", gate.rejected_rise_max}};
}

model::Gate gate_of(const json::object& object) {
    return {.failed_max_percent = object.at("failed_max_percent").to_number<double>(),
            .silent_max_percent = object.at("silent_max_percent").to_number<double>(),
            .lag_rise_max_bytes = count_of(object, "lag_rise_max_bytes"),
            .rejected_rise_max = count_of(object, "rejected_rise_max")};
}

json::object counts_json(const model::RolloutCounts& counts) {
    return {{"reached", counts.reached},
            {"offered", counts.offered},
            {"applied", counts.applied},
            {"failed", counts.failed}};
}

model::RolloutCounts counts_of(const json::object& object) {
    return {.reached = count_of(object, "reached"),
            .offered = count_of(object, "offered"),
            .applied = count_of(object, "applied"),
            .failed = count_of(object, "failed")};
}

}  // namespace

std::string encode(const model::Rollout& rollout) {
    json::array stages;
    for (const auto& stage : rollout.stages) stages.push_back(stage_json(stage));
    json::object object{{"id", rollout.id},
                        {"group", rollout.group},
                        {"target", to_json(rollout.target)},
                        {"stages", std::move(stages)},
                        {"gate", gate_json(rollout.gate)},
                        {"state", model::word_of(rollout.state)},
                        {"stage", rollout.stage},
                        {"stage_since", rollout.stage_since},
                        {"reason", rollout.reason},
                        {"started_at", rollout.started_at},
                        {"started_by", rollout.started_by},
                        {"ended_at", rollout.ended_at},
                        {"counts", counts_json(rollout.counts)}};
    if (rollout.before) object["before"] = to_json(*rollout.before);
    return json::serialize(object);
}

base::Result<model::Rollout> decode_rollout(std::string_view bytes) {
    return decode_with<model::Rollout>(bytes, [](const json::object& object) {
        const auto state = model::rollout_state_of(text_of(object, "state"));
        if (!state) throw std::invalid_argument("unknown state of a rollout");
        model::Rollout rollout{.id = count_of(object, "id"),
                               .group = text_of(object, "group"),
                               .target = assignment_of(object.at("target")),
                               .gate = gate_of(object.at("gate").as_object()),
                               .state = *state,
                               .stage = count_of(object, "stage"),
                               .stage_since = time_of(object, "stage_since"),
                               .reason = text_of(object, "reason"),
                               .started_at = time_of(object, "started_at"),
                               .started_by = text_of(object, "started_by"),
                               .ended_at = time_of(object, "ended_at"),
                               .counts = counts_of(object.at("counts").as_object())};
        if (const auto* before = object.if_contains("before")) rollout.before = assignment_of(*before);
        for (const auto& stage : object.at("stages").as_array()) rollout.stages.push_back(stage_of(stage.as_object()));
        if (rollout.stage >= rollout.stages.size()) throw std::invalid_argument("a rollout behind its last stage");
        return rollout;
    });
}

}  // namespace center::catalog
