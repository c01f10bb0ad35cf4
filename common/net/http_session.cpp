#include "common/net/http_session.h"

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <netdb.h>
#include <sys/socket.h>

namespace net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::generic::stream_protocol;  // TCP and Unix sockets alike
using Plain = Protocol::socket;
using Tls = asio::ssl::stream<Plain>;
using Code = boost::system::error_code;

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kIdleBytesMax = 16ULL << 10;  // what an idle connection may keep of its buffer

std::string peer_of(int connection) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    std::array<char, NI_MAXHOST> host{};
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::getpeername(connection, generic, &length) != 0 || address.ss_family == AF_UNIX ||
        ::getnameinfo(generic, length, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return "";
    return host.data();
}

template <typename Stream>
class Session : public HttpSession, public std::enable_shared_from_this<Session<Stream>> {
    static constexpr bool kIsTls = std::is_same_v<Stream, Tls>;

 public:
    Session(base::EventLoop& loop, Stream stream, std::shared_ptr<const HttpSessionTerms> terms,
            std::function<void(HttpSession*)> closed)
        : terms_(std::move(terms)), stream_(std::move(stream)), deadline_(loop), closed_(std::move(closed)) {}

    void start() override {
        peer_ = peer_of(socket().native_handle());
        if constexpr (kIsTls) {
            enter(Stage::handshaking);
            stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](const Code& e) {
                if (self->stage_ != Stage::handshaking) return;
                e ? self->close() : self->wait();
            });
        } else {
            wait();
        }
    }

    void close() override {
        if (stage_ == Stage::closed) return;
        const auto self = this->shared_from_this();
        stage_ = Stage::closed;
        deadline_.cancel();
        Code ignored;
        (void)socket().close(ignored);
        closed_(this);
    }

 private:
    enum class Stage : std::uint8_t { handshaking, idle, reading, answering, writing, lingering, closed };

    Plain& socket() {
        if constexpr (kIsTls)
            return stream_.next_layer();
        else
            return stream_;
    }

    // For the first bytes of a request: until then the connection is idle, from then on it is late.
    void wait() {
        if (buffer_.size() > 0) return read();
        if (buffer_.capacity() > kIdleBytesMax) buffer_.shrink_to_fit();
        enter(Stage::idle);
        stream_.async_read_some(buffer_.prepare(kReadBytes),
                                [self = this->shared_from_this()](const Code& error, std::size_t size) {
                                    if (self->stage_ != Stage::idle) return;
                                    if (error) return self->close();
                                    self->buffer_.commit(size);
                                    self->read();
                                });
    }

    void read() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(terms_->limits.header_bytes_max));
        parser_->body_limit(terms_->limits.body_bytes_max);
        enter(Stage::reading);
        http::async_read(stream_, buffer_, *parser_,
                         [self = this->shared_from_this()](const Code& error, std::size_t) { self->received(error); });
    }

    void received(const Code& error) {
        if (stage_ != Stage::reading) return;
        if (error) return refuse(error);
        handle();
    }

    void refuse(const Code& error) {
        const bool is_clients_fault = error.category() == http::make_error_code(http::error::bad_method).category();
        if (!is_clients_fault || error == http::error::end_of_stream || error == http::error::partial_message)
            return close();
        parser_->get().keep_alive(false);
        if (error == http::error::body_limit) return write({.status = 413, .body = "the body is too large\n"});
        if (error == http::error::header_limit) return write({.status = 431, .body = "the header is too large\n"});
        write({.status = 400, .body = "this is not HTTP: " + error.message() + "\n"});
    }

    void handle() {
        enter(Stage::answering);
        auto& message = parser_->get();
        HttpRequest request{.method = std::string(message.method_string()),
                            .target = std::string(message.target()),
                            .body = std::move(message.body()),
                            .peer = peer_};
        for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
        terms_->handler(request, [weak = this->weak_from_this(), number = ++request_](HttpResponse response) {
            if (const auto self = weak.lock()) self->answer(number, std::move(response));
        });
    }

    void answer(std::uint64_t request, HttpResponse response) {
        if (stage_ == Stage::answering && request == request_) write(std::move(response));
    }

    void write(HttpResponse response) {
        const auto& request = parser_->get();
        response_ = {static_cast<http::status>(response.status), request.version()};
        response_.set(http::field::content_type, response.content_type);
        for (const auto& [name, value] : response.headers) response_.insert(name, value);
        response_.keep_alive(request.keep_alive());
        response_.content_length(response.body.size());
        if (request.method() != http::verb::head) response_.body() = std::move(response.body);
        enter(Stage::writing);
        http::async_write(stream_, response_,
                          [self = this->shared_from_this()](const Code& error, std::size_t) { self->written(error); });
    }

    void written(const Code& error) {
        if (stage_ != Stage::writing) return;
        if (error) return close();
        if (response_.keep_alive()) {
            parser_.reset();
            response_ = {};
            return wait();
        }
        Code ignored;
        (void)socket().shutdown(Plain::shutdown_send, ignored);
        enter(Stage::lingering);
        linger();
    }

    // Closed with bytes unread, a connection is reset, and the client may never see the answer it was just sent.
    void linger() {
        socket().async_read_some(asio::buffer(ignored_),
                                 [self = this->shared_from_this()](const Code& error, std::size_t) {
                                     if (self->stage_ != Stage::lingering) return;
                                     if (error) return self->close();
                                     self->linger();
                                 });
    }

    void enter(Stage stage) {
        stage_ = stage;
        const auto& limits = terms_->limits;
        deadline_.after(stage == Stage::idle ? limits.idle_timeout : limits.request_timeout,
                        [weak = this->weak_from_this()] {
                            if (const auto self = weak.lock()) self->expire();
                        });
    }

    void expire() {
        if (stage_ != Stage::answering) return close();
        parser_->get().keep_alive(false);
        write({.status = 504, .body = "no answer in time\n"});
    }

    const std::shared_ptr<const HttpSessionTerms> terms_;
    Stream stream_;
    base::Timer deadline_;
    std::function<void(HttpSession*)> closed_;
    std::string peer_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::array<char, 512> ignored_{};
    std::uint64_t request_ = 0;  // how many were read: an answer is for one of them
    Stage stage_ = Stage::handshaking;
};

}  // namespace

std::shared_ptr<HttpSession> HttpSession::make(base::EventLoop& loop, base::UniqueFd connection, int family,
                                               std::shared_ptr<const HttpSessionTerms> terms,
                                               std::function<void(HttpSession*)> closed) {
    Plain socket(loop.io(), Protocol(family, 0), connection.release());
    if (!terms->tls)
        return std::make_shared<Session<Plain>>(loop, std::move(socket), std::move(terms), std::move(closed));
    Tls stream(std::move(socket), *terms->tls);
    return std::make_shared<Session<Tls>>(loop, std::move(stream), std::move(terms), std::move(closed));
}

base::Result<TlsContext> make_server_context(const HttpTls& tls) {
    using asio::ssl::context;
    auto made = std::make_shared<context>(context::tls_server);
    Code error;
    (void)made->set_options(context::default_workarounds | context::no_tlsv1 | context::no_tlsv1_1, error);
    (void)made->use_certificate_chain_file(tls.cert_file, error);
    if (error) return base::fail("cannot use the certificate {}: {}", tls.cert_file, error.message());
    (void)made->use_private_key_file(tls.key_file, context::pem, error);
    if (error) return base::fail("cannot use the key {}: {}", tls.key_file, error.message());
    if (tls.client_ca_file.empty()) return made;
    (void)made->load_verify_file(tls.client_ca_file, error);
    if (error) return base::fail("cannot use the clients' authority {}: {}", tls.client_ca_file, error.message());
    (void)made->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert, error);
    if (error) return base::fail("cannot ask clients for certificates: {}", error.message());
    // A session of a client that was let in is not taken up again by one that was not.
    ::SSL_CTX_set_session_cache_mode(made->native_handle(), SSL_SESS_CACHE_OFF);
    return made;
}

}  // namespace net
