// Brings records to the judge: from every partition of Kafka topics, or from files as the file sink writes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace judge {

struct ConsumeOptions {
    std::string brokers;
    std::vector<std::string> topics;
    std::map<std::string, std::string> properties;
    std::chrono::milliseconds timeout{60'000};
    std::chrono::milliseconds poll{100};
};

// `take` is called for each record, from the beginning of each partition; after each poll `finished` says whether it is
// enough. Returns at the latest after `timeout`. Errors: the topic or the brokers stay unknown until then.
std::expected<void, std::string> consume(const ConsumeOptions& options,
                                         const std::function<void(std::string_view)>& take,
                                         const std::function<bool()>& finished);

// Every line of the file; a last one without its ending counts too, it will be found to be corrupt if it was cut.
std::expected<void, std::string> read_lines(const std::filesystem::path& path,
                                            const std::function<void(std::string_view)>& take);

}  // namespace judge
