#include "common/net/name_lookup.h"

#include <array>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace net {

namespace {

using Addresses = base::Result<std::vector<std::string>>;

std::string numeric(const addrinfo& address) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return text.data();
}

Addresses look_up(const std::string& host, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0)
        return base::fail("cannot find the host {}: {}", host, ::gai_strerror(error));
    std::vector<std::string> addresses;
    for (const auto* item = list; item; item = item->ai_next)
        if (auto text = numeric(*item); !text.empty()) addresses.push_back(std::move(text));
    ::freeaddrinfo(list);
    if (addresses.empty()) return base::fail("cannot find the host {}: it has no address", host);
    return addresses;
}

}  // namespace

// Between the loop's thread and the one that looks up, which may outlive the loop.
struct NameLookup::Shared {
    std::mutex mutex;
    base::EventLoop* loop = nullptr;  // none: the end has come
    Found found;                      // the loop's thread's alone
    bool is_busy = false;             // so is this
};

NameLookup::NameLookup(base::EventLoop& loop) : shared_(std::make_shared<Shared>()) {
    shared_->loop = &loop;
}

NameLookup::~NameLookup() {
    const std::scoped_lock lock(shared_->mutex);
    shared_->loop = nullptr;
}

void NameLookup::find(const std::string& host, Found found) {
    if (auto addresses = look_up(host, AI_NUMERICHOST); addresses) {
        shared_->loop->post(
            [weak = std::weak_ptr(shared_), addresses = std::move(addresses), found = std::move(found)]() mutable {
                if (weak.lock()) found(std::move(addresses));
            });
        return;
    }
    if (shared_->is_busy) return found(base::fail("cannot find the host {}: the name server does not answer", host));
    shared_->is_busy = true;
    shared_->found = std::move(found);
    const auto answer = [shared = shared_](Addresses addresses) {
        const std::scoped_lock lock(shared->mutex);
        if (!shared->loop) return;
        shared->loop->post([weak = std::weak_ptr(shared), addresses = std::move(addresses)]() mutable {
            const auto self = weak.lock();
            if (!self) return;
            self->is_busy = false;
            if (auto waiting = std::exchange(self->found, nullptr)) waiting(std::move(addresses));
        });
    };
    try {
        std::thread([host, answer] { answer(look_up(host, AI_ADDRCONFIG)); }).detach();
    } catch (const std::system_error& error) {
        answer(base::fail("cannot find the host {}: no thread to be had ({})", host, error.what()));
    }
}

void NameLookup::forget() {
    shared_->found = nullptr;
}

}  // namespace net
