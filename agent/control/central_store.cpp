#include "agent/control/central_store.h"

#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "agent/control/durable_file.h"
#include "common/crypto/encoding.h"

namespace agent::control {

namespace json = boost::json;

namespace {

constexpr std::size_t kFileBytesMax = 32ULL << 20;
constexpr std::string_view kGood = "central-good-1";
constexpr std::string_view kTrial = "central-trial-1";

json::object kept_json(const KeptConfig& kept) {
    json::object files;
    for (const auto& [name, file] : kept.config.files)
        files[name] = json::object{{"body", crypto::to_base64(file.body)}, {"type", file.content_type}};
    return {{"hash", crypto::to_hex(kept.config.hash)},
            {"revision", kept.revision},
            {"applied", kept.applied.time_since_epoch().count()},
            {"files", std::move(files)}};
}

std::string text_at(const json::value& value, std::string_view key) {
    return std::string(value.at(key).as_string());
}

// Throws where the JSON is of another shape.
KeptConfig read_kept(const json::value& root) {
    KeptConfig kept{
        .config = {.files = {}, .hash = crypto::from_hex(text_at(root, "hash")).value()},
        .revision = root.at("revision").to_number<std::uint64_t>(),
        .applied = std::chrono::sys_seconds(std::chrono::seconds(root.at("applied").to_number<std::int64_t>()))};
    for (const auto& [name, file] : root.at("files").as_object())
        kept.config.files.emplace(name, opamp::ConfigFile{.body = crypto::from_base64(text_at(file, "body")).value(),
                                                          .content_type = text_at(file, "type")});
    return kept;
}

void read_trial(const json::value& root, CentralStore::Found& found) {
    if (root.as_object().contains("error")) {
        found.refusal = {.hash = crypto::from_hex(text_at(root, "hash")).value(), .error = text_at(root, "error")};
    } else {
        found.trial = {.kept = read_kept(root), .starts = root.at("starts").to_number<unsigned>()};
    }
}

template <typename Read>
void read_json(const std::string& path, std::string_view kind, std::vector<std::string>& damage, Read read) {
    const auto text = read_sealed(path, kind, kFileBytesMax);
    if (!text) {
        damage.push_back(text.error().message);
    } else if (*text) {
        try {
            read(json::parse(**text));
        } catch (const std::exception&) {  // sealed, but of another shape: another version wrote it
            damage.push_back("cannot use " + path + ": it is of another version");
        }
    }
}

}  // namespace

CentralStore::Found CentralStore::load() const {
    Found found;
    read_json(good_path(), kGood, found.damage, [&](const json::value& root) { found.good = read_kept(root); });
    read_json(trial_path(), kTrial, found.damage, [&](const json::value& root) { read_trial(root, found); });
    if (found.trial && found.good && found.trial->kept.config.hash == found.good->config.hash) found.trial.reset();
    return found;
}

base::Result<void> CentralStore::keep_trial(const Trial& trial) {
    auto root = kept_json(trial.kept);
    root["starts"] = trial.starts;
    return write_sealed(trial_path(), kTrial, json::serialize(root));
}

base::Result<void> CentralStore::keep_refusal(const Refusal& refusal) {
    const json::object root{{"hash", crypto::to_hex(refusal.hash)}, {"error", refusal.error}};
    return write_sealed(trial_path(), kTrial, json::serialize(root));
}

base::Result<void> CentralStore::keep_good(const KeptConfig& good) {
    if (auto kept = write_sealed(good_path(), kGood, json::serialize(kept_json(good))); !kept) return kept;
    return forget_trial();
}

base::Result<void> CentralStore::forget_trial() {
    return remove_durably(trial_path());
}

}  // namespace agent::control
