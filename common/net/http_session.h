// One connection of the server; of common/net alone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/event_loop.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/net/http_server.h"

namespace boost::asio::ssl {
class context;  // NOLINT(readability-identifier-naming): as Boost declares it
}

namespace net {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// Errors: a file that cannot be read, or that is not what it should be; a key of another certificate.
base::Result<TlsContext> make_server_context(const HttpTls& tls);

// What all sessions of a server share; outlives the server while sessions have it.
struct HttpSessionTerms {
    HttpLimits limits;
    HttpHandler handler;
    TlsContext tls;  // none: plain
};

// Reads a request, waits for its answer, writes it, and so on while the client keeps it open.
//
// Life: its owner's until it is closed. Pending operations hold it too, and do nothing once it is closed.
class HttpSession {
 public:
    virtual ~HttpSession() = default;
    virtual void start() = 0;
    virtual void close() = 0;

    // `closed` is told once, when it closes by itself or by close().
    static std::shared_ptr<HttpSession> make(base::EventLoop& loop, base::UniqueFd connection, int family,
                                             std::shared_ptr<const HttpSessionTerms> terms,
                                             std::function<void(HttpSession*)> closed);
};

}  // namespace net
