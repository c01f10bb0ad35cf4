#include "common/net/http_server.h"

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "common/net/listen_socket.h"

namespace net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::generic::stream_protocol;  // TCP and Unix sockets alike
using Code = boost::system::error_code;

class Listener;

// One connection: reads a request, waits for its answer, writes it, and so on while the client keeps it open.
//
// Life: the listener's, which owns it until close(). Pending operations hold it too, and do nothing once it is closed.
class Session : public std::enable_shared_from_this<Session> {
 public:
    Session(base::EventLoop& loop, Protocol::socket socket, const std::shared_ptr<Listener>& listener);

    void read();
    void close();

 private:
    enum class Stage { reading, answering, writing, lingering, closed };

    void received(const Code& error);
    void refuse(const Code& error);
    void handle();
    void answer(std::uint64_t request, HttpResponse response);
    void write(HttpResponse response);
    void written(const Code& error);
    void linger();
    void enter(Stage stage);
    void expire();

    std::weak_ptr<Listener> listener_;
    Protocol::socket socket_;
    base::Timer deadline_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::array<char, 4096> ignored_{};
    std::uint64_t request_ = 0;  // how many were read: an answer is for one of them
    Stage stage_ = Stage::reading;
};

// Accepts connections while there are fewer than allowed, and owns them.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
    Listener(base::EventLoop& loop, ListenSocket socket, HttpHandler handler, const HttpLimits& limits)
        : limits_(limits),
          handler_(std::move(handler)),
          loop_(loop),
          name_(std::move(socket)),
          acceptor_(loop.io(), Protocol(name_.family, 0), name_.fd.release()),
          retry_(loop) {}

    void accept();
    void close();
    void forget(Session* session);
    const std::string& address() const { return name_.address; }
    const HttpLimits& limits() const { return limits_; }
    const HttpHandler& handler() const { return handler_; }

 private:
    void accepted(const Code& error, Protocol::socket socket);

    const HttpLimits limits_;
    const HttpHandler handler_;
    base::EventLoop& loop_;
    ListenSocket name_;
    asio::basic_socket_acceptor<Protocol> acceptor_;
    base::Timer retry_;
    std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
    bool is_accepting_ = false;
};

Session::Session(base::EventLoop& loop, Protocol::socket socket, const std::shared_ptr<Listener>& listener)
    : listener_(listener), socket_(std::move(socket)), deadline_(loop) {}

void Session::read() {
    const auto listener = listener_.lock();
    if (!listener) return close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(listener->limits().header_bytes_max));
    parser_->body_limit(listener->limits().body_bytes_max);
    enter(Stage::reading);
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](const Code& error, std::size_t) { self->received(error); });
}

void Session::received(const Code& error) {
    if (stage_ != Stage::reading) return;
    if (error) return refuse(error);
    handle();
}

void Session::refuse(const Code& error) {
    const bool is_clients_fault = error.category() == http::make_error_code(http::error::bad_method).category();
    if (!is_clients_fault || error == http::error::end_of_stream || error == http::error::partial_message)
        return close();
    parser_->get().keep_alive(false);
    if (error == http::error::body_limit) return write({.status = 413, .body = "the body is too large\n"});
    if (error == http::error::header_limit) return write({.status = 431, .body = "the header is too large\n"});
    write({.status = 400, .body = "this is not HTTP: " + error.message() + "\n"});
}

void Session::handle() {
    const auto listener = listener_.lock();
    if (!listener) return close();
    enter(Stage::answering);
    const auto& message = parser_->get();
    const HttpRequest request{.method = std::string(message.method_string()),
                              .target = std::string(message.target()),
                              .body = message.body()};
    listener->handler()(request, [weak = weak_from_this(), number = ++request_](HttpResponse response) {
        if (const auto self = weak.lock()) self->answer(number, std::move(response));
    });
}

void Session::answer(std::uint64_t request, HttpResponse response) {
    if (stage_ == Stage::answering && request == request_) write(std::move(response));
}

void Session::write(HttpResponse response) {
    const auto& request = parser_->get();
    response_ = {static_cast<http::status>(response.status), request.version()};
    response_.set(http::field::content_type, response.content_type);
    response_.keep_alive(request.keep_alive());
    response_.content_length(response.body.size());
    if (request.method() != http::verb::head) response_.body() = std::move(response.body);
    enter(Stage::writing);
    http::async_write(socket_, response_,
                      [self = shared_from_this()](const Code& error, std::size_t) { self->written(error); });
}

void Session::written(const Code& error) {
    if (stage_ != Stage::writing) return;
    if (error) return close();
    if (response_.keep_alive()) return read();
    Code ignored;
    (void)socket_.shutdown(Protocol::socket::shutdown_send, ignored);
    enter(Stage::lingering);
    linger();
}

// Closed with bytes unread, a connection is reset, and the client may never see the answer it was just sent.
void Session::linger() {
    socket_.async_read_some(asio::buffer(ignored_), [self = shared_from_this()](const Code& error, std::size_t) {
        if (self->stage_ != Stage::lingering) return;
        if (error) return self->close();
        self->linger();
    });
}

void Session::enter(Stage stage) {
    stage_ = stage;
    const auto listener = listener_.lock();
    if (!listener) return;
    deadline_.after(listener->limits().request_timeout, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->expire();
    });
}

void Session::expire() {
    if (stage_ != Stage::answering) return close();
    parser_->get().keep_alive(false);
    write({.status = 504, .body = "no answer in time\n"});
}

void Session::close() {
    if (stage_ == Stage::closed) return;
    const auto self = shared_from_this();
    stage_ = Stage::closed;
    deadline_.cancel();
    Code ignored;
    (void)socket_.close(ignored);
    if (const auto listener = listener_.lock()) listener->forget(this);
}

void Listener::accept() {
    if (is_accepting_ || !acceptor_.is_open() || sessions_.size() >= limits_.connections_max) return;
    is_accepting_ = true;
    acceptor_.async_accept([weak = weak_from_this()](const Code& error, Protocol::socket socket) {
        if (const auto self = weak.lock()) self->accepted(error, std::move(socket));
    });
}

void Listener::accepted(const Code& error, Protocol::socket socket) {
    constexpr std::chrono::milliseconds kPause{100};  // out of descriptors, most likely: others must close theirs first
    is_accepting_ = false;
    if (!acceptor_.is_open()) return;
    if (error) return retry_.after(kPause, [this] { accept(); });
    const auto session = std::make_shared<Session>(loop_, std::move(socket), shared_from_this());
    sessions_.emplace(session.get(), session);
    session->read();
    accept();
}

void Listener::forget(Session* session) {
    sessions_.erase(session);
    accept();
}

void Listener::close() {
    Code ignored;
    (void)acceptor_.close(ignored);
    retry_.cancel();
    name_.remove_name();
    for (const auto& [key, session] : std::exchange(sessions_, {})) session->close();
}

class Server : public HttpServer {
 public:
    explicit Server(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) { listener_->accept(); }
    ~Server() override { listener_->close(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string address() const override { return listener_->address(); }

 private:
    std::shared_ptr<Listener> listener_;
};

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::listen(base::EventLoop& loop, const std::string& address,
                                                             HttpHandler handler, const HttpLimits& limits) {
    auto socket = listen_on(address);
    if (!socket) return std::unexpected(socket.error());
    return std::make_unique<Server>(std::make_shared<Listener>(loop, std::move(*socket), std::move(handler), limits));
}

}  // namespace net
