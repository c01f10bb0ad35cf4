#include "agent/deliver/line_writer.h"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace agent::deliver {

std::string join_lines(const std::vector<model::Record>& records) {
    std::size_t size = 0;
    for (const auto& record : records) size += record.size + 1;
    std::string lines;
    lines.reserve(size);
    for (const auto& record : records) {
        lines.append(record.line());
        lines += '\n';
    }
    return lines;
}

base::Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
            (void)::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return base::fail("{}", base::errno_text(errno));
        }
    }
    return {};
}

}  // namespace agent::deliver
