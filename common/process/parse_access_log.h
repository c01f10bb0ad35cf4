// Access logs of nginx and Apache.
//
// Both read the line by its marks: what stands in quotes ends at the first quote without a backslash before it, and
// escapes stay as the server wrote them (\x22, \"). "-" is how a server says that there is nothing: left out. A request
// line "METHOD PATH PROTOCOL" becomes three fields; any other (a port scanner's bytes) stays whole as `request`.
//
// What a log format has added behind those fields ("$http_x_forwarded_for" in the nginx.conf of many distributions,
// $request_time) is one text, `rest`, as it is: another `parse` with `field = "rest"` takes it apart.
#pragma once

#include <memory>

#include "common/process/parser.h"

namespace process {

// `combined`: remote_addr, remote_user, time_local, method, path, protocol, status, body_bytes_sent, http_referer,
// http_user_agent.
std::unique_ptr<Parser> make_nginx_parser();

// `common` and `combined`: host, ident, user, timestamp, method, path, protocol, status, size, referrer, agent.
std::unique_ptr<Parser> make_apache_parser();

}  // namespace process
