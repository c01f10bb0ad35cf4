// What single texts must look like: pure, each answers with what is wrong, or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace config {

using Complaint = std::optional<std::string>;

Complaint check_absolute_path(std::string_view path);
Complaint check_socket_path(std::string_view path);   // absolute, and short enough for a Unix socket
Complaint check_include_glob(std::string_view glob);  // absolute
Complaint check_exclude_glob(std::string_view glob);  // for the name, or absolute
Complaint check_broker(std::string_view address);     // host:port
Complaint check_listen(std::string_view address);     // host:port, :port or unix:/path; port 0 lets the kernel choose
Complaint check_name(std::string_view name);          // of a pipeline, cluster or label
Complaint check_topic(std::string_view topic);        // as Kafka allows it
bool is_topic(std::string_view topic);

}  // namespace config
