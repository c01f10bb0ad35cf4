#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "agent/read/reader.h"
#include "agent/split/splitter.h"
#include "tests/unit/support/line_model.h"
#include "tests/unit/support/temp_folder.h"

namespace agent::read {

// A real file and a reader on it, with the records that came out.
struct FollowedFile {
    explicit FollowedFile(model::LineLimit line_limit = {}, config::TextEncoding encoding = config::TextEncoding::utf8)
        : limit(line_limit), path(folder.at("a.log")), reader(open_it(), line_limit, encoding) {}

    std::shared_ptr<const base::UniqueFd> open_it() const {
        test::append_to(path, "");
        return std::make_shared<const base::UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    }
    void append(std::string_view bytes) const { test::append_to(path, bytes); }

    // One read; what it gave is split and collected, and follows what was there without a hole.
    ReadStatus read_once() {
        const auto before = reader.offset();
        auto result = reader.read(pool);
        if (result.status != ReadStatus::extent) {
            EXPECT_EQ(result.extent, nullptr);
            EXPECT_EQ(reader.offset(), before);
            return result.status;
        }
        EXPECT_EQ(result.extent->begin, before);
        EXPECT_GT(result.extent->end, result.extent->begin);
        EXPECT_EQ(result.extent->end, reader.offset());
        EXPECT_EQ(result.extent->anchor, reader.anchor_at(reader.offset()));
        split::split_lines(*result.extent, limit);
        for (auto& record : test::plain(*result.extent)) records.push_back(std::move(record));
        ends.emplace_back(result.extent->end, result.extent->anchor);
        return result.status;
    }

    // Everything that is complete.
    ReadStatus read_all() {
        auto status = read_once();
        while (status == ReadStatus::extent || status == ReadStatus::again) status = read_once();
        return status;
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        for (const auto& record : records) all.push_back(record.line);
        return all;
    }

    test::TempFolder folder;
    model::LineLimit limit;
    std::string path;
    BufferPool pool{kReadBytes, 4};
    Reader reader;
    std::vector<test::PlainRecord> records;
    std::vector<std::pair<model::FileOffset, model::Fingerprint>> ends;  // of the extents
};

}  // namespace agent::read
