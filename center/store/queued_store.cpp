#include "center/store/queued_store.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

namespace center::store {

namespace {

Revision after(Revision previous) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return std::max(previous + 1, static_cast<Revision>(std::max<std::int64_t>(ms, 0)));
}

struct WriteJob {
    Batch batch;
    Store::Written done;
};

struct ReadJob {
    Range range;
    Store::Read done;
};

using Job = std::variant<WriteJob, ReadJob>;

// What lives as long as somebody may post to the loop about it.
struct Front {
    bool is_open = true;
    Revision revision = 0;
    std::multimap<Revision, base::Task> waiting;
};

class QueuedStore : public Store {
 public:
    QueuedStore(base::EventLoop& loop, std::unique_ptr<Backend> backend, Revision revision)
        : loop_(loop), backend_(std::move(backend)), last_(revision), thread_([this] { work(); }) {
        front_->revision = revision;
    }

    ~QueuedStore() override {
        front_->is_open = false;
        {
            const std::lock_guard guard(mutex_);
            is_closing_ = true;
        }
        backend_->interrupt();
        wake_.notify_one();
        thread_.join();
    }
    QueuedStore(const QueuedStore&) = delete;
    QueuedStore& operator=(const QueuedStore&) = delete;

    base::Result<void> load(std::string_view prefix, const Visit& visit) override {
        return backend_->load(prefix, visit);
    }
    void read(Range range, Read done) override { add(ReadJob{std::move(range), std::move(done)}); }
    void write(Batch batch, Written done) override { add(WriteJob{std::move(batch), std::move(done)}); }
    Revision revision() const override { return front_->revision; }

    void when_at(Revision revision, base::Task then) override {
        if (revision <= front_->revision) return then();
        front_->waiting.emplace(revision, std::move(then));
    }

 private:
    void add(Job job) {
        {
            const std::lock_guard guard(mutex_);
            jobs_.push_back(std::move(job));
        }
        wake_.notify_one();
    }

    void work() {
        for (;;) {
            std::deque<Job> jobs;
            {
                std::unique_lock guard(mutex_);
                wake_.wait(guard, [this] { return is_closing_ || !jobs_.empty(); });
                if (jobs_.empty()) return;
                jobs.swap(jobs_);
            }
            while (!jobs.empty()) take(jobs);
        }
    }

    // The writes at the front together, or one read.
    void take(std::deque<Job>& jobs) {
        if (auto* read = std::get_if<ReadJob>(&jobs.front())) {
            auto entries = backend_->read(read->range);
            loop_.post([front = front_, done = std::move(read->done), entries = std::move(entries)]() mutable {
                if (front->is_open) done(std::move(entries));
            });
            jobs.pop_front();
            return;
        }
        std::vector<WriteJob> writes;
        while (!jobs.empty() && std::holds_alternative<WriteJob>(jobs.front())) {
            writes.push_back(std::get<WriteJob>(std::move(jobs.front())));
            jobs.pop_front();
        }
        write_now(std::move(writes));
    }

    void write_now(std::vector<WriteJob> writes) {
        Batch together;
        auto revision = last_;
        std::vector<Revision> revisions;
        for (auto& write : writes) {
            revision = after(revision);
            revisions.push_back(revision);
            std::ranges::move(write.batch, std::back_inserter(together));
        }
        together.push_back({kRevisionKey, std::to_string(revision)});
        auto written = backend_->write(together);
        if (written) last_ = revision;
        loop_.post([front = front_, writes = std::move(writes), revisions = std::move(revisions),
                    written = std::move(written)]() mutable {
            for (std::size_t i = 0; i < writes.size() && front->is_open; ++i) {
                if (!written) {
                    writes[i].done(base::fail("cannot write to the store: {}", written.error().message));
                    continue;
                }
                front->revision = revisions[i];
                writes[i].done(revisions[i]);
                tell(front);
            }
        });
    }

    static void tell(const std::shared_ptr<Front>& front) {
        while (front->is_open && !front->waiting.empty() && front->waiting.begin()->first <= front->revision) {
            auto then = std::move(front->waiting.begin()->second);
            front->waiting.erase(front->waiting.begin());
            then();
        }
    }

    base::EventLoop& loop_;
    std::unique_ptr<Backend> backend_;
    std::shared_ptr<Front> front_ = std::make_shared<Front>();
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    bool is_closing_ = false;
    Revision last_;  // the thread's
    std::thread thread_;
};

}  // namespace

base::Result<Revision> parse_revision(std::string_view text) {
    Revision revision = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (error != std::errc{} || end != text.data() + text.size()) return base::fail("its revision is no number");
    return revision;
}

std::unique_ptr<Store> make_queued_store(base::EventLoop& loop, std::unique_ptr<Backend> backend, Revision revision) {
    return std::make_unique<QueuedStore>(loop, std::move(backend), revision);
}

}  // namespace center::store
