#include "agent/admin/checkpoint_commands.h"

#include <exception>
#include <iterator>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "agent/admin/columns.h"
#include "agent/admin/json_text.h"
#include "common/base/text.h"

namespace agent::admin {

namespace json = boost::json;

namespace {

std::string text_of_list(const json::value& report) {
    std::string out = fmt::format("{:<20} {:>14}  {:<32} {}\n", "PIPELINE", "OFFSET", "FILE ID", "PATH");
    for (const auto& entry : report.at("checkpoints").as_array())
        fmt::format_to(std::back_inserter(out), "{:<20} {:>14}  {:<32} {}\n",
                       std::string_view(entry.at("pipeline").as_string()),
                       entry.at("offset").to_number<std::uint64_t>(), std::string_view(entry.at("file_id").as_string()),
                       printable(std::string_view(entry.at("path").as_string())));
    for (const auto& message : report.at("damage").as_array())
        fmt::format_to(std::back_inserter(out), "! {}\n", printable(std::string_view(message.as_string())));
    return out;
}

}  // namespace

std::string checkpoints_json(checkpoint::CheckpointStore& store) {
    json::array list;
    json::array damage;
    const auto names = store.pipelines();
    if (!names) damage.emplace_back(names.error().message);
    for (const auto& name : names ? *names : std::vector<std::string>{}) {
        const auto loaded = store.load(name);
        if (!loaded) {
            damage.emplace_back(loaded.error().message);
            continue;
        }
        for (const auto& message : loaded->damage) damage.emplace_back(message);
        for (const auto& checkpoint : loaded->checkpoints)
            list.push_back(json::object{{"pipeline", name},
                                        {"path", checkpoint.path},
                                        {"origin_path", checkpoint.origin_path},
                                        {"file_id", checkpoint.file.text()},
                                        {"offset", checkpoint.watermark.value},
                                        {"updated_ms", checkpoint.updated_ms}});
    }
    return json_text(json::object{{"checkpoints", std::move(list)}, {"damage", std::move(damage)}});
}

base::Result<std::string> checkpoints_text(std::string_view text) {
    try {
        return text_of_list(json::parse(text));
    } catch (const std::exception&) {  // not JSON, or of another shape: Boost.JSON says either that way
        return base::fail("{}", kUnreadableAnswer);
    }
}

std::string change_json(const CheckpointChange& change) {
    return json::serialize(json::object{{"pipeline", change.pipeline},
                                        {"file", change.file},
                                        {"offset", change.offset.value},
                                        {"forget", change.forget}});
}

base::Result<CheckpointChange> parse_change(std::string_view text) {
    boost::system::error_code failed;
    const auto body = json::parse(text, failed);
    const auto* object = failed ? nullptr : body.if_object();
    const auto* pipeline = object ? object->if_contains("pipeline") : nullptr;
    const auto* file = object ? object->if_contains("file") : nullptr;
    const auto* offset = object ? object->if_contains("offset") : nullptr;
    const auto* forget = object ? object->if_contains("forget") : nullptr;
    if (!pipeline || !pipeline->is_string() || !file || !file->is_string() || !offset || !offset->is_number())
        return base::fail(R"(cannot read the change (wanted: {{"pipeline": …, "file": …, "offset": …, "forget": …}}))");
    boost::system::error_code not_bytes;
    const auto number = offset->to_number<std::uint64_t>(not_bytes);
    if (not_bytes) return base::fail("cannot use offset {}: it is not a number of bytes", json::serialize(*offset));
    return CheckpointChange{.pipeline = std::string(pipeline->as_string()),
                            .file = std::string(file->as_string()),
                            .offset = {number},
                            .forget = forget && forget->is_bool() && forget->as_bool()};
}

base::Result<model::Checkpoint> find_checkpoint(checkpoint::CheckpointStore& store, const CheckpointChange& change) {
    const auto loaded = store.load(change.pipeline);
    if (!loaded) return std::unexpected(loaded.error());
    const model::Checkpoint* found = nullptr;
    for (const auto& checkpoint : loaded->checkpoints) {
        if (checkpoint.file.text() == change.file) return checkpoint;
        if (checkpoint.path != change.file) continue;
        if (found)
            return base::fail(
                "cannot tell which file is meant: pipeline {} has several checkpoints for {} (name the file id that "
                "`checkpoints list` shows)",
                change.pipeline, change.file);
        found = &checkpoint;
    }
    if (!found) return base::fail("cannot find a checkpoint of pipeline {} for {}", change.pipeline, change.file);
    return *found;
}

std::string read_from_text(std::string_view path, model::FileOffset offset) {
    return fmt::format("{} is read from {} on", printable(base::valid_utf8(path)), offset.value);
}

base::Result<std::string> change_checkpoint(checkpoint::CheckpointStore& store, const CheckpointChange& change) {
    auto checkpoint = find_checkpoint(store, change);
    if (!checkpoint) return std::unexpected(checkpoint.error());
    checkpoint::CheckpointBatch batch;
    auto& entry = batch.changes[{change.pipeline, checkpoint->file}];
    if (!change.forget) {
        if (checkpoint->head.length > change.offset.value) checkpoint->head = {};
        checkpoint->anchor = {};  // of other bytes
        checkpoint->watermark = change.offset;
        entry = *checkpoint;
    }
    if (auto written = store.write(batch, checkpoint::Durability::host); !written)
        return std::unexpected(written.error());
    return change.forget ? "forgot " + printable(base::valid_utf8(checkpoint->path))
                         : read_from_text(checkpoint->path, change.offset);
}

}  // namespace agent::admin
