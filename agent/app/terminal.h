#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <termios.h>

#include "agent/admin/top_screen.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace agent::app {

// The terminal that we were started from, as a screen of our own: keys come one by one and are not shown, and what was
// on it comes back at the end.
//
// Life: takes the terminal in open(), gives it back when destroyed; signals that end the program are waited for like
// keys, so that it is. Thread: one.
class Terminal {
 public:
    static bool is_there();  // stdin and stdout are one that knows more than lines
    static base::Result<Terminal> open();
    Terminal(Terminal&& other) noexcept;
    Terminal& operator=(Terminal&&) = delete;
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    admin::ScreenSize size() const;
    void show(const std::string& text);  // what is to be written as it is

    enum class Wish : std::uint8_t { none, redraw, end };
    // What the user wants: q, Ctrl-C, Ctrl-D or a signal end it; another size, or any other key, draws again.
    Wish wait(std::chrono::milliseconds timeout);

 private:
    Terminal() = default;

    base::UniqueFd signals_;
    termios before_{};
    bool is_ours_ = false;
};

}  // namespace agent::app
