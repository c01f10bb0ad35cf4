#include "common/net/http_server.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/net/http_session.h"
#include "common/net/listen_socket.h"

namespace net {

namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;  // TCP and Unix sockets alike
using Code = boost::system::error_code;

// Accepts connections while there are fewer than allowed, and owns them.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
    Listener(base::EventLoop& loop, ListenSocket socket, std::shared_ptr<const HttpSessionTerms> terms)
        : terms_(std::move(terms)),
          loop_(loop),
          name_(std::move(socket)),
          acceptor_(loop.io(), Protocol(name_.family, 0), name_.fd.release()),
          retry_(loop) {}

    void accept();
    void close();
    const std::string& address() const { return name_.address; }

 private:
    void accepted(const Code& error, Protocol::socket socket);
    void forget(HttpSession* session);

    const std::shared_ptr<const HttpSessionTerms> terms_;
    base::EventLoop& loop_;
    ListenSocket name_;
    asio::basic_socket_acceptor<Protocol> acceptor_;
    base::Timer retry_;
    std::unordered_map<HttpSession*, std::shared_ptr<HttpSession>> sessions_;
    bool is_accepting_ = false;
};

void Listener::accept() {
    if (is_accepting_ || !acceptor_.is_open() || sessions_.size() >= terms_->limits.connections_max) return;
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
    base::UniqueFd connection(socket.release());
    // An answer in two parts would wait for the client's acknowledgement of the first.
    const int on = 1;
    if (name_.family != AF_UNIX) (void)::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const auto session = HttpSession::make(loop_, std::move(connection), name_.family, terms_,
                                           [weak = weak_from_this()](HttpSession* closed) {
                                               if (const auto self = weak.lock()) self->forget(closed);
                                           });
    sessions_.emplace(session.get(), session);
    session->start();
    accept();
}

void Listener::forget(HttpSession* session) {
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

bool is_same_letter(char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::string_view find_header(const HttpHeaders& headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (std::ranges::equal(key, name, is_same_letter)) return value;
    return {};
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::listen(base::EventLoop& loop, const std::string& address,
                                                             HttpHandler handler, const HttpLimits& limits,
                                                             const HttpTls& tls) {
    auto terms = std::make_shared<HttpSessionTerms>(limits, std::move(handler));
    if (!tls.cert_file.empty()) {
        auto context = make_server_context(tls);
        if (!context) return base::fail("cannot listen on {}: {}", address, context.error().message);
        terms->tls = std::move(*context);
    }
    auto socket = listen_on(address);
    if (!socket) return std::unexpected(socket.error());
    return std::make_unique<Server>(std::make_shared<Listener>(loop, std::move(*socket), std::move(terms)));
}

}  // namespace net
