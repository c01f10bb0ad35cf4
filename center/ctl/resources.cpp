#include "center/ctl/resources.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "center/ctl/api_client.h"
#include "common/base/text.h"
#include "common/config/value.h"

namespace center::ctl {

namespace json = boost::json;

namespace {

using config::Value;
using Kind = Value::Kind;

base::Result<std::string> read_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return base::fail("cannot read {}: {}", file.string(), base::errno_text(errno));
    return std::string(std::istreambuf_iterator<char>(in), {});
}

json::value to_json(const Value& value) {
    switch (value.kind) {
        case Kind::text:
            return json::string(value.text);
        case Kind::integer:
            return value.integer;
        case Kind::real:
            return value.real;
        case Kind::boolean:
            return value.boolean;
        case Kind::list: {
            json::array list;
            for (const auto& item : value.items) list.push_back(to_json(item));
            return list;
        }
        case Kind::table: {
            json::object table;
            for (const auto& item : value.items) table[item.name] = to_json(item);
            return table;
        }
        case Kind::time:
            break;
    }
    return nullptr;
}

std::string to_toml(const Value& value) {
    if (value.kind != Kind::list && value.kind != Kind::table) return config::show_toml(value);
    std::string out;
    for (const auto& item : value.items) {
        if (!out.empty()) out += ", ";
        out +=
            value.kind == Kind::table ? fmt::format("{} = {}", base::quote(item.name), to_toml(item)) : to_toml(item);
    }
    return value.kind == Kind::table ? fmt::format("{{ {} }}", out) : fmt::format("[{}]", out);
}

// A pipeline of a list, as it stands alone.
std::string pipeline_text(const Value& pipeline) {
    std::string out;
    for (const auto& item : pipeline.items) out += fmt::format("{} = {}\n", item.name, to_toml(item));
    return out;
}

// Reads one file's resources.
class FileReader {
 public:
    explicit FileReader(std::string file) : file_(std::move(file)) {}

    base::Result<std::vector<Resource>> read(const std::string& text) {
        const auto root = config::read_document(text);
        if (!root) return base::fail("{}", config::show(root.error(), file_));
        const bool is_pipeline = root->find("source") || root->find("sink") || root->find("name");
        auto done = is_pipeline ? take_pipeline(*root, text, {}) : take_tables(*root);
        if (!done) return std::unexpected(done.error());
        return std::move(found_);
    }

 private:
    std::unexpected<base::Error> wrong(const Value& at, const std::string& what) const {
        return base::fail(
            "{}", config::show({.line = at.at.line, .column = at.at.column, .key = at.key, .message = what}, file_));
    }

    using Places = decltype(Resource::places);

    static Places places_of(const Value& table) {
        Places places{{"", table.at}};
        for (const auto& member : table.items) places.emplace(member.name, member.at);
        return places;
    }

    base::Result<void> take_pipeline(const Value& table, std::string body, Places places) {
        const auto* name = table.find("name");
        if (!name || name->kind != Kind::text) return wrong(table, "a pipeline has no name (write name = \"…\")");
        for (const auto* other : {"pipelines", "clusters", "groups"})
            if (const auto* section = table.find(other))
                return wrong(*section, fmt::format("stands in the file of the pipeline {} (give it a file of its own)",
                                                   base::quote(name->text)));
        found_.push_back({.kind = Resource::Kind::pipeline,
                          .name = name->text,
                          .body = std::move(body),
                          .file = file_,
                          .places = std::move(places)});
        return {};
    }

    base::Result<void> take_tables(const Value& root) {
        for (const auto& section : root.items) {
            if (section.name == "pipelines" && section.kind == Kind::list) {
                for (const auto& pipeline : section.items)
                    if (auto done = take_pipeline(pipeline, pipeline_text(pipeline), places_of(pipeline)); !done)
                        return done;
            } else if (section.kind == Kind::table && (section.name == "clusters" || section.name == "groups")) {
                const auto kind = section.name == "groups" ? Resource::Kind::group : Resource::Kind::cluster;
                for (const auto& one : section.items)
                    found_.push_back({.kind = kind,
                                      .name = one.name,
                                      .body = json::serialize(to_json(one)),
                                      .file = file_,
                                      .places = places_of(one)});
            } else {
                return wrong(section, "is nothing that a center keeps (pipelines, clusters, groups)");
            }
        }
        return {};
    }

    std::string file_;
    std::vector<Resource> found_;
};

base::Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& path) {
    std::error_code wrong;
    if (!std::filesystem::exists(path, wrong))
        return base::fail("cannot read {}: no such file or folder", path.string());
    if (!std::filesystem::is_directory(path, wrong)) return std::vector{path};
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, wrong))
        if (entry.is_regular_file() && entry.path().extension() == ".toml") files.push_back(entry.path());
    if (wrong) return base::fail("cannot read {}: {}", path.string(), wrong.message());
    if (files.empty()) return base::fail("cannot find anything in {}: no *.toml file", path.string());
    std::ranges::sort(files);
    return files;
}

}  // namespace

std::string_view Resource::kind_word() const {
    switch (kind) {
        case Kind::cluster:
            return "cluster";
        case Kind::pipeline:
            return "pipeline";
        case Kind::group:
            return "group";
    }
    return "";
}

std::string Resource::path() const {
    return fmt::format("{}s/{}", kind_word(), escaped(name));
}

base::Result<std::vector<Resource>> read_resources(const std::filesystem::path& file_or_folder) {
    const auto files = files_of(file_or_folder);
    if (!files) return std::unexpected(files.error());
    std::vector<Resource> all;
    std::map<std::pair<Resource::Kind, std::string>, std::string> files_by_name;
    for (const auto& file : *files) {
        const auto text = read_text(file);
        if (!text) return std::unexpected(text.error());
        auto found = FileReader(file.string()).read(*text);
        if (!found) return std::unexpected(found.error());
        for (auto& one : *found) {
            const auto [other, is_first] = files_by_name.try_emplace({one.kind, one.name}, one.file);
            if (!is_first)
                return base::fail("cannot take {} {} twice: it is in {} and in {}", one.kind_word(),
                                  base::quote(one.name), other->second, one.file);
            all.push_back(std::move(one));
        }
    }
    std::ranges::sort(all, {}, [](const auto& one) { return std::tie(one.kind, one.name); });
    return all;
}

}  // namespace center::ctl
