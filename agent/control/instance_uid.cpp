#include "agent/control/instance_uid.h"

#include <cstddef>

#include "agent/control/durable_file.h"
#include "common/opamp/instance_uid.h"

namespace agent::control {

namespace {

constexpr std::size_t kFileBytesMax = 64;

std::string path_in(const std::string& data_dir) {
    return data_dir + "/instance-uid";
}

}  // namespace

base::Result<std::string> load_instance_uid(const std::string& data_dir) {
    if (const auto text = read_file(path_in(data_dir), kFileBytesMax); text && *text) {
        const std::string_view line(**text);
        if (auto uid = opamp::parse_instance_uid(line.substr(0, line.find('\n')))) return uid;
    }
    auto uid = opamp::new_instance_uid();
    if (auto stored = store_instance_uid(data_dir, uid); !stored) return std::unexpected(stored.error());
    return uid;
}

base::Result<void> store_instance_uid(const std::string& data_dir, std::string_view uid) {
    return write_durably(path_in(data_dir), opamp::instance_uid_text(uid) + "\n");
}

}  // namespace agent::control
