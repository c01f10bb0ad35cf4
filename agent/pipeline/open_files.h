#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "agent/discover/file_system.h"
#include "agent/model/file_identity.h"
#include "common/base/unique_fd.h"

namespace agent::pipeline {

// Why a file could not be opened.
struct NotOpen {
    enum class Why : std::uint8_t {
        no_room,    // too few descriptors are left
        elsewhere,  // the path leads to another file, or nowhere: what became of this one will be told
        failed,     // errno's, in `message`
    };
    Why why;
    std::string message;
};

// The files that the tails of a shard have open; those of several pipelines share a descriptor.
//
// Life: one per shard. Thread: its shard's.
class OpenFiles {
 public:
    explicit OpenFiles(std::unique_ptr<discover::FileSystem> file_system) : file_system_(std::move(file_system)) {}

    // The descriptor that is open already, or else this one.
    base::SharedFd share(const model::FileIdentity& file, base::SharedFd fd);

    base::SharedFd held(const model::FileIdentity& file) const;  // null: nobody has it open

    std::expected<base::SharedFd, NotOpen> open(const model::FileIdentity& file, const std::string& path);
    // Whatever became of its names. null: it cannot be, or it is gone.
    base::SharedFd open_by_handle(const model::FileIdentity& file, const std::string& handle, const std::string& path);
    std::string handle(const base::UniqueFd& fd) { return file_system_->handle(fd); }

    void forget_closed();  // those that nobody has open any more

    std::optional<discover::FileState> state(const std::string& path) { return file_system_->state(path); }

 private:
    std::unique_ptr<discover::FileSystem> file_system_;
    std::unordered_map<model::FileIdentity, std::weak_ptr<const base::UniqueFd>> files_;
};

}  // namespace agent::pipeline
