#include "agent/shape/shaper.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "common/process/json_writer.h"

namespace agent::shape {

namespace {

constexpr std::size_t kAsItWas = std::numeric_limits<std::size_t>::max();

}  // namespace

base::Result<Shaper> Shaper::make(const config::PipelineConfig& config, ShaperContext context) {
    auto chain = process::Chain::make(config.processors, context.labels);
    if (!chain) {
        const auto& [processor, error] = chain.error().front();
        return base::fail("cannot make the processor {}: {}: {}", config.processors[processor].name, error.key,
                          error.message);
    }
    std::optional<process::Template> text;
    if (config.sink.encoding == config::Encoding::text) {
        auto parsed = process::Template::parse(config.sink.text, context.labels, process::Template::Scope::record);
        if (!parsed) return base::fail("cannot read the sink's template: {}", parsed.error().message);
        text = std::move(*parsed);
    }
    auto addresser = Addresser::make(config.sink, context.labels);
    if (!addresser) return std::unexpected(addresser.error());
    return Shaper(std::move(*chain), config.sink.encoding, std::move(text), std::move(*addresser), std::move(context));
}

Shaper::Shaper(process::Chain chain, config::Encoding encoding, std::optional<process::Template> text,
               std::optional<Addresser> addresser, ShaperContext context)
    : chain_(std::move(chain)),
      encoding_(encoding),
      template_(std::move(text)),
      addresser_(std::move(addresser)),
      context_(std::move(context)),
      dropped_(chain_.steps().size()),
      record_(std::make_unique<process::Record>()) {}

void describe(process::Record& record, const model::ContainerMark& mark) {
    if (mark.stream == model::Stream::none)
        return record.set_parse_error("container: this line is neither Docker's JSON nor CRI");
    record.set_time(mark.time);
    record.put("stream") = process::Value::of_text(mark.stream == model::Stream::out ? "stdout" : "stderr");
}

void Shaper::shape(model::Extent& extent, const std::string& path, const std::string& file_id,
                   const process::NamedTexts* fields) {
    const process::Origin origin{.host = context_.host,
                                 .pipeline = context_.pipeline,
                                 .path = path,
                                 .file_id = file_id,
                                 .labels = &context_.labels,
                                 .fields = fields};
    const auto now = std::chrono::system_clock::now();
    process::EnvelopeWriter envelope;
    std::string out;
    std::vector<std::size_t> places;  // in `out`, of each record that is kept
    places.reserve(extent.records.size());
    std::ranges::fill(dropped_, 0);
    if (addresser_) addresser_->begin(extent.texts, extent.records.size());

    std::size_t kept = 0;
    for (std::size_t at = 0; at < extent.records.size(); ++at) {
        const auto& record = extent.records[at];
        record_->begin(record.line(), record.begin.value, origin, now);
        if (!extent.marks.empty()) describe(*record_, extent.marks[at]);
        if (const auto by = chain_.process(*record_)) {
            ++dropped_[*by];
            extent.dropped.at(static_cast<std::size_t>(model::DropReason::processor)) += bytes_of(extent, at);
            continue;
        }
        if (addresser_) addresser_->append(extent.texts, *record_);  // before encode(), which may add a field
        if (!extent.marks.empty()) extent.marks[kept] = extent.marks[at];
        auto& as_sent = extent.records[kept++] = record;
        const bool is_as_it_was = encoding_ == config::Encoding::raw && record_->line().data() == as_sent.data;
        places.push_back(is_as_it_was ? kAsItWas : out.size());
        if (!is_as_it_was) {
            encode(*record_, envelope, out);
            as_sent.size = static_cast<std::uint32_t>(out.size() - places.back());
        }
    }
    extent.records.resize(kept);
    if (!extent.marks.empty()) extent.marks.resize(kept);
    extent.record_count = extent.unfinished = static_cast<std::uint32_t>(extent.records.size());
    const auto& arena = extent.arena.emplace_back(std::move(out));
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places[i] != kAsItWas) extent.records[i].data = arena.data() + places[i];
}

void Shaper::encode(process::Record& record, process::EnvelopeWriter& envelope, std::string& out) {
    switch (encoding_) {
        case config::Encoding::raw:
            out += record.line();
            break;
        case config::Encoding::json:
            envelope.append(out, record);
            break;
        case config::Encoding::fields:
            process::append_fields(out, record);
            break;
        case config::Encoding::text:
            template_->append(out, record);
            break;
    }
}

}  // namespace agent::shape
