#include "center/store/embedded_store.h"

#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "center/store/queued_store.h"
#include "common/base/folder_lock.h"
#include "common/base/unique_fd.h"

namespace center::store {

namespace {

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

class RocksDbBackend : public Backend {
 public:
    RocksDbBackend(base::UniqueFd lock, std::unique_ptr<rocksdb::DB> db) : lock_(std::move(lock)), db_(std::move(db)) {}
    ~RocksDbBackend() override {
        (void)db_->Flush({});  // into files with checksums; what it cannot write stays in the log
    }
    RocksDbBackend(const RocksDbBackend&) = delete;
    RocksDbBackend& operator=(const RocksDbBackend&) = delete;

    base::Result<void> load(std::string_view prefix, const Store::Visit& visit) override {
        const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
        const rocksdb::Slice begin(prefix.data(), prefix.size());
        for (it->Seek(begin); it->Valid() && it->key().starts_with(begin); it->Next())
            if (auto visited = visit(it->key().ToStringView(), it->value().ToStringView()); !visited) return visited;
        if (!it->status().ok()) return base::fail("cannot read the store: {}", it->status().ToString());
        return {};
    }

    base::Result<void> write(const Batch& batch) override {
        rocksdb::WriteBatch together;
        for (const auto& change : batch)
            change.value ? together.Put(change.key, *change.value) : together.Delete(change.key);
        rocksdb::WriteOptions options;
        options.sync = true;
        if (const auto status = db_->Write(options, &together); !status.ok())
            return base::fail("{}", status.ToString());
        return {};
    }

    base::Result<std::vector<Entry>> read(const Range& range) override {
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

 private:
    base::UniqueFd lock_;  // released last
    std::unique_ptr<rocksdb::DB> db_;
};

base::Result<Revision> revision_of(rocksdb::DB& db) {
    std::string text;
    const auto status = db.Get({}, kRevisionKey, &text);
    if (status.IsNotFound()) return 0;
    if (!status.ok()) return base::fail("{}", status.ToString());
    return parse_revision(text);
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
    return make_queued_store(loop, std::make_unique<RocksDbBackend>(std::move(*lock), std::move(db)), *revision);
}

}  // namespace center::store
