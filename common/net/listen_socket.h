// A listening socket, TCP or Unix, by its address as text.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace net {

struct ListenSocket {
    base::UniqueFd fd;
    int family = 0;       // AF_INET, AF_INET6 or AF_UNIX
    std::string address;  // with the port that was bound

    // Takes the name of a Unix socket off the disk, if it is still this socket's.
    void remove_name() const;

    unsigned long device = 0;  // of the Unix socket's name
    unsigned long inode = 0;
};

// Addresses and errors as HttpServer::listen() has them. Blocks on name resolution.
base::Result<ListenSocket> listen_on(const std::string& address);

}  // namespace net
