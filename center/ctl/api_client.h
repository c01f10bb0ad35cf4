// The center's API, as a command calls it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/fwd.hpp>

#include "common/base/result.h"
#include "common/base/url.h"
#include "common/net/http_client.h"

namespace center::ctl {

// Why a call did not do what was asked: the center refused it, or is not to be reached (status 0).
struct CallError {
    struct Detail {
        std::uint64_t line = 0;  // 0: none
        std::uint64_t column = 0;
        std::string key;
        std::string message;
    };

    int status = 0;
    std::string message;
    std::vector<Detail> details;
};

struct CenterAddress {
    std::string url = "http://127.0.0.1:4321";
    std::string token;
    net::TlsFiles tls;
};

// Calls block, each at most for the HTTP client's time-out.
class ApiClient {
 public:
    // Errors: the address is none.
    static base::Result<ApiClient> connect(const CenterAddress& address);

    // `path` below /api/v1/. The answer's JSON; null for an empty one.
    std::expected<boost::json::value, CallError> get(const std::string& path);
    std::expected<boost::json::value, CallError> put(const std::string& path, std::string body);
    std::expected<boost::json::value, CallError> post(const std::string& path, std::string body);
    std::expected<boost::json::value, CallError> remove(const std::string& path);

    // A pipeline's TOML, as it was put.
    std::expected<std::string, CallError> text(const std::string& path);

 private:
    ApiClient(base::Url url, const CenterAddress& address)
        : url_(std::move(url)), token_(address.token), tls_(address.tls) {}

    std::expected<std::string, CallError> call(const std::string& method, const std::string& path, std::string body);

    base::Url url_;
    std::string token_;
    net::TlsFiles tls_;
};

// One part of a path: what is not a letter, a digit or one of -._~ is escaped.
std::string escaped(std::string_view part);

}  // namespace center::ctl
