#include "agent/discover/container_fields.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::discover {

namespace {

using process::NamedTexts;

constexpr std::size_t kIdSize = 64;  // of a container, in hex digits
constexpr std::size_t kDockerConfigBytesMax = 1 << 20;

bool is_id(std::string_view text) {
    return text.size() == kIdSize && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

// The first one to know something is right.
void add(NamedTexts& fields, std::string name, std::string_view value) {
    if (value.empty() || std::ranges::find(fields, name, &NamedTexts::value_type::first) != fields.end()) return;
    fields.emplace_back(std::move(name), value);
}

void add_kubernetes(NamedTexts& fields, std::string_view space, std::string_view pod, std::string_view container) {
    add(fields, "kubernetes.namespace", space);
    add(fields, "kubernetes.pod", pod);
    add(fields, "kubernetes.container", container);
}

void add_from_names(NamedTexts& fields, std::string_view path) {
    const auto names = split(path, '/');
    for (const auto& name : names)
        if (is_id(name)) add(fields, "container.id", name);
    if (names.size() < 3) return;
    const auto pod = split(names[names.size() - 3], '_');
    const auto file = names.back();
    const auto digits = file.find_first_not_of("0123456789");  // how often it was started again
    if (pod.size() == 3 && digits != 0 && digits != std::string_view::npos && file.substr(digits).starts_with(".log")) {
        add_kubernetes(fields, pod[0], pod[1], names[names.size() - 2]);
        add(fields, "kubernetes.pod_uid", pod[2]);
    }
    const auto link = split(file, '_');
    if (link.size() != 3 || !link[2].ends_with(".log")) return;
    const auto container = link[2].substr(0, link[2].size() - 4);
    const auto dash = container.rfind('-');
    if (dash == std::string_view::npos || !is_id(container.substr(dash + 1))) return;
    add_kubernetes(fields, link[1], link[0], container.substr(0, dash));
    add(fields, "container.id", container.substr(dash + 1));
}

// The folder of a log that Docker's json-file driver writes; "": it is another one's.
std::string docker_folder(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return {};
    const auto folder = path.substr(0, slash);
    const auto id = folder.substr(folder.rfind('/') + 1);
    return is_id(id) && path.substr(slash + 1).starts_with(std::string(id) + "-json.log") ? std::string(folder) : "";
}

std::string label_name(std::string_view name) {
    std::string out = "container.labels.";
    std::ranges::replace_copy(name, std::back_inserter(out), '.', '_');
    return out;
}

// Of a regular file, and of no other that a link leads to.
base::Result<std::string> read_file(const std::string& path) {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat about{};
    if (!file || ::fstat(file.get(), &about) != 0)
        return base::fail("cannot open {}: {}", path, base::errno_text(errno));
    if (!S_ISREG(about.st_mode)) return base::fail("cannot read {}: it is no file", path);
    std::string text(kDockerConfigBytesMax, '\0');
    const auto size = ::read(file.get(), text.data(), text.size());
    if (size < 0) return base::fail("cannot read {}: {}", path, base::errno_text(errno));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// How many there is no room for.
std::size_t add_labels(NamedTexts& fields, const boost::json::object& labels) {
    std::size_t left_out = 0;
    std::size_t bytes = 0;
    for (const auto& [name, text] : fields) bytes += name.size() + text.size();
    for (const auto& [label, value] : labels) {
        if (!value.is_string()) continue;
        auto name = label_name(label);
        const auto size = name.size() + value.get_string().size();
        if (bytes + size > kContainerFieldBytesMax) {
            ++left_out;
            continue;
        }
        bytes += size;
        add(fields, std::move(name), value.get_string());
    }
    return left_out;
}

base::Result<void> add_from_docker(NamedTexts& fields, const std::string& folder, std::size_t& labels_left_out) {
    const auto path = folder + "/config.v2.json";
    const auto read = read_file(path);
    if (!read) return std::unexpected(read.error());
    const auto& text = *read;
    boost::system::error_code error;
    const auto parsed = boost::json::parse(text, error);
    const auto* config = error ? nullptr : parsed.if_object();
    if (!config) return base::fail("cannot read {}: it is no JSON object of at most 1 MiB", path);
    const auto text_of = [](const boost::json::object& object, const char* name) -> std::string_view {
        const auto* value = object.if_contains(name);
        return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
    };
    auto name = text_of(*config, "Name");
    if (name.starts_with('/')) name.remove_prefix(1);
    add(fields, "container.name", name);
    const auto* inner = config->if_contains("Config");
    if (!inner || !inner->is_object()) return {};
    add(fields, "container.image", text_of(inner->get_object(), "Image"));
    const auto* labels = inner->get_object().if_contains("Labels");
    if (!labels || !labels->is_object()) return {};
    const auto& named = labels->get_object();
    add_kubernetes(fields, text_of(named, "io.kubernetes.pod.namespace"), text_of(named, "io.kubernetes.pod.name"),
                   text_of(named, "io.kubernetes.container.name"));
    labels_left_out = add_labels(fields, named);
    return {};
}

}  // namespace

ContainerFields container_fields(const std::string& path, const std::string& real_path) {
    NamedTexts fields;
    ContainerFields made;
    for (const auto& one : {path, real_path}) add_from_names(fields, one);
    for (const auto& one : {path, real_path}) {
        const auto folder = docker_folder(one);
        if (folder.empty()) continue;
        if (const auto added = add_from_docker(fields, folder, made.labels_left_out); !added)
            made.trouble = added.error().message;
        break;
    }
    made.fields = std::make_shared<const NamedTexts>(std::move(fields));
    return made;
}

bool is_of_chosen_container(const process::Condition& where, const std::string& path,
                            const process::NamedTexts* fields) {
    process::Record record;
    const process::Origin origin{.path = path, .fields = fields};
    record.begin({}, 0, origin, {});
    return where.holds(record);
}

}  // namespace agent::discover
