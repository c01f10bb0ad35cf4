#include <cerrno>
#include <chrono>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include "agent/checkpoint/checkpoint_codec.h"
#include "agent/checkpoint/checkpoint_store.h"
#include "common/base/folder_lock.h"
#include "common/base/unique_fd.h"

namespace agent::checkpoint {

namespace {

// Small: checkpoints are a few hundred bytes each. With RocksDB's defaults an open store costs 85 MB of memory, so 13.
rocksdb::Options small_options() {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 1 << 20;
    options.max_write_buffer_number = 2;
    options.max_open_files = 32;
    options.max_background_jobs = 1;
    options.max_total_wal_size = 2 << 20;
    options.keep_log_file_num = 2;
    options.max_log_file_size = 1 << 20;
    options.info_log_level = rocksdb::WARN_LEVEL;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.statistics = nullptr;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(1 << 20, 0);
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return options;
}

class RocksdbStore : public CheckpointStore {
 public:
    RocksdbStore(base::UniqueFd lock, std::unique_ptr<rocksdb::DB> db, bool set_aside)
        : lock_(std::move(lock)), db_(std::move(db)), set_aside_(set_aside) {}

    base::Result<void> write(const CheckpointBatch& batch, Durability durability) override {
        rocksdb::WriteBatch writes;
        for (const auto& [key, checkpoint] : batch.changes) {
            const auto encoded = encode_key(key.first, key.second);
            if (checkpoint)
                writes.Put(encoded, encode_value(*checkpoint));
            else
                writes.Delete(encoded);
        }
        for (const auto& pipeline : batch.looked) writes.Put(marker_key(pipeline), std::string(1, kCodecVersion));
        rocksdb::WriteOptions options;
        options.sync = durability == Durability::host;
        if (const auto status = db_->Write(options, &writes); !status.ok())
            return base::fail("cannot write checkpoints: {}", status.ToString());
        return {};
    }

    base::Result<PipelineCheckpoints> load(const std::string& pipeline) override {
        PipelineCheckpoints loaded;
        std::string marker;
        loaded.looked_before = set_aside_ || !db_->Get({}, marker_key(pipeline), &marker).IsNotFound();
        const auto prefix = key_prefix(pipeline);
        const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
        for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
            auto key = decode_key(it->key().ToStringView());
            auto checkpoint = key ? decode_value(key->file, it->value().ToStringView())
                                  : base::Result<model::Checkpoint>(std::unexpected(key.error()));
            if (checkpoint)
                loaded.checkpoints.push_back(std::move(*checkpoint));
            else
                loaded.damage.push_back(checkpoint.error().message);
        }
        if (!it->status().ok()) return base::fail("cannot read checkpoints: {}", it->status().ToString());
        return loaded;
    }

    base::Result<std::vector<std::string>> pipelines() override {
        std::vector<std::string> names;
        const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
        for (it->Seek("c"); it->Valid() && it->key().starts_with("c"); it->Next())
            if (auto key = decode_key(it->key().ToStringView());
                key && (names.empty() || names.back() != key->pipeline))
                names.push_back(key->pipeline);
        if (!it->status().ok()) return base::fail("cannot read checkpoints: {}", it->status().ToString());
        return names;
    }

 private:
    base::UniqueFd lock_;  // released last
    std::unique_ptr<rocksdb::DB> db_;
    bool set_aside_;
};

// What root wrote there, another user cannot read: that is no damage.
base::Result<void> check_access(const std::filesystem::path& path) {
    std::error_code ended;
    for (const auto& file : std::filesystem::directory_iterator(path, ended))
        if (::access(file.path().c_str(), R_OK | W_OK) != 0)
            return base::fail(
                "cannot use the checkpoint store: cannot read and write {}: {} (it belongs to another user)",
                file.path().string(), base::errno_text(errno));
    return {};
}

base::Result<std::unique_ptr<rocksdb::DB>> open_db(const std::filesystem::path& path) {
    rocksdb::DB* db = nullptr;
    if (const auto status = rocksdb::DB::Open(small_options(), path.string(), &db); !status.ok())
        return base::fail("{}", status.ToString());
    std::unique_ptr<rocksdb::DB> opened(db);
    // Opening reads no data. A damaged block would be met on every start, and stop all writes at the next compaction.
    const std::unique_ptr<rocksdb::Iterator> it(opened->NewIterator({}));
    for (it->SeekToFirst(); it->Valid();) it->Next();
    if (!it->status().ok()) return base::fail("{}", it->status().ToString());
    return opened;
}

// A name that is free: a rename would not take the place of an earlier damaged store.
std::string aside_of(const std::filesystem::path& path) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto aside =
        fmt::format("{}.damaged-{}", path.string(), std::chrono::duration_cast<std::chrono::seconds>(now).count());
    auto free = aside;
    for (int i = 2; std::filesystem::exists(free); ++i) free = fmt::format("{}-{}", aside, i);
    return free;
}

}  // namespace

base::Result<OpenedStore> open_checkpoint_store(const std::filesystem::path& data_dir) {
    auto lock = base::lock_folder(data_dir, "venus-agent");
    if (!lock) return std::unexpected(lock.error());

    const auto path = data_dir / "checkpoints";
    if (auto access = check_access(path); !access) return std::unexpected(access.error());
    OpenedStore opened;
    auto db = open_db(path);
    if (!db) {
        const auto aside = aside_of(path);
        opened.damage = db.error().message;
        std::error_code failed;
        std::filesystem::rename(path, aside, failed);
        if (failed)
            return base::fail("cannot open the checkpoint store {}: {}; and cannot set it aside: {}", path.string(),
                              opened.damage, failed.message());
        opened.set_aside = aside;
        db = open_db(path);
        if (!db) return base::fail("cannot make a checkpoint store in {}: {}", path.string(), db.error().message);
    }
    opened.store = std::make_unique<RocksdbStore>(std::move(*lock), std::move(*db), !opened.set_aside.empty());
    return opened;
}

}  // namespace agent::checkpoint
