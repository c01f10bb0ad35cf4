// What is written at the center and given to agents: pipelines and clusters, with every revision they ever had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "center/model/time.h"

namespace center::model {

enum class DocumentKind : std::uint8_t { pipeline, cluster };

constexpr std::string_view word_of(DocumentKind kind) {
    return kind == DocumentKind::pipeline ? "pipeline" : "cluster";
}

// One revision; never changed, never removed.
struct Revision {
    std::uint64_t number = 0;  // 1, 2, 3 …
    std::string hash;          // SHA-256 of the body, in hex
    TimeMs at = 0;
    std::string by;
    std::shared_ptr<const std::string> body;
};

struct Document {
    std::string name;
    std::vector<Revision> revisions;  // number n at n - 1
    bool is_deleted = false;          // its revisions are kept; what is written next goes on counting

    const Revision* find(std::uint64_t number) const {
        return number >= 1 && number <= revisions.size() ? &revisions[number - 1] : nullptr;
    }
    const Revision* newest() const { return revisions.empty() || is_deleted ? nullptr : &revisions.back(); }
};

}  // namespace center::model
