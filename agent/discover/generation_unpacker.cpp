#include "agent/discover/generation_unpacker.h"

#include <utility>

namespace agent::discover {

GenerationUnpacker::~GenerationUnpacker() {
    *alive_ = false;
    if (!thread_.joinable()) return;
    stop_.request_stop();
    loop_.stop();
    thread_.join();
}

void GenerationUnpacker::unpack(model::Checkpoint checkpoint, std::string scratch_folder, Answer answer) {
    loop_.post([this, checkpoint = std::move(checkpoint), folder = std::move(scratch_folder),
                answer = std::move(answer)]() mutable {
        auto found = unpack_generation(checkpoint, {.scratch_folder = std::move(folder), .stop = stop_.get_token()});
        control_.post([alive = alive_, found = std::move(found), answer = std::move(answer)]() mutable {
            if (*alive) answer(std::move(found));
        });
    });
    if (!thread_.joinable()) thread_ = std::thread([this] { loop_.run(); });
}

}  // namespace agent::discover
