#include "common/net/http_client.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "common/base/assert.h"
#include "common/net/gzip.h"
#include "common/net/name_lookup.h"

namespace net {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using Code = boost::system::error_code;

std::string describe(const Code& error) {
    return error.category() == boost::system::system_category() ? base::errno_text(error.value()) : error.message();
}

// What a connection needs for TLS. Errors: a file that cannot be read or is none of its kind.
base::Result<std::unique_ptr<ssl::context>> tls_context(const TlsFiles& files) {
    auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
    Code error;
    (void)context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                               error);
    (void)context->set_verify_mode(ssl::verify_peer, error);
    if (files.ca_file.empty()) {
        (void)context->set_default_verify_paths(error);
    } else {
        (void)context->load_verify_file(files.ca_file, error);
    }
    if (error) return base::fail("cannot use the CA file {}: {}", files.ca_file, error.message());
    if (files.cert_file.empty()) return context;
    (void)context->use_certificate_chain_file(files.cert_file, error);
    if (error) return base::fail("cannot use the certificate {}: {}", files.cert_file, error.message());
    (void)context->use_private_key_file(files.key_file, ssl::context::pem, error);
    if (error) return base::fail("cannot use the key {}: {}", files.key_file, error.message());
    return context;
}

// One TCP connection, with TLS on it or not.
struct Connection {
    Connection(base::EventLoop& loop, std::unique_ptr<ssl::context> tls_context_or_none)
        : context(std::move(tls_context_or_none)), socket(loop.io()) {
        if (context) tls.emplace(socket, *context);
    }

    std::unique_ptr<ssl::context> context;
    tcp::socket socket;
    std::optional<ssl::stream<tcp::socket&>> tls;
    boost::beast::flat_buffer buffer;
    std::uint64_t answers = 0;
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool is_ip_address(const std::string& host) {
    Code error;
    (void)asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

// The client's inside. Pending operations hold it; they do nothing once their request is over, which `serial_` tells.
class HttpClient::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
    Exchange(base::EventLoop& loop, TlsFiles files, const HttpClientLimits& limits)
        : loop_(loop), files_(std::move(files)), limits_(limits), lookup_(std::in_place, loop), deadline_(loop) {}

    void send(const base::Url& url, ClientRequest request, Answered answered);
    void cancel();
    void end();

 private:
    void open();
    void connect(const std::vector<std::string>& addresses);
    void shake_hands();
    void write();
    void read();
    void received(const Code& error);
    void failed(const std::string& what, const Code& error);
    void finish(base::Result<ClientResponse> answer);
    void close();
    base::Result<ClientResponse> take_response();

    // Wraps what is to be done next, if the request is still this one then.
    template <typename Next>
    auto then(Next next) {
        return [self = shared_from_this(), serial = serial_, next = std::move(next)](const Code& error,
                                                                                     const auto&...) mutable {
            if (self->serial_ == serial) next(*self, error);
        };
    }

    base::EventLoop& loop_;
    const TlsFiles files_;
    const HttpClientLimits limits_;
    std::optional<NameLookup> lookup_;
    base::Timer deadline_;
    base::Url url_;
    std::shared_ptr<Connection> connection_;  // to url_'s server; operations in progress hold it, too
    http::request<http::string_body> request_;
    std::optional<http::response_parser<http::string_body>> parser_;
    Answered answered_;
    std::uint64_t serial_ = 0;
};

void HttpClient::Exchange::send(const base::Url& url, ClientRequest request, Answered answered) {
    constexpr unsigned kHttp11 = 11;
    AGENT_ASSERT(!answered_);
    const bool same_server = url.is_secure == url_.is_secure && url.host == url_.host && url.port == url_.port;
    if (!same_server) close();
    url_ = url;
    answered_ = std::move(answered);
    ++serial_;
    request_ = {};
    request_.version(kHttp11);
    request_.method_string(request.method);
    request_.target(url.target);
    request_.set(http::field::host, url.authority());
    request_.set(http::field::accept_encoding, "gzip");
    for (const auto& [name, value] : request.headers) request_.set(name, value);
    request_.body() = std::move(request.body);
    request_.prepare_payload();
    deadline_.after(limits_.timeout, [this] {
        close();
        finish(base::fail("cannot get an answer from {}: none in {} ms", url_.authority(), limits_.timeout.count()));
    });
    if (connection_) {
        write();
    } else {
        open();
    }
}

void HttpClient::Exchange::cancel() {
    ++serial_;
    answered_ = nullptr;
    deadline_.cancel();
    close();
}

void HttpClient::Exchange::end() {
    cancel();
    lookup_.reset();  // before the loop goes: its thread may still want to post
}

void HttpClient::Exchange::open() {
    lookup_->forget();
    lookup_->find(url_.host, [weak = weak_from_this(), serial = serial_](base::Result<std::vector<std::string>> found) {
        const auto self = weak.lock();
        if (!self || self->serial_ != serial) return;
        if (!found) return self->finish(std::unexpected(found.error()));
        self->connect(*found);
    });
}

void HttpClient::Exchange::connect(const std::vector<std::string>& addresses) {
    std::unique_ptr<ssl::context> context;
    if (url_.is_secure) {
        auto made = tls_context(files_);
        if (!made) return finish(std::unexpected(made.error()));
        context = std::move(*made);
    }
    std::vector<tcp::endpoint> endpoints;
    for (const auto& address : addresses) {
        Code error;
        const auto parsed = asio::ip::make_address(address, error);
        if (!error) endpoints.emplace_back(parsed, url_.port);
    }
    connection_ = std::make_shared<Connection>(loop_, std::move(context));
    asio::async_connect(connection_->socket, endpoints, then([held = connection_](Exchange& self, const Code& error) {
                            if (error) return self.failed("connect to", error);
                            Code ignored;
                            (void)held->socket.set_option(tcp::no_delay(true), ignored);
                            held->tls ? self.shake_hands() : self.write();
                        }));
}

void HttpClient::Exchange::shake_hands() {
    auto& tls = *connection_->tls;
    if (!is_ip_address(url_.host))  // SSL_set_tlsext_host_name(), without its C cast
        (void)::SSL_ctrl(tls.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                         url_.host.data());
    Code error;
    (void)tls.set_verify_callback(ssl::host_name_verification(url_.host), error);
    tls.async_handshake(ssl::stream_base::client, then([held = connection_](Exchange& self, const Code& failure) {
                            if (failure) return self.failed("agree on TLS with", failure);
                            self.write();
                        }));
}

void HttpClient::Exchange::write() {
    auto written = then([held = connection_](Exchange& self, const Code& error) {
        if (error) return self.failed("send to", error);
        self.read();
    });
    if (connection_->tls) {
        http::async_write(*connection_->tls, request_, std::move(written));
    } else {
        http::async_write(connection_->socket, request_, std::move(written));
    }
}

void HttpClient::Exchange::read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
    parser_->body_limit(limits_.body_bytes_max);
    auto done = then([held = connection_](Exchange& self, const Code& error) { self.received(error); });
    if (connection_->tls) {
        http::async_read(*connection_->tls, connection_->buffer, *parser_, std::move(done));
    } else {
        http::async_read(connection_->socket, connection_->buffer, *parser_, std::move(done));
    }
}

void HttpClient::Exchange::received(const Code& error) {
    if (error) return failed("read the answer of", error);
    ++connection_->answers;
    const bool stays = parser_->get().keep_alive();
    auto response = take_response();
    if (!stays) close();
    finish(std::move(response));
}

base::Result<ClientResponse> HttpClient::Exchange::take_response() {
    auto message = parser_->release();
    ClientResponse response{.status = static_cast<int>(message.result_int()), .headers = {}, .body = {}};
    for (const auto& field : message) response.headers[lower(field.name_string())] = std::string(field.value());
    response.body = std::move(message.body());
    if (!boost::beast::iequals(message[http::field::content_encoding], "gzip")) return response;
    auto inflated = gunzip(response.body, limits_.inflated_bytes_max);
    if (!inflated) return base::fail("cannot read the answer of {}: {}", url_.authority(), inflated.error().message);
    response.body = std::move(*inflated);
    return response;
}

// A server may close a connection that was kept just when it is used again: that is no failure of the request.
void HttpClient::Exchange::failed(const std::string& what, const Code& error) {
    const bool was_kept = connection_ && connection_->answers > 0;
    const bool nothing_came = !parser_ || !parser_->got_some();
    close();
    if (was_kept && nothing_came && error != http::error::body_limit) return open();
    finish(base::fail("cannot {} {}: {}", what, url_.authority(), describe(error)));
}

void HttpClient::Exchange::finish(base::Result<ClientResponse> answer) {
    ++serial_;
    deadline_.cancel();
    parser_.reset();
    loop_.post([self = shared_from_this(), serial = serial_, answer = std::move(answer)]() mutable {
        if (self->serial_ != serial) return;
        if (auto answered = std::exchange(self->answered_, nullptr)) answered(std::move(answer));
    });
}

void HttpClient::Exchange::close() {
    if (!connection_) return;
    Code ignored;
    (void)connection_->socket.close(ignored);
    connection_.reset();
}

HttpClient::HttpClient(base::EventLoop& loop, TlsFiles files, const HttpClientLimits& limits)
    : exchange_(std::make_shared<Exchange>(loop, std::move(files), limits)) {}

HttpClient::~HttpClient() {
    exchange_->end();
}

void HttpClient::send(const base::Url& url, ClientRequest request, Answered answered) {
    exchange_->send(url, std::move(request), std::move(answered));
}

void HttpClient::cancel() {
    exchange_->cancel();
}

}  // namespace net
