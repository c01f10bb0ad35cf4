#include "common/config/excerpt.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/config/value.h"

namespace config {

namespace {

// base::quote() writes control characters as \xNN, which TOML does not have.
std::string toml_text(std::string_view text) {
    std::string out;
    const auto quoted = base::quote(text);
    for (std::size_t i = 0; i < quoted.size(); ++i) {
        out += quoted[i];
        if (quoted[i] != '\\' || i + 1 == quoted.size()) continue;
        const char kind = quoted[++i];
        out += kind == 'x' ? std::string("u00") : std::string(1, kind);
    }
    return out;
}

std::string show(const Value& value) {
    if (value.kind == Value::Kind::text) return toml_text(value.written);
    if (value.kind != Value::Kind::list && value.kind != Value::Kind::table) return show_toml(value);
    const bool is_table = value.kind == Value::Kind::table;
    std::string out = is_table ? "{" : "[";
    for (const auto& item : value.items) {
        if (out.size() > 1) out += ", ";
        if (is_table) out += toml_text(item.name) + " = ";
        out += show(item);
    }
    return out + (is_table ? "}" : "]");
}

}  // namespace

std::string excerpt(std::string_view toml) {
    const auto root = read_document(toml);
    if (!root) return {};
    std::string out;
    if (const auto* clusters = root->find("clusters"))
        for (const auto& cluster : clusters->items)
            if (const auto* brokers = cluster.find("brokers"))
                out += fmt::format("[clusters.{}]\nbrokers = {}\n\n", toml_text(cluster.name), show(*brokers));
    const auto* pipelines = root->find("pipelines");
    if (!pipelines || pipelines->kind != Value::Kind::list) return out;
    for (const auto& pipeline : pipelines->items) {
        out += "[[pipelines]]\n";
        for (const auto& member : pipeline.items) out += fmt::format("{} = {}\n", member.name, show(member));
        out += '\n';
    }
    return out;
}

std::string excerpt_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return excerpt(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace config
