#include "center/ctl/api_client.h"

#include <cctype>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "common/base/event_loop.h"

namespace center::ctl {

namespace json = boost::json;

namespace {

constexpr int kOkFirst = 200;
constexpr int kOkLast = 299;
constexpr int kUnauthorized = 401;

std::string text_of(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : "";
}

std::uint64_t count_of(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found && found->is_int64() && found->as_int64() >= 0 ? static_cast<std::uint64_t>(found->as_int64()) : 0;
}

CallError refusal(int status, const std::string& body) {
    CallError error{.status = status, .message = fmt::format("the center answered {}", status), .details = {}};
    boost::system::error_code no_json;
    const auto answer = json::parse(body, no_json);
    if (!no_json && answer.is_object()) {
        if (auto message = text_of(answer.as_object(), "error"); !message.empty()) error.message = std::move(message);
        const auto* details = answer.as_object().if_contains("details");
        if (details && details->is_array())
            for (const auto& one : details->as_array())
                if (const auto* detail = one.if_object())
                    error.details.push_back({.line = count_of(*detail, "line"),
                                             .column = count_of(*detail, "column"),
                                             .key = text_of(*detail, "key"),
                                             .message = text_of(*detail, "message")});
    }
    if (status == kUnauthorized) error.message += " (name a token with --token or VENUS_TOKEN)";
    return error;
}

std::expected<json::value, CallError> parsed(std::expected<std::string, CallError> body) {
    if (!body) return std::unexpected(std::move(body.error()));
    if (body->empty()) return json::value();
    boost::system::error_code no_json;
    auto answer = json::parse(*body, no_json);
    if (no_json) return std::unexpected(CallError{.message = "the answer is no JSON: is this a venus-center?"});
    return answer;
}

}  // namespace

base::Result<ApiClient> ApiClient::connect(const CenterAddress& address) {
    auto url = base::parse_url(address.url);
    if (!url) return base::fail("cannot use the center's address {}: {}", address.url, url.error().message);
    while (url->target.ends_with('/')) url->target.pop_back();
    return ApiClient(std::move(*url), address);
}

std::expected<json::value, CallError> ApiClient::get(const std::string& path) {
    return parsed(call("GET", path, ""));
}

std::expected<json::value, CallError> ApiClient::put(const std::string& path, std::string body) {
    return parsed(call("PUT", path, std::move(body)));
}

std::expected<json::value, CallError> ApiClient::post(const std::string& path, std::string body) {
    return parsed(call("POST", path, std::move(body)));
}

std::expected<json::value, CallError> ApiClient::remove(const std::string& path) {
    return parsed(call("DELETE", path, ""));
}

std::expected<std::string, CallError> ApiClient::text(const std::string& path) {
    return call("GET", path, "");
}

std::expected<std::string, CallError> ApiClient::call(const std::string& method, const std::string& path,
                                                      std::string body) {
    auto url = url_;
    url.target += "/api/v1/" + path;
    net::ClientRequest request{.method = method, .headers = {}, .body = std::move(body)};
    if (!token_.empty()) request.headers["Authorization"] = "Bearer " + token_;
    std::optional<base::Result<net::ClientResponse>> answer;
    base::EventLoop loop;
    net::HttpClient http(loop, tls_);
    http.send(url, std::move(request), [&](base::Result<net::ClientResponse> answered) {
        answer = std::move(answered);
        loop.stop();
    });
    loop.run();
    if (!*answer)
        return std::unexpected(CallError{
            .message = fmt::format("cannot reach the center at {}: {}", url_.authority(), answer->error().message)});
    const auto status = (*answer)->status;
    if (status < kOkFirst || status > kOkLast) return std::unexpected(refusal(status, (*answer)->body));
    return std::move((*answer)->body);
}

std::string escaped(std::string_view part) {
    constexpr std::string_view kPlain = "-._~";
    std::string out;
    for (const char c : part) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || kPlain.find(c) != std::string_view::npos)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace center::ctl
