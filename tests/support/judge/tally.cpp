#include "tests/support/judge/tally.h"

#include <algorithm>

#include <fmt/format.h>

namespace judge {
namespace {

constexpr std::size_t kSamplesMax = 5;
constexpr std::size_t kSampleBytesMax = 160;
constexpr std::uint64_t kSequenceMax = 1ULL << 32U;  // one bit each: half a gigabyte, more than any test writes

// "w1/0: lines 17-20 are missing" for the first gap.
std::string describe_gap(const FileId& file, const std::vector<bool>& seen, std::uint64_t expected) {
    std::uint64_t first = 0;
    while (first < seen.size() && seen[first]) ++first;
    std::uint64_t last = first;
    while (last + 1 < expected && (last + 1 >= seen.size() || !seen[last + 1])) ++last;
    return fmt::format("{}/{}: lines {}-{} are missing", file.writer, file.generation, first, last);
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
    expected += other.expected;
    received += other.received;
    missing += other.missing;
    duplicate += other.duplicate;
    out_of_order += other.out_of_order;
    foreign += other.foreign;
    return *this;
}

bool passes(const Verdict& verdict, const Tolerance& tolerance) {
    const auto& total = verdict.total;
    return total.missing == 0 && verdict.corrupt == 0 && total.duplicate <= tolerance.duplicates &&
           (tolerance.reordered || total.out_of_order == 0) && (tolerance.foreign || total.foreign == 0);
}

std::optional<Line> Tally::count(std::string_view text) {
    const auto line = parse_line(text);
    if (!line || line->id.sequence >= kSequenceMax) {
        ++corrupt_;
        if (corrupt_samples_.size() < kSamplesMax) {
            corrupt_samples_.push_back(
                fmt::format("corrupt ({} bytes): {}", text.size(), text.substr(0, kSampleBytesMax)));
        }
        return std::nullopt;
    }
    auto& file = file_of(line->id);
    const auto sequence = line->id.sequence;
    if (sequence >= file.seen.size()) {
        file.seen.resize(sequence + 1);
    } else if (file.seen[sequence]) {
        ++file.duplicate;
        return std::nullopt;
    } else {
        ++file.out_of_order;
    }
    file.seen[sequence] = true;
    ++file.distinct;
    return line;
}

Tally::File& Tally::file_of(const LineId& id) {
    if (last_ == files_.end() || last_->first.generation != id.generation || last_->first.writer != id.writer) {
        last_ = files_.try_emplace(FileId{.writer = std::string{id.writer}, .generation = id.generation}).first;
    }
    return last_->second;
}

bool Tally::has_all(const Manifest& manifest) const {
    return std::ranges::all_of(manifest, [this](const auto& written) {
        const auto file = files_.find(written.first);
        return written.second == 0 || (file != files_.end() && file->second.distinct >= written.second);
    });
}

Verdict Tally::judge(const Manifest& manifest) const {
    Verdict verdict{.files = {}, .total = {}, .corrupt = corrupt_, .samples = corrupt_samples_};
    for (const auto& [id, lines] : manifest) verdict.files[id].expected = lines;
    for (const auto& [id, file] : files_) {
        auto& counts = verdict.files[id];
        const auto known = std::min<std::uint64_t>(counts.expected, file.seen.size());
        const auto end = file.seen.begin() + static_cast<std::ptrdiff_t>(known);
        counts.received = static_cast<std::uint64_t>(std::count(file.seen.begin(), end, true));
        counts.foreign = file.distinct - counts.received;
        counts.duplicate = file.duplicate;
        counts.out_of_order = file.out_of_order;
    }
    for (auto& [id, counts] : verdict.files) {
        counts.missing = counts.expected - counts.received;
        verdict.total += counts;
        if (counts.missing > 0 && verdict.samples.size() < 2 * kSamplesMax) {
            const auto file = files_.find(id);
            verdict.samples.push_back(
                describe_gap(id, file == files_.end() ? std::vector<bool>{} : file->second.seen, counts.expected));
        }
    }
    return verdict;
}

}  // namespace judge
