// A store in memory that fails and dawdles when it is told to.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "center/store/store.h"

namespace test {

class FakeStore : public center::store::Store {
 public:
    using Revision = center::store::Revision;

    bool is_slow = false;    // writes wait for finish()
    bool is_broken = false;  // writes fail
    std::map<std::string, std::string> entries;

    base::Result<void> load(std::string_view prefix, const Visit& visit) override {
        for (const auto& [key, value] : entries)
            if (key.starts_with(prefix))
                if (auto visited = visit(key, value); !visited) return visited;
        return {};
    }

    void read(center::store::Range range, Read done) override {
        std::vector<center::store::Entry> found;
        for (const auto& [key, value] : entries)
            if (key.starts_with(range.prefix)) found.push_back({.key = key, .value = value});
        if (range.order == center::store::Order::descending) std::ranges::reverse(found);
        done(std::move(found));
    }

    void write(center::store::Batch batch, Written done) override {
        waiting_.emplace_back(std::move(batch), std::move(done));
        if (!is_slow) finish();
    }

    Revision revision() const override { return revision_; }
    void when_at(Revision /*revision*/, base::Task then) override { then(); }

    void finish() {
        while (!waiting_.empty()) {
            auto [batch, done] = std::move(waiting_.front());
            waiting_.pop_front();
            if (is_broken) {
                done(base::fail("cannot write to the store: the test says so"));
                continue;
            }
            for (auto& [key, value] : batch) {
                if (value)
                    entries.insert_or_assign(key, *value);
                else
                    entries.erase(key);
            }
            done(++revision_);
        }
    }

    std::size_t waiting() const { return waiting_.size(); }

 private:
    std::deque<std::pair<center::store::Batch, Written>> waiting_;
    Revision revision_ = 1;
};

}  // namespace test
