#include "agent/split/record_joiner.h"

namespace agent::split {

using model::Extent;
using model::Record;
using process::RecordState;

namespace {

constexpr std::uint64_t kLineEndingBytesMax = 2;  // "\r\n"

// Of an extent of complete lines, where a long line may have become pieces, or lost its rest.
bool begins_a_line(const Extent& extent, const Record& record) {
    return record.data == extent.bytes.data() || record.data[-1] == '\n';
}

bool ends_a_line(const Record& record) {
    const auto ending = record.end - record.begin - record.size;
    return (ending == 1 && record.data[record.size] == '\n') || (ending == 2 && record.data[record.size] == '\r');
}

}  // namespace

// The record that lines are added to.
class RecordJoiner::Joining {
 public:
    Joining(const Extent& extent, const RecordJoiner& joiner) : extent_(extent), joiner_(joiner) {}

    void begin(Record& record) {
        record_ = &record;
        lines_ = 1;
        state_ = ends_a_line(record) ? joiner_.multiline_.begin(record.line()) : RecordState::closed;
    }

    bool add(const Record& line) {
        if (!may_go_on() || line.begin != record_->end || !begins_a_line(extent_, line) || !ends_a_line(line))
            return false;
        const auto size = static_cast<std::uint64_t>(line.data - record_->data) + line.size;
        if (size > joiner_.limit_.bytes_max || !joiner_.multiline_.goes_on(state_, line.line())) return false;
        record_->size = static_cast<std::uint32_t>(size);
        record_->end = line.end;
        ++lines_;
        return true;
    }

    bool may_go_on() const { return state_ != RecordState::closed && lines_ < joiner_.limit_.lines_max; }

 private:
    const Extent& extent_;
    const RecordJoiner& joiner_;
    Record* record_ = nullptr;
    std::uint64_t lines_ = 0;
    RecordState state_ = RecordState::closed;
};

void RecordJoiner::join(Extent& extent, model::FileOffset seen) const {
    if (extent.form != model::ExtentForm::lines || extent.records.empty()) return;
    Joining joining(extent, *this);
    auto record = extent.records.begin();
    joining.begin(*record);
    for (auto line = record + 1; line != extent.records.end(); ++line) {
        if (joining.add(*line)) continue;
        *++record = *line;
        joining.begin(*record);
    }
    const bool has_room = seen - record->begin < limit_.bytes_max + kLineEndingBytesMax;
    // Behind a long line that was skipped nothing goes on.
    const bool is_cut_off = joining.may_go_on() && has_room && record->end == extent.end;
    if (is_cut_off) extent.end = record->begin;
    extent.records.erase(is_cut_off ? record : record + 1, extent.records.end());
}

}  // namespace agent::split
