// How generations of one file are read: the oldest first.
#include <functional>
#include <string>
#include <string_view>

#include "agent/model/generation.h"
#include "agent/pipeline/shard.h"

namespace agent::pipeline {

namespace {

constexpr int kOlderMax = 64;  // generations that are looked at in a turn

}  // namespace

// A file that is found is newer than those that were found before; but what was compressed meanwhile is the oldest.
void Shard::join_generations(Pipeline& pipeline, Tail& tail) {
    const auto before = tail.checkpoint_before();
    const std::string_view path = before ? before->origin_path : tail.path;
    const auto name = model::without_generation(path);
    const auto key = std::hash<std::string_view>()(name);
    auto& all = pipeline.generations[key];
    all.key = key;
    all.has_plain_name = all.has_plain_name || name == path;
    tail.generations = &all;
    Tail* newer = nullptr;
    if (tail.is_copy)
        for (auto* one = all.newest; one; one = one->older) newer = one;
    tail.newer = newer;
    tail.older = newer ? nullptr : all.newest;
    if (tail.older) tail.older->newer = &tail;
    if (newer)
        newer->older = &tail;
    else
        all.newest = &tail;
}

void Shard::leave_generations(Pipeline& pipeline, Tail& tail) {
    if (tail.older) tail.older->newer = tail.newer;
    if (tail.newer)
        tail.newer->older = tail.older;
    else
        tail.generations->newest = tail.older;
    if (!tail.generations->newest) pipeline.generations.erase(tail.generations->key);
}

// The next one in turn. But rotated generations go before newer ones until they are read to their end.
Tail& Shard::take_ready(Pipeline& pipeline) {
    auto* tail = pipeline.ready.front();
    pipeline.ready.pop_front();
    if (!tail->generations->has_plain_name) return *tail;
    auto* first = tail;
    auto* older = tail->older;
    for (int looked = 0; older && looked < kOlderMax; ++looked, older = older->older)
        if (older->state == Tail::State::ready && !older->was_at_end) first = older;
    if (first != tail) {
        std::erase(pipeline.ready, first);
        pipeline.ready.push_back(tail);
    }
    return *first;
}

}  // namespace agent::pipeline
