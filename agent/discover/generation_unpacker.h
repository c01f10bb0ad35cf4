#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/discover/compressed_generation.h"
#include "common/base/event_loop.h"

namespace agent::discover {

// Unpacks rotated generations one after the other, so that nobody waits for it but who asked.
//
// Life: its thread begins with the first request. At the end it stops what it is at. Thread: the control thread; the
// answers come there, too.
class GenerationUnpacker {
 public:
    using Answer = std::function<void(base::Result<std::optional<UnpackedGeneration>> found)>;

    explicit GenerationUnpacker(base::EventLoop& control) : control_(control) {}
    ~GenerationUnpacker();
    GenerationUnpacker(const GenerationUnpacker&) = delete;
    GenerationUnpacker& operator=(const GenerationUnpacker&) = delete;

    // See unpack_generation(). Once it is destroyed, nothing is answered.
    void unpack(model::Checkpoint checkpoint, std::string scratch_folder, Answer answer);

 private:
    base::EventLoop& control_;
    std::stop_source stop_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // of the control thread
    base::EventLoop loop_;
    std::thread thread_;
};

}  // namespace agent::discover
