#include "agent/app/try_command.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/app/exit_codes.h"
#include "agent/discover/container_fields.h"
#include "agent/read/reader.h"
#include "agent/shape/addresser.h"
#include "agent/shape/shaper.h"
#include "agent/split/framing.h"
#include "common/base/text.h"
#include "common/config/load.h"
#include "common/kafka/client_config.h"
#include "common/process/chain.h"
#include "common/process/json_writer.h"
#include "common/process/record_encoder.h"

namespace agent::app {

namespace {

using process::Chain;
using process::Record;
using process::Verdict;

// stdin as a file: the reader goes back in what it reads.
base::Result<base::UniqueFd> spool_stdin() {
    base::UniqueFd file(::memfd_create("stdin", MFD_CLOEXEC));
    if (!file) return base::fail("cannot keep stdin: {}", base::errno_text(errno));
    std::string chunk(read::kExtentBytesMax, '\0');
    while (true) {
        const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return base::fail("cannot read stdin: {}", base::errno_text(errno));
        if (got == 0) return file;
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = ::write(file.get(), chunk.data() + done, static_cast<std::size_t>(got - done));
            if (put < 0) return base::fail("cannot keep stdin: {}", base::errno_text(errno));
            done += put;
        }
    }
}

base::Result<base::UniqueFd> open_input(const std::string& file) {
    if (file.empty() || file == "-") return spool_stdin();
    base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return base::fail("cannot open {}: {}", file, base::errno_text(errno));
    struct stat about{};
    if (::fstat(fd.get(), &about) == 0 && S_ISDIR(about.st_mode))
        return base::fail("cannot read {}: it is a folder (name a file)", file);
    return fd;
}

void print(const std::string& line) {
    fmt::print("{}\n", line);
}

std::string show(Record& record) {
    std::string text = R"({"line":)";
    process::append_json_string(text, record.line());
    text += R"(,"fields":)";
    process::append_json(text, record.fields());
    return text += '}';
}

// One pipeline's records, one after the other.
class Trial {
 public:
    Trial(Chain chain, std::optional<shape::Addresser> addresser, process::Origin origin, bool trace)
        : chain_(std::move(chain)), addresser_(std::move(addresser)), origin_(origin), trace_(trace) {}

    void take(const model::Extent& extent) {
        for (std::size_t i = 0; i < extent.records.size(); ++i)
            take(extent.records[i], extent.marks.empty() ? nullptr : &extent.marks[i]);
    }
    void conclude() const {
        auto text = fmt::format("{} records, {} kept", records_, kept_);
        for (const auto& [processor, count] : dropped_) text += fmt::format(", {} dropped by {}", count, processor);
        fmt::print(stderr, "{}\n", text);
    }

 private:
    void take(const model::Record& record, const model::ContainerMark* mark) {
        ++records_;
        record_.begin(record.line(), record.begin.value, origin_, now_);
        if (mark) shape::describe(record_, *mark);
        const auto by = trace_ ? traced() : chain_.process(record_);
        if (by) {
            ++dropped_[chain_.steps()[*by].name];
            return;
        }
        ++kept_;
        std::string out;
        process::EnvelopeWriter().append(out, record_);
        if (addresser_) append_address(out);
        print(out);
    }

    // Topic and key, where the record decides; as members of the object that `out` ends with.
    void append_address(std::string& out) {
        model::RecordTexts texts;
        addresser_->begin(texts, 1);
        addresser_->append(texts, record_);
        out.pop_back();
        if (addresser_->fills_topic()) append_member(out, "topic", texts.at(0, model::RecordTexts::kTopic));
        if (addresser_->fills_key()) append_member(out, "key", texts.at(0, model::RecordTexts::kKey));
        out += '}';
    }

    static void append_member(std::string& out, std::string_view name, std::string_view value) {
        out += fmt::format(R"(,"{}":)", name);
        process::append_json_string(out, value);
    }

    std::optional<std::size_t> traced() {
        std::string before;
        return chain_.process(record_, [&](const Chain::Step& step, Record& record, std::optional<Verdict> verdict) {
            if (!verdict) {
                before = show(record);
                return;
            }
            std::string out = R"({"processor":)";
            process::append_json_string(out, step.name);
            out += R"(,"before":)" + before;
            if (*verdict == Verdict::keep)
                out += R"(,"after":)" + show(record);
            else
                out += fmt::format(R"(,"dropped":"{}")", step.processor->drop_reason());
            print(out + "}");
        });
    }

    Chain chain_;
    std::optional<shape::Addresser> addresser_;
    process::Origin origin_;
    bool trace_;
    Record record_;
    std::chrono::system_clock::time_point now_ = std::chrono::system_clock::now();
    std::uint64_t records_ = 0;
    std::uint64_t kept_ = 0;
    std::map<std::string, std::uint64_t> dropped_;
};

base::Result<void> run(read::Reader& reader, const split::Framing& framing, Trial& trial) {
    read::BufferPool pool(read::kReadBytes, 1);
    while (true) {
        auto read = reader.read(pool);
        if (read.status == read::ReadStatus::again) continue;
        if (read.status == read::ReadStatus::at_end) read = reader.read_partial_line(pool);
        if (read.status == read::ReadStatus::at_end) return {};
        if (read.status != read::ReadStatus::extent)
            return base::fail("cannot read on: {}", read.status == read::ReadStatus::failed
                                                        ? base::errno_text(read.error)
                                                        : "the file was truncated");
        auto& extent = *read.extent;
        const auto end = extent.end;
        const bool is_all = read.drained || extent.form != model::ExtentForm::lines;
        split::frame(extent, framing, is_all ? split::kNothingFollows : extent.begin + read.looked_at);
        trial.take(extent);
        if (extent.end != end) reader.go_back(extent, extent.end, extent.end == extent.begin ? 2 * read.looked_at : 0);
    }
}

base::Result<config::PipelineConfig> find_pipeline(const config::Config& config, const std::string& name) {
    std::vector<std::string> known;
    for (const auto& one : config.pipelines) {
        if (one.name == name) return one;
        known.push_back(one.name);
    }
    return base::fail("no pipeline is named {} (there are: {})", base::quote(name), fmt::join(known, ", "));
}

// What is known of it, and said where that is not all, or where the pipeline would not follow it.
discover::Fields fields_of_container(const config::FileSourceConfig& source, const std::string& file) {
    if (source.type != config::SourceType::container || file.empty() || file == "-") return nullptr;
    std::error_code error;
    const auto path = std::filesystem::absolute(file, error).string();
    const auto container = discover::container_fields(path, std::filesystem::canonical(file, error).string());
    if (!container.trouble.empty())
        fmt::print(stderr, "venus-agent: container is not known by its name: {}\n", container.trouble);
    if (source.where.empty() || !container.trouble.empty()) return container.fields;
    const auto where = process::Condition::parse(source.where);
    if (where && !discover::is_of_chosen_container(*where, path, container.fields.get()))
        fmt::print(stderr, "venus-agent: where does not choose this container: `run` leaves its log alone\n");
    return container.fields;
}

base::Result<void> try_config(const config::Config& config, const TryOptions& options) {
    const auto pipeline = find_pipeline(config, options.pipeline);
    if (!pipeline) return std::unexpected(pipeline.error());
    auto input = open_input(options.file);
    if (!input) return std::unexpected(input.error());
    auto chain = Chain::make(pipeline->processors, config.agent.labels);
    if (!chain) return base::fail("{}", chain.error().front().error.message);  // which the config was checked for
    auto addresser = shape::Addresser::make(pipeline->sink, config.agent.labels);
    if (!addresser) return std::unexpected(addresser.error());
    const auto framing = split::Framing::make(pipeline->source);
    if (!framing) return std::unexpected(framing.error());
    const std::string path = options.file.empty() ? "-" : options.file;
    const auto fields = fields_of_container(pipeline->source, options.file);
    Trial trial(std::move(*chain), std::move(*addresser),
                {.host = config.agent.name,
                 .pipeline = pipeline->name,
                 .path = path,
                 .file_id = "try",
                 .labels = &config.agent.labels,
                 .fields = fields.get()},
                options.trace);
    read::Reader reader(std::make_shared<const base::UniqueFd>(std::move(*input)), framing->line_limit,
                        framing->encoding);
    const auto done = run(reader, *framing, trial);
    if (done) trial.conclude();
    return done;
}

}  // namespace

int try_pipeline(const TryOptions& options) {
    const auto config = config::load(options.config_file, kafka::check_property);
    if (!config) {
        for (const auto& problem : config.error())
            fmt::print(stderr, "{}\n", config::show(problem, options.config_file.string()));
        return kExitBadConfig;
    }
    const auto done = try_config(*config, options);
    if (done) return kExitOk;
    fmt::print(stderr, "venus-agent: {}\n", done.error().message);
    return kExitBadConfig;
}

}  // namespace agent::app
