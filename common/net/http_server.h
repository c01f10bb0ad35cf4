// A small HTTP/1.1 server over TCP, TLS or a Unix socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/event_loop.h"
#include "common/base/result.h"

namespace net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, whatever its case; "": there is none.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
    std::string method;  // "GET"
    std::string target;  // "/metrics"
    std::string body;    // at most HttpLimits::body_bytes_max
    HttpHeaders headers = {};
    std::string peer = {};  // the client's address, "192.0.2.7"; "" on a Unix socket
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    HttpHeaders headers = {};  // besides those that content and connection ask for
};

struct HttpLimits {
    std::size_t connections_max = 64;  // the next ones wait in the kernel's backlog
    std::size_t header_bytes_max = 8ULL << 10;
    std::size_t body_bytes_max = 1ULL << 20;
    std::chrono::milliseconds request_timeout{10'000};  // a handshake; reading a request; answering it; writing that
    std::chrono::milliseconds idle_timeout{10'000};     // of a connection between two requests
};

// TLS, where there is a certificate; PEM files. With client_ca_file only clients with a certificate of that authority
// are let in.
struct HttpTls {
    std::string cert_file;
    std::string key_file;
    std::string client_ca_file;
};

// Answers once, now or later, on the loop's thread; further answers are ignored. An answer that comes too late, or
// never, is a 504.
using HttpRespond = std::move_only_function<void(HttpResponse)>;
using HttpHandler = std::function<void(const HttpRequest&, HttpRespond)>;

// Life: listens from listen() until destroyed; open connections are closed then, a late HttpRespond is ignored.
// Thread: the loop's.
class HttpServer {
 public:
    // `address`: "127.0.0.1:9598", "[::1]:9598", ":9598" (all), or "unix:/run/x.sock" (mode 0660; a stale socket that
    // nobody listens on is replaced, a live one is an error). Errors: cannot resolve, bind or listen, with the address;
    // a certificate or key that cannot be used. Blocks on name resolution.
    static base::Result<std::unique_ptr<HttpServer>> listen(base::EventLoop& loop, const std::string& address,
                                                            HttpHandler handler, const HttpLimits& limits = {},
                                                            const HttpTls& tls = {});
    virtual ~HttpServer() = default;

    virtual std::string address() const = 0;  // with the port that was bound, when 0 was asked for
};

// One request over a Unix socket, for the command line. Blocks, at most for `timeout`. Errors: nobody listens, no
// answer in time, an answer that is not HTTP.
base::Result<HttpResponse> http_call(const std::string& socket_path, const HttpRequest& request,
                                     std::chrono::milliseconds timeout = std::chrono::seconds(10));

}  // namespace net
