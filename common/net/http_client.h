// An HTTP/1.1 client on an event loop, over TCP or TLS.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/event_loop.h"
#include "common/base/result.h"
#include "common/base/url.h"

namespace net {

// Whom the client trusts, and who it is. The files are read for each new connection: renewed ones need no restart.
struct TlsFiles {
    std::string ca_file;    // PEM; "": what the system trusts
    std::string cert_file;  // PEM; with key_file: mTLS
    std::string key_file;
};

struct HttpClientLimits {
    std::chrono::milliseconds timeout{10'000};  // of one request, from the host's name to the end of its answer
    std::size_t header_bytes_max = 16ULL << 10;
    std::size_t body_bytes_max = 4ULL << 20;       // as it is sent
    std::size_t inflated_bytes_max = 16ULL << 20;  // where it was sent as gzip
};

struct ClientRequest {
    std::string method = "POST";
    std::map<std::string, std::string> headers;
    std::string body;
};

struct ClientResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;                            // inflated
};

// One request at a time; the connection is kept for the next one to the same server while that keeps it, and a kept
// connection that turns out to be dead is replaced without a word.
//
// Life: destroyed, it is silent. Thread: the loop's; names are looked up on another one.
class HttpClient {
 public:
    using Answered = std::move_only_function<void(base::Result<ClientResponse>)>;

    HttpClient(base::EventLoop& loop, TlsFiles files, const HttpClientLimits& limits = {});
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Calls back once, never from within. The request before this one must have been answered or cancelled. Errors: no
    // such host, no connection, a certificate that is not the host's, no answer in time, too large, not HTTP. Any
    // status is an answer.
    void send(const base::Url& url, ClientRequest request, Answered answered);
    void cancel();  // the request is not answered any more, and the connection closed

 private:
    class Exchange;
    std::shared_ptr<Exchange> exchange_;
};

}  // namespace net
