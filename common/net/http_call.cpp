#include <cstdint>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sys/un.h>

#include "common/net/http_server.h"

namespace net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using Code = boost::system::error_code;

constexpr std::uint64_t kResponseBytesMax = 64ULL << 20;

// One call and all that it needs while it runs.
struct Call {
    asio::io_context io{1};
    stream_protocol::socket socket{io};
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::response_parser<http::string_body> response;
    std::optional<Code> outcome;  // none while it runs

    void start(const stream_protocol::endpoint& endpoint) {
        response.body_limit(kResponseBytesMax);
        socket.async_connect(endpoint, [this](const Code& error) { error ? finish(error) : write(); });
    }

    void write() {
        http::async_write(socket, request, [this](const Code& error, std::size_t) { error ? finish(error) : read(); });
    }

    void read() {
        http::async_read(socket, buffer, response, [this](const Code& error, std::size_t) { finish(error); });
    }

    void finish(const Code& error) { outcome = error; }
};

}  // namespace

base::Result<HttpResponse> http_call(const std::string& socket_path, const HttpRequest& request,
                                     std::chrono::milliseconds timeout) {
    constexpr unsigned kHttp11 = 11;
    if (socket_path.empty() || socket_path.size() >= sizeof(sockaddr_un{}.sun_path)) {
        return base::fail("cannot connect to {}: a path of 1 to 107 bytes is needed", socket_path);
    }
    Call call;
    call.request.version(kHttp11);
    call.request.method_string(request.method);
    call.request.target(request.target);
    call.request.set(http::field::host, "localhost");
    call.request.keep_alive(false);
    call.request.body() = request.body;
    call.request.prepare_payload();
    call.start(stream_protocol::endpoint(socket_path));
    call.io.run_for(timeout);
    if (!call.outcome) return base::fail("cannot get an answer from {}: none in {} ms", socket_path, timeout.count());
    if (*call.outcome) {
        const bool is_system = call.outcome->category() == boost::system::system_category();
        return base::fail("cannot call {}: {}", socket_path,
                          is_system ? base::errno_text(call.outcome->value()) : call.outcome->message());
    }
    auto message = call.response.release();
    return HttpResponse{.status = static_cast<int>(message.result_int()),
                        .content_type = std::string(message[http::field::content_type]),
                        .body = std::move(message.body())};
}

}  // namespace net
