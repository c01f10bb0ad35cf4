// The world's faults are values: a function that can fail returns Result<T>.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace base {

// What went wrong, as a sentence for people: "cannot <verb> <what>: <why>", with the value that was seen.
struct Error {
    std::string message;

    friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = std::expected<T, Error>;

template <typename... Args>
std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
    return std::unexpected(Error{fmt::format(format, std::forward<Args>(args)...)});
}

// "No such file or directory (ENOENT)": what errno `code` means.
std::string errno_text(int code);

}  // namespace base
