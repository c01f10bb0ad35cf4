#include "center/store/embedded_store.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "common/base/assert.h"
#include "common/base/folder_lock.h"
#include "common/base/unique_fd.h"

namespace center::store {

namespace {

constexpr const char* kRevisionKey = "meta/revision";

rocksdb::Options options_of() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.paranoid_checks = true;
    // A write that a crash tore at the end of the log was told to nobody. What is damaged before it is no such write.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.track_and_verify_wals_in_manifest = true;
    options.write_buffer_size = 4 << 20;
    options.max_background_jobs = 2;
    options.max_open_files = 64;
    options.keep_log_file_num = 2;
    options.max_log_file_size = 1 << 20;
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(8 << 20, 0);
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return options;
}

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

class EmbeddedStore : public Store {
 public:
    EmbeddedStore(base::EventLoop& loop, base::UniqueFd lock, std::unique_ptr<rocksdb::DB> db, Revision revision)
        : loop_(loop), lock_(std::move(lock)), db_(std::move(db)), last_(revision), thread_([this] { work(); }) {
        front_->revision = revision;
    }

    ~EmbeddedStore() override {
        front_->is_open = false;
        {
            const std::lock_guard guard(mutex_);
            is_closing_ = true;
        }
        wake_.notify_one();
        thread_.join();
        (void)db_->Flush({});  // into files with checksums; what it cannot write stays in the log
    }
    EmbeddedStore(const EmbeddedStore&) = delete;
    EmbeddedStore& operator=(const EmbeddedStore&) = delete;

    base::Result<void> load(std::string_view prefix, const Visit& visit) override {
        const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
        const rocksdb::Slice begin(prefix.data(), prefix.size());
        for (it->Seek(begin); it->Valid() && it->key().starts_with(begin); it->Next())
            if (auto visited = visit(it->key().ToStringView(), it->value().ToStringView()); !visited) return visited;
        if (!it->status().ok()) return base::fail("cannot read the store: {}", it->status().ToString());
        return {};
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
            auto entries = read_now(read->range);
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
        rocksdb::WriteBatch together;
        auto revision = last_;
        std::vector<Revision> revisions;
        for (const auto& write : writes) {
            revision = after(revision);
            revisions.push_back(revision);
            for (const auto& change : write.batch)
                change.value ? together.Put(change.key, *change.value) : together.Delete(change.key);
        }
        together.Put(kRevisionKey, std::to_string(revision));
        rocksdb::WriteOptions options;
        options.sync = true;
        const auto status = db_->Write(options, &together);
        if (status.ok()) last_ = revision;
        loop_.post([front = front_, writes = std::move(writes), revisions = std::move(revisions), ok = status.ok(),
                    why = status.ToString()]() mutable {
            for (std::size_t i = 0; i < writes.size() && front->is_open; ++i) {
                if (!ok) {
                    writes[i].done(base::fail("cannot write to the store: {}", why));
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

    base::Result<std::vector<Entry>> read_now(const Range& range) {
        std::vector<Entry> entries;
        const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
        const auto begin = range.after.empty() ? range.prefix : range.after;
        if (range.order == Order::ascending) {
            it->Seek(begin);
            if (it->Valid() && it->key().ToStringView() == range.after) it->Next();
        } else {
            // 0xFF is in no key of ours, so it is behind all that begin with the prefix.
            it->SeekForPrev(range.after.empty() ? range.prefix + '\xFF' : range.after);
            if (it->Valid() && it->key().ToStringView() == range.after) it->Prev();
        }
        while (it->Valid() && it->key().starts_with(range.prefix) && entries.size() < range.count_max) {
            entries.push_back({.key = it->key().ToString(), .value = it->value().ToString()});
            range.order == Order::ascending ? it->Next() : it->Prev();
        }
        if (!it->status().ok()) return base::fail("cannot read the store: {}", it->status().ToString());
        return entries;
    }

    base::EventLoop& loop_;
    base::UniqueFd lock_;  // released last
    std::unique_ptr<rocksdb::DB> db_;
    std::shared_ptr<Front> front_ = std::make_shared<Front>();
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    bool is_closing_ = false;
    Revision last_;  // the thread's
    std::thread thread_;
};

base::Result<Revision> revision_of(rocksdb::DB& db) {
    std::string text;
    const auto status = db.Get({}, kRevisionKey, &text);
    if (status.IsNotFound()) return 0;
    if (!status.ok()) return base::fail("{}", status.ToString());
    Revision revision = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (error != std::errc{} || end != text.data() + text.size()) return base::fail("its revision is no number");
    return revision;
}

// Opening reads no data: a damaged block would be met in the middle of something.
base::Result<void> read_all(rocksdb::DB& db) {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(options));
    for (it->SeekToFirst(); it->Valid();) it->Next();
    if (!it->status().ok()) return base::fail("{}", it->status().ToString());
    return {};
}

}  // namespace

base::Result<std::unique_ptr<Store>> open_embedded_store(base::EventLoop& loop, const std::filesystem::path& data_dir) {
    auto lock = base::lock_folder(data_dir, "venus-center");
    if (!lock) return std::unexpected(lock.error());
    const auto path = data_dir / "store";
    const auto cannot = [&](const std::string& why) {
        return base::fail("cannot open the store {}: {} (restore the data folder from a copy)", path.string(), why);
    };
    rocksdb::DB* raw = nullptr;
    if (const auto status = rocksdb::DB::Open(options_of(), path.string(), &raw); !status.ok())
        return cannot(status.ToString());
    std::unique_ptr<rocksdb::DB> db(raw);
    if (auto read = read_all(*db); !read) return cannot(read.error().message);
    const auto revision = revision_of(*db);
    if (!revision) return cannot(revision.error().message);
    return std::make_unique<EmbeddedStore>(loop, std::move(*lock), std::move(db), *revision);
}

}  // namespace center::store
