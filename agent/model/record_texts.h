// What templates made of each record, where they read more of it than its file tells: topic, key, headers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace agent::model {

// The texts of one extent's records, in their order, as many of each: the topic, the key, headers. What no such
// template makes is empty. One buffer for all, so that a record costs its bytes and some numbers.
class RecordTexts {
 public:
    static constexpr std::size_t kTopic = 0;
    static constexpr std::size_t kKey = 1;
    static constexpr std::size_t kFirstHeader = 2;
    static constexpr std::size_t kTextBytesMax = 4096;  // of a key and of a header; what is longer is cut

    void begin(std::size_t texts_of_a_record, std::size_t records_expected) {
        texts_of_a_record_ = texts_of_a_record;
        bytes_.clear();
        ends_.clear();
        ends_.reserve(texts_of_a_record * records_expected);
    }

    // The next text is appended to what open() has, and ends with close().
    std::string& open() { return bytes_; }
    void close() { ends_.push_back(bytes_.size()); }

    bool empty() const { return ends_.empty(); }
    std::string_view at(std::size_t record, std::size_t text) const {
        const std::size_t index = (record * texts_of_a_record_) + text;
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::string_view(bytes_).substr(begin, ends_[index] - begin);
    }
    std::size_t memory_bytes() const { return bytes_.capacity() + (ends_.capacity() * sizeof(std::size_t)); }

 private:
    std::size_t texts_of_a_record_ = 0;
    std::string bytes_;
    std::vector<std::size_t> ends_;
};

}  // namespace agent::model
